import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { comesToHold } from '../http2/subject.ts';
import { adminClient } from '../system/admin.ts';
import { BODY_KINDS, bodyTraffic, partyTraffic } from './body-clients.ts';
import {
  callTraffic,
  eventTraffic,
  http2Traffic,
  keepAliveTraffic,
  messageTraffic,
  type MixedAddress,
  uploadTraffic,
} from './clients.ts';
import { LiveCertificate } from './live-certificate.ts';
import { type MixedApis, startMixedApis } from './mixed-apis.ts';
import type { Traffic } from './traffic.ts';

const RELOADS = 20;
const REQUESTS = 10_000;
const FLAT_OUT_MS = 200;

let folder: string;
let apis: MixedApis;
let certificate: LiveCertificate;
let gateway: GatewayProcess;

/** Each turn leads to another configuration: another limit, and a route that only it has. */
function configurationOf(turn: number): string {
  return `version: 1
server:
  host: 127.0.0.1
  https: { port: 0, certificate: ${certificate.setting} }
  http: { port: 0 }
  threads: 2
admin: { port: 0 }
data: ./data
apis:
${apis.lines({ route: `GET /turn-${turn}`, keys: `    body: ${turn + 1}MiB\n` })}`;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-mixed-'));
  apis = await startMixedApis();
  certificate = await LiveCertificate.make(folder);
  gateway = await startGateway(configurationOf(0), { beside: apis.beside, environment: apis.environment });
});

after(async () => {
  await gateway.stop();
  await apis.stop();
  await rm(folder, { recursive: true, force: true });
});

test('of ten thousand requests of all protocols, with bodies of all kinds, none fails and nothing bad passes over twenty reloads and as many new certificates', async () => {
  const address: MixedAddress = { port: gateway.https, ca: certificate.ca };
  const kinds: readonly Traffic[] = [
    keepAliveTraffic(address, 4),
    http2Traffic(address, 8),
    uploadTraffic(address, 3),
    eventTraffic(address, 3),
    messageTraffic(address, 4),
    callTraffic(address, 4),
    ...BODY_KINDS.map((kind) => bodyTraffic(kind, address, 1)),
    partyTraffic({ port: gateway.egress }, 2),
  ];
  const admin = await adminClient(gateway);
  for (let turn = 1; turn <= RELOADS; turn++) {
    await certificate.rotate();
    await writeFile(join(gateway.folder, 'portcullis.yaml'), configurationOf(turn));
    const reloaded = await admin.reload();
    assert.ok(reloaded.ok, JSON.stringify(reloaded));
    const wanted = (REQUESTS / RELOADS) * turn;
    const enough = (): Promise<boolean> => Promise.resolve(total(kinds) >= wanted);
    assert.ok(await comesToHold(enough, 60_000), `${total(kinds)} requests after ${turn} reloads`);
    await pause(FLAT_OUT_MS);
  }
  const counts = await Promise.all(kinds.map((kind) => kind.stop()));
  assert.deepEqual(
    counts.flatMap(({ kind, failures }) => failures.map((failure) => `${kind}: ${failure}`)),
    [],
  );
  assert.ok(total(kinds) >= REQUESTS);
  for (const { kind, right } of counts) assert.ok(right > 0, kind);
});

function total(kinds: readonly Traffic[]): number {
  return kinds.reduce((sum, { right }) => sum + right, 0);
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
