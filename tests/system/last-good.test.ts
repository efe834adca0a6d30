import assert from 'node:assert/strict';
import { readFile, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { ok } from '../../src/base/index.ts';
import type { GatewayNode } from '../../src/main/node-options.ts';
import { askAdmin } from './admin.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { startedNode, tryNode } from './node.ts';

const DOCUMENT =
  '{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/pets":{"get":{"responses":{"200":{"description":"ok"}}}}}}';

let outside: LocalServer;
let isUp = true;

before(async () => {
  outside = await startLocalServer((request, reply) => {
    if (request.url === '/openapi.json' && !isUp) reply.statusCode = 503;
    reply.end(request.url === '/openapi.json' ? DOCUMENT : `answered ${request.url}`);
  });
});

after(() => outside.stop());

const text = (more = ''): string => `version: 1
server: { threads: 1, https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  pets: { openapi: '${outside.url}/openapi.json', upstream: '${outside.url}', auth: public${more} }
`;

async function askNode(node: GatewayNode, folder: string, path: string, isAdmin = true): Promise<string> {
  const ca = await readFile(node.caFile, 'utf8');
  const { admin, https } = node.ports;
  return (isAdmin ? await askAdmin({ admin, ca, folder }, path) : await ask({ port: https, ca, path })).body;
}

async function folderWithHistory(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-last-good-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  isUp = true;
  const node = await startedNode(folder, text());
  await node.stop();
  return folder;
}

test('a node whose description can not be had starts from the last good one, says so, and serves', async (t) => {
  const folder = await folderWithHistory(t);
  isUp = false;
  const node = await startedNode(folder, text());
  t.after(() => node.stop());
  assert.equal(await askNode(node, folder, '/pets', false), 'answered /pets');
  const status = JSON.parse(await askNode(node, folder, '/v1/status')) as { lacking: string[]; revision: number };
  const alerts = await askNode(node, folder, '/v1/alerts');
  assert.match(alerts, /"kind":"configuration\.last-good"[^}]*openapi\.json/);
  assert.match(await askNode(node, folder, '/readyz'), /^(verifying|last-good)\n$/);
  isUp = true;
  // A reload has what was lacking, and it is the same configuration.
  assert.deepEqual(await node.reload('test'), ok({ revision: status.revision }));
  assert.match(await askNode(node, folder, '/readyz'), /^(verifying|ready)\n$/);
});

test('another text, a first start and a damaged file never start from old data, and the operator reads why', async (t) => {
  const folder = await folderWithHistory(t);
  isUp = false;
  const changed = await tryNode(folder, text(', body: 1KiB'));
  assert.ok(typeof changed === 'string');
  assert.match(changed, /answered with status 503[^]*nothing is kept from an earlier run with this very text/);
  const sealed = join(folder, 'data', 'last-good');
  const bytes = await readFile(sealed);
  await writeFile(sealed, bytes.subarray(0, -1));
  assert.match(`${(await tryNode(folder, text())) as string}`, /nothing is kept/);
  await writeFile(sealed, bytes);
  await rm(join(folder, 'data'), { recursive: true });
  const first = await tryNode(folder, text());
  assert.ok(typeof first === 'string');
  assert.match(first, /answered with status 503/);
});

test('a node starts while its upstream is down and has no name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-last-good-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  isUp = true;
  const nowhere = text().replace(/upstream: '[^']+'/, "upstream: 'http://nowhere.invalid:9'");
  const node = await startedNode(folder, nowhere);
  t.after(() => node.stop());
  assert.match(await askNode(node, folder, '/pets', false), /upstream-/);
});
