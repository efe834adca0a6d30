import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAdminClient } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { descriptorSet } from '../system/grpc-fixture.ts';
import { comesToHold } from '../http2/subject.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import {
  callTraffic,
  eventTraffic,
  http2Traffic,
  keepAliveTraffic,
  messageTraffic,
  type MixedAddress,
  uploadTraffic,
} from './clients.ts';
import { startGrpcOrigin } from './grpc-origin.ts';
import { MixedOrigin } from './origin.ts';
import type { Traffic } from './traffic.ts';

const RELOADS = 20;
const REQUESTS = 10_000;
const FLAT_OUT_MS = 200;

let folder: string;
let origin: MixedOrigin;
let calls: Awaited<ReturnType<typeof startGrpcOrigin>>;
let authority: TestAuthority;
let gateway: GatewayProcess;

/** Each turn leads to another configuration: another limit, and a route that only it has. */
function configurationOf(turn: number): string {
  return `version: 1
server:
  host: 127.0.0.1
  https: { port: 0, certificate: { cert: ${join(folder, 'live.pem')}, key: ${join(folder, 'live.key')} } }
  http: { port: 0 }
  threads: 2
admin: { port: 0 }
data: ./data
apis:
  mixed:
    routes: ['POST /echo', 'GET /events', 'GET /chat', 'GET /turn-${turn}']
    upstream: 'http://127.0.0.1:${origin.port}'
    auth: public
    body: ${turn + 1}MiB
    operations: { 'GET /chat': { websocket: on } }
  calls: { descriptors: ./echo.binpb, upstream: 'http://127.0.0.1:${calls.port}', auth: public }
`;
}

/** Puts a new certificate in the place of the present one, whole and at once. */
async function rotate(): Promise<void> {
  const { certificate, key } = await authority.issue();
  await writeFile(join(folder, 'next.key'), key, { mode: 0o600 });
  await writeFile(join(folder, 'next.pem'), certificate);
  await rename(join(folder, 'next.key'), join(folder, 'live.key'));
  await rename(join(folder, 'next.pem'), join(folder, 'live.pem'));
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-mixed-'));
  origin = await MixedOrigin.start();
  calls = await startGrpcOrigin();
  authority = await makeAuthority();
  await rotate();
  gateway = await startGateway(configurationOf(0), { beside: { 'echo.binpb': descriptorSet() } });
});

after(async () => {
  await gateway.stop();
  await origin.stop();
  calls.stop();
  await rm(folder, { recursive: true, force: true });
});

test('of ten thousand requests of all protocols none fails over twenty reloads and as many new certificates', async () => {
  const address: MixedAddress = { port: gateway.https, ca: authority.ca };
  const kinds: readonly Traffic[] = [
    keepAliveTraffic(address, 4),
    http2Traffic(address, 8),
    uploadTraffic(address, 3),
    eventTraffic(address, 3),
    messageTraffic(address, 4),
    callTraffic(address, 4),
  ];
  const key = (await readFile(join(gateway.folder, 'data', 'admin.key'), 'utf8')).trim();
  const admin = createAdminClient({ host: '127.0.0.1', port: gateway.admin, caPem: gateway.ca, key });
  for (let turn = 1; turn <= RELOADS; turn++) {
    await rotate();
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
