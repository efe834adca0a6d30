import assert from 'node:assert/strict';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { type GatewayExtras, type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { type Outcome, run, start } from './command.ts';
import { until } from './eventually.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

/** At most the last 50 ms may be lost when the process is killed; a machine under test load gets ten times as long. */
const LOST_MS = 500;

let upstream: LocalServer;

before(async () => {
  upstream = await startLocalServer((_request, reply) => void reply.end('answered'));
});

after(() => upstream.stop());

interface Shown {
  readonly rows: readonly {
    readonly kind: string;
    readonly id?: string;
    readonly action?: string;
    readonly completion?: unknown;
  }[];
  readonly chain: { readonly breaks: readonly unknown[]; readonly segments: number };
}

async function gatewayFor(t: TestContext, extras: GatewayExtras = {}): Promise<GatewayProcess> {
  const gateway = await startGateway(configuration(upstream.port), extras);
  t.after(() => gateway.stop());
  return gateway;
}

const data = ({ folder }: GatewayProcess): string => join(folder, 'data');
const audit = (gateway: GatewayProcess, ...more: string[]): Promise<Outcome> =>
  run('node', [PROGRAM, 'audit', 'show', '--data', data(gateway), ...more]);

async function shown(gateway: GatewayProcess, ...more: string[]): Promise<Shown> {
  const said = await audit(gateway, '--json', ...more);
  assert.equal(said.code, 0, said.stdout.slice(-2_000) + said.stderr);
  return JSON.parse(said.stdout) as Shown;
}

async function status({ https, ca }: GatewayProcess): Promise<number> {
  return (await ask({ port: https, ca, path: '/first' })).status;
}

/** The gateway itself, not the launcher before it. */
async function killGateway(gateway: GatewayProcess): Promise<void> {
  process.kill(Number(await readFile(join(data(gateway), 'lock.pid'), 'utf8')), 'SIGKILL');
}

test('a gateway that is killed under load has recorded every request it answered, but for the last moment', async (t) => {
  const gateway = await gatewayFor(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: gateway.ca, servername: 'localhost' });
  t.after(() => agent.destroy());
  const answered = new Map<string, number>();
  const over = new AbortController();
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const headers = { host: 'localhost', authorization: 'Bearer secret-of-a-client', cookie: 'secret-of-a-browser' };
      const method = 'GET';
      const sent = request(
        { host: '127.0.0.1', port: gateway.https, path: '/first?q=secret-of-a-query', method, headers, agent },
        (reply) => {
          answered.set(String(reply.headers['x-request-id']), performance.now());
          reply.resume().once('close', resolve);
        },
      );
      sent.once('error', () => resolve());
      sent.end();
    });
  const load = Array.from({ length: 16 }, async () => {
    while (!over.signal.aborted) await once();
  });
  await until('enough was answered', () => Promise.resolve(answered.size > 1_000));
  await killGateway(gateway);
  const killedAt = performance.now();
  over.abort();
  await Promise.all(load);
  const { rows, chain } = await shown(gateway, '--last', '100000');
  assert.deepEqual(chain.breaks, []);
  const recorded = new Set(rows.map(({ id }) => id));
  const missing = [...answered].filter(([id, at]) => !recorded.has(id) && killedAt - at > LOST_MS);
  assert.deepEqual(missing, []);
  assert.ok(rows.filter(({ kind, completion }) => kind === 'request' && completion !== null).length > 500);
  for (const name of await readdir(join(data(gateway), 'ledger'))) {
    assert.ok(!(await readFile(join(data(gateway), 'ledger', name), 'latin1')).includes('secret-of'), name);
  }
});

test('a gateway that is killed goes on in the same ledger, and an orderly stop is recorded', async (t) => {
  const gateway = await gatewayFor(t);
  assert.equal(await status(gateway), 200);
  await until('it is written', async () => (await shown(gateway)).rows.some(({ kind }) => kind === 'request'));
  await killGateway(gateway);
  const file = join(gateway.folder, 'portcullis.yaml');
  for (const signal of ['SIGTERM', 'SIGTERM'] as const) {
    await until('the folder is free', async () => {
      const next = start('node', [PROGRAM, 'start', '--json', '--config', file]);
      const [line] = await next.printed(/\{.*\}/).catch(() => ['']);
      next.child.kill(signal);
      await next.outcome;
      return line.includes('"ready"');
    });
  }
  const { rows, chain } = await shown(gateway, '--last', '1000');
  assert.deepEqual(chain.breaks, []);
  const actions = rows.filter(({ kind }) => kind === 'change').map(({ action }) => action);
  const orderly = ['configuration.install', 'gateway.start', 'gateway.stop'];
  assert.deepEqual(actions, ['configuration.install', 'gateway.start', ...orderly, ...orderly]);
});

test('a gateway whose data folder goes answers 503 until it is back, and loses nothing', async (t) => {
  const gateway = await gatewayFor(t);
  assert.equal(await status(gateway), 200);
  await rename(data(gateway), `${data(gateway)}-away`);
  await until('requests are refused', async () => (await status(gateway)) === 503);
  const refused = await ask({ port: gateway.https, ca: gateway.ca, path: '/first' });
  assert.equal((JSON.parse(refused.body) as { code: string }).code, 'not-recorded');
  await rename(`${data(gateway)}-away`, data(gateway));
  await until('requests are answered', async () => (await status(gateway)) === 200);
  const { rows, chain } = await shown(gateway, '--last', '1000');
  assert.deepEqual(chain.breaks, []);
  assert.equal(chain.segments, 2);
  assert.ok(rows.length > 3);
});

test('a gateway without space on its disk starts, says so, and answers 503', async (t) => {
  // The kernel's own limit on the size of a file stands in for a full disk.
  const gateway = await gatewayFor(t, { before: ['/bin/sh', '-c', 'ulimit -f 2400; exec "$0" "$@"'] });
  assert.equal(await status(gateway), 503);
  const alerts = await askAdmin(gateway, '/v1/alerts');
  const raised = (JSON.parse(alerts.body) as { kind: string; severity: string }[]).filter(
    ({ kind }) => kind === 'ledger.fault',
  );
  assert.deepEqual(
    raised.map(({ severity }) => severity),
    ['critical'],
  );
});

test('a ledger that was tampered with is found out by `audit show`', async (t) => {
  const gateway = await gatewayFor(t);
  assert.equal(await status(gateway), 200);
  await until('it is written', async () => (await shown(gateway)).rows.some(({ kind }) => kind === 'request'));
  await killGateway(gateway);
  const path = join(data(gateway), 'ledger', '000000000001.log');
  const text = await readFile(path, 'latin1');
  await writeFile(path, text.replace('"verdict":"pass"', '"verdict":"deny"'), 'latin1');
  // Which record it is depends on who wrote first: the gateway's own start or the request.
  const before = text.slice(0, text.indexOf('"verdict":"pass"'));
  const blocks = [...before.matchAll(/^\{"block":\{"first":\d+,"last":(\d+)\}/gm)];
  const said = await audit(gateway);
  assert.equal(said.code, 1);
  const behind = Number(blocks.at(-1)?.[1] ?? 0);
  const told = `the chain is broken in 000000000001.log behind record ${behind}: its hash does not fit`;
  assert.ok(said.stdout.includes(told), said.stdout);
});
