import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'node:tls';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { skipOrFail } from '../system/skip.ts';
import { writeHook } from './dns-hook.ts';
import { findPebble, type Pebble, type PebbleOptions, startPebble } from './pebble.ts';
import { freePorts } from '../framing/free-port.ts';

const PATIENCE_MS = 40_000;
const HOSTS = ['one.acme.example', 'two.acme.example'];

/** The certificate that is served for a host. */
function served(port: number, servername: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw));
    });
    socket.on('error', reject);
  });
}

async function until(what: string, happened: () => Promise<boolean>, said: () => string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await happened())) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen\n${said()}`);
    await setTimeout(100);
  }
}

interface Given {
  readonly acme?: string | ((pebble: Pebble) => Promise<string>);
  readonly threads?: number;
  readonly http?: boolean;
  readonly pebble?: Partial<PebbleOptions>;
  /** Its data folder, where it is to outlive the gateway. */
  readonly data?: string;
}

interface Started {
  readonly pebble: Pebble;
  readonly gateway: GatewayProcess;
  readonly said: () => string;
  /** Another start with the same configuration. */
  again(): Promise<GatewayProcess>;
}

/** A gateway whose certificates come from Pebble, or null where there is no Pebble. */
async function start(t: TestContext, given: Given = {}): Promise<Started | null> {
  const programs = await findPebble();
  if (programs === null) {
    skipOrFail(t, 'neither pebble nor a Go that builds it (1.24 or later) is installed');
    return null;
  }
  const [https, http] = await freePorts(2);
  const ports = { httpPort: http as number, tlsPort: https as number };
  const pebble = await startPebble(programs, { ...ports, ...given.pebble });
  t.after(() => pebble.stop());
  const apis = HOSTS.map(
    (host, at) => `  api${at}: { host: ${host}, routes: ['GET /'], upstream: 'http://127.0.0.1:9', auth: public }`,
  );
  const more = typeof given.acme === 'function' ? await given.acme(pebble) : (given.acme ?? '');
  const plain = given.http === false ? 'off' : `{ port: ${http} }`;
  const configuration = `version: 1
server:
  threads: ${given.threads ?? 1}
  https:
    port: ${https}
    certificate: { acme: { email: ops@acme.example, directory: '${pebble.directory}', ca: ./ca.pem, ${more} } }
  http: ${plain}
admin: { port: 0 }
data: ${given.data ?? './data'}
apis:
${apis.join('\n')}
`;
  const again = async (): Promise<GatewayProcess> => {
    const extras = { beside: { 'ca.pem': pebble.caPem }, environment: { EAB_KEY } };
    const started = await startGateway(configuration, extras);
    t.after(() => started.stop());
    return started;
  };
  const gateway = await again();
  return { pebble, gateway, said: () => `${gateway.said()}\n${pebble.said()}`, again };
}

const EAB_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

async function allIssued(gateway: GatewayProcess, said: () => string): Promise<void> {
  for (const host of HOSTS) {
    const issued = async (): Promise<boolean> =>
      (await served(gateway.https, host)).issuer?.includes('Pebble') ?? false;
    await until(`a certificate for ${host}`, issued, said);
    assert.match((await served(gateway.https, host)).subjectAltName ?? '', new RegExp(`DNS:${host}`));
  }
}

for (const challenge of ['auto', 'http-01', 'tls-alpn-01']) {
  test(`a gateway gets a certificate for each of its hosts by ${challenge}, over several threads`, async (t) => {
    const started = await start(t, { acme: `challenge: ${challenge}`, threads: 4 });
    if (started === null) return;
    await allIssued(started.gateway, started.said);
  });
}

test('an account is bound to one that the operator has, and a CA that refuses every fifth nonce is no obstacle', async (t) => {
  const started = await start(t, {
    acme: "eab: { id: kid-1, key: '${env:EAB_KEY}' }, profile: shortlived",
    http: false,
    pebble: { externalKeys: { 'kid-1': EAB_KEY }, nonceRejections: 20 },
  });
  if (started === null) return;
  await allIssued(started.gateway, started.said);
  const certificate = await served(started.gateway.https, HOSTS[0] as string);
  const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 86_400_000;
  assert.ok(days < 7, `${days}`);
});

test('what was issued is kept over a restart, and renewed at once when the CA wants it gone', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-acme-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const started = await start(t, { data });
  if (started === null) return;
  if (!started.pebble.suggests) {
    skipOrFail(t, 'this Pebble knows no renewal information');
    return;
  }
  await allIssued(started.gateway, started.said);
  const [one, two] = await Promise.all(HOSTS.map((host) => served(started.gateway.https, host)));
  await started.gateway.stop();
  const window = { start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' };
  await started.pebble.suggest((one as X509Certificate).toString(), JSON.stringify({ suggestedWindow: window }));
  await started.pebble.suggest((two as X509Certificate).toString(), 'nothing of the kind');
  const gateway = await started.again();
  // Served from the start on: it was kept.
  assert.equal((await served(gateway.https, HOSTS[1] as string)).serialNumber, two?.serialNumber);
  const renewed = async (): Promise<boolean> =>
    (await served(gateway.https, HOSTS[0] as string)).serialNumber !== one?.serialNumber;
  await until('a renewal', renewed, () => `${gateway.said()}\n${started.pebble.said()}`);
  assert.equal((await served(gateway.https, HOSTS[1] as string)).serialNumber, two?.serialNumber);
});

test('a wildcard is certified by a hook that tells the DNS, and is served for the hosts below it', async (t) => {
  const calls: string[] = [];
  const started = await start(t, {
    acme: async ({ dnsUrl }) => {
      const hook = await writeHook(t, dnsUrl);
      calls.push(join(hook.folder, 'calls'));
      return `challenge: { dns-01: { hook: ${hook.path}, settle: 0s } }, names: ['*.acme.example']`;
    },
    http: false,
  });
  if (started === null) return;
  const { gateway, said } = started;
  const issued = async (): Promise<boolean> =>
    (await served(gateway.https, HOSTS[0] as string)).issuer?.includes('Pebble') ?? false;
  await until('a certificate for the wildcard', issued, said);
  const [one, two] = await Promise.all(HOSTS.map((host) => served(gateway.https, host)));
  assert.equal(one?.subjectAltName, 'DNS:*.acme.example');
  assert.equal(two?.serialNumber, one?.serialNumber);
  const called = async (): Promise<string[]> => (await readFile(calls[0] as string, 'utf8')).trim().split('\n');
  await until('a clean-up', async () => (await called()).length === 2, said);
  const actions = (await called()).map((line) => line.split(' ').slice(0, 2).join(' '));
  assert.deepEqual(actions, ['present _acme-challenge.acme.example', 'cleanup _acme-challenge.acme.example']);
});
