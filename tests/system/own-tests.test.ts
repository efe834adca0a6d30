import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;

/** One route more, with a condition; its test expects `expected` of a request that the condition refuses. */
const tested = (name: string, expected: string | number): string =>
  `${configuration(upstream.port, {
    apis: `  ${name}:
    routes: ['GET /${name}/{id}']
    upstream: '${upstream.url}'
    auth: public
    operations: { 'GET /${name}/{id}': { rules: ['int(request.params.id) < 10'] } }
`,
  })}tests:
  - { do: GET /${name}/7, expect: pass }
  - { do: GET /${name}/12, expect: ${expected} }
`;

before(async () => {
  upstream = await startLocalServer((request, reply) => void reply.end(`answered ${request.url}`));
  gateway = await startGateway(tested('one', 'rule-not-met'));
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

const file = (): string => join(gateway.folder, 'portcullis.yaml');
const get = (path: string): Promise<Reply> => ask({ port: gateway.https, ca: gateway.ca, path });
const statusOf = async (path: string): Promise<number> => (await get(path)).status;
const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);
const status = async (): Promise<string> => (await askAdmin(gateway, '/v1/status', { method: 'GET' })).body;

test('a configuration whose tests pass is put in force, and is ready', async () => {
  assert.deepEqual([await statusOf('/one/7'), await statusOf('/one/12')], [200, 400]);
  assert.equal((await askAdmin(gateway, '/readyz', { method: 'GET' })).status, 200);
});

test('a reload with a failing test is refused with its line, what was expected and what came, and the old one serves on', async () => {
  await writeFile(file(), tested('two', 'pass'));
  const refused = await command('reload');
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /portcullis\.yaml:\d+:\d+ error tests\[1\]\n +the test GET \/two\/12 failed: expected pass, came 400 rule-not-met/,
  );
  assert.deepEqual([await statusOf('/two/7'), await statusOf('/one/7')], [404, 200]);
  assert.match(await status(), /the test GET \/two\/12 failed: expected pass, came 400 rule-not-met/);
  assert.match((await command('status')).stdout, /GET \/two\/12 failed/);
  assert.match(gateway.said(), /the test GET \/two\/12 failed/);
});

test('a file that is changed is tested too, whoever changes it and by whatever signal it is read', async () => {
  const before = gateway.said().length;
  await writeFile(file(), tested('three', 404));
  process.kill(gateway.pid, 'SIGHUP');
  await until('the refusal is told', () =>
    Promise.resolve(gateway.said().slice(before).includes('GET /three/12 failed')),
  );
  assert.deepEqual([await statusOf('/three/7'), await statusOf('/one/7')], [404, 200]);
  await writeFile(file(), tested('three', 400));
  await until('the new file is in force', async () => (await statusOf('/three/7')) === 200);
});

test('apply says which test failed, and changes neither the file nor what is in force', async () => {
  const stood = await readFile(file(), 'utf8');
  await writeFile(join(gateway.folder, 'next.yaml'), tested('four', 403));
  const refused = await command('apply', join(gateway.folder, 'next.yaml'));
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /next\.yaml:\d+:\d+ error tests\[1\]\n +the test GET \/four\/12 failed: expected 403/);
  assert.equal(await readFile(file(), 'utf8'), stood);
  assert.deepEqual([await statusOf('/four/7'), await statusOf('/three/7')], [404, 200]);
});

test('rollback goes through the tests of the text that it goes back to', async () => {
  const passing = tested('five', 400);
  const applied = await askAdmin(gateway, '/v1/configuration', {
    method: 'POST',
    body: passing,
    headers: { 'content-length': String(Buffer.byteLength(passing)) },
  });
  assert.equal(applied.status, 200, applied.body);
  assert.equal((await command('rollback')).code, 0);
  assert.deepEqual([await statusOf('/five/7'), await statusOf('/three/7')], [404, 200]);
});

test('a gateway whose first configuration fails a test of its own does not open, and says which', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-tests-'));
  try {
    const first = join(folder, 'portcullis.yaml');
    await writeFile(first, tested('six', 'pass'));
    const ended = await run('node', [PROGRAM, 'start', '--config', first]);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /portcullis\.yaml:\d+:\d+/);
    assert.match(ended.stderr, /the test GET \/six\/12 failed: expected pass, came 400 rule-not-met/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
