import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { ok } from '../../src/base/index.ts';
import { ORIGINAL_LIFE_MS } from '../../src/control/index.ts';
import type { GatewayNode } from '../../src/main/node-options.ts';
import { adminClient } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { startedNode } from './node.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

const WORDS = 'the-words-of-the-upstream';
const SECRET = 'hunter2-of-the-upstream';
const TRACE = `Error: ${WORDS}, password=${SECRET}\n    at find (/srv/app/orders.js:3:7)\n`;

let upstream: LocalServer;

before(async () => {
  upstream = await startLocalServer((_request, reply) => {
    reply.writeHead(500, { 'content-type': 'text/plain', 'set-cookie': `sid=${SECRET}`, 'x-from': WORDS });
    reply.end(TRACE);
  });
});

after(() => upstream.stop());

/** The time of the control side goes so far ahead. */
let aheadMs = 0;

function startIn(folder: string): Promise<GatewayNode> {
  const server = '{ threads: 1, https: { port: 0, certificate: local }, http: { port: 0 } }';
  return startedNode(folder, configuration(upstream.port, { server }), ({ clock }) => ({
    clock: {
      now: () => clock.now() + aheadMs,
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      every: (periodMs, callback) => clock.every(periodMs, callback),
    },
  }));
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-errors-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const errors = (folder: string, ...argv: readonly string[]): Promise<Outcome> =>
  run('node', [PROGRAM, 'errors', ...argv, '--data', join(folder, 'data')]);

interface Shown {
  readonly status: number;
  readonly ledger: string;
  readonly original: { readonly body: string; readonly fields: readonly (readonly string[])[] };
}

/** What is shown of a request once the ledger has it as well, and how the command ended. */
async function shown(folder: string, id: string): Promise<Shown> {
  let last: Outcome | null = null;
  await until('it is kept and recorded', async () => {
    last = await errors(folder, 'show', id, '--json');
    return last.code === 0 && last.stdout.includes('"proved"');
  });
  return JSON.parse((last as Outcome | null)?.stdout ?? '') as Shown;
}

async function askFirst(node: GatewayNode): Promise<Reply> {
  const ca = await readFile(node.caFile, 'utf8');
  return await ask({ port: node.ports.https, ca, path: '/first' });
}

/** What lies in the data folder, each file as it is. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true });
  const paths = found.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'latin1')] as const)));
}

test('an original is found by the id of the reply, proved, without secrets, after a restart and for seven days', async (t) => {
  const folder = await folderFor(t);
  let node = await startIn(folder);
  t.after(() => node.stop());
  const reply = await askFirst(node);
  assert.equal(reply.status, 500);
  const problem = { type: 'urn:portcullis:problem:upstream-error', title: 'Upstream error', status: 500 };
  const instance = `urn:uuid:${String(reply.headers['x-request-id'])}`;
  assert.deepEqual(JSON.parse(reply.body), { ...problem, code: 'upstream-error', instance });
  const id = String(reply.headers['x-request-id']);

  const original = await shown(folder, id);
  assert.equal(original.status, 500);
  assert.ok(
    original.original.body.startsWith(`Error: ${WORDS}, password=[masked]\n    at find (/srv/app/orders.js:3:7)`),
  );
  assert.deepEqual(
    original.original.fields.filter(([name]) => name === 'set-cookie' || name === 'x-from'),
    [
      ['set-cookie', '[masked]'],
      ['x-from', WORDS],
    ],
  );
  const listed = JSON.parse((await errors(folder, 'list', '--json')).stdout) as { errors: readonly { id: string }[] };
  assert.deepEqual(
    listed.errors.map((each) => each.id),
    [id],
  );

  await node.stop();
  const files = await filesIn(folder);
  assert.ok(files.size > 3 && [...files.keys()].some((path) => path.includes('ledger')), [...files.keys()].join(' '));
  for (const [path, text] of files) {
    assert.ok(!text.includes(WORDS) && !text.includes(SECRET) && !text.includes('orders.js'), path);
  }

  node = await startIn(folder);
  assert.equal((await shown(folder, id)).ledger, 'proved');
  aheadMs = ORIGINAL_LIFE_MS;
  t.after(() => void (aheadMs = 0));
  assert.equal((await errors(folder, 'show', id)).code, 1);
  const ca = await readFile(node.caFile, 'utf8');
  const client = await adminClient({ admin: node.ports.admin, ca, folder });
  assert.deepEqual(await client.upstreamErrors(), ok([]));
});
