import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AdminClient } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient } from './admin.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;
let admin: AdminClient;

/** `api` and `page`: what stands in the API, and at `GET /page`. */
function configuration(api: string, page: string): string {
  return `version: 1
server: { https: { port: 0 }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  shop:
    routes: ['GET /orders', 'GET /page', 'GET /held']
    upstream: '${upstream.url}'
    auth: public
    ${api}
    operations: { GET /page: { ${page} } }
`;
}

const OPEN = 'body: 1KiB';
const PAGE = 'respond: { bodyFile: ./page.txt, contentType: text/plain }';

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    if (request.url === '/held') held.push(() => reply.end('held'));
    else reply.end('an order');
  });
  gateway = await startGateway(configuration(OPEN, PAGE), { beside: { 'page.txt': 'one' } });
  admin = await adminClient(gateway);
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

/** Ends the requests that the upstream holds. */
const held: (() => void)[] = [];

const get = (path: string): Promise<Reply> => ask({ port: gateway.https, ca: gateway.ca, path });

async function reload(text: string): Promise<boolean> {
  await writeFile(join(gateway.folder, 'portcullis.yaml'), text);
  return (await admin.reload()).ok;
}

test('a maintenance begins and ends with a reload, and the gateway stays ready', async () => {
  assert.equal((await get('/orders')).status, 200);
  const underWay = get('/held');
  while (held.length === 0) await turn();
  const closed = 'maintenance: { message: Back soon, retryAfter: 2m }';
  assert.ok(await reload(configuration(closed, `${PAGE}, maintenance: off`)));
  const refused = await get('/orders');
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '120']);
  assert.match(refused.body, /"detail":"Back soon"/);
  assert.deepEqual([(await get('/page')).status, (await get('/held')).status], [200, 503]);
  const ready = await ask({ port: gateway.admin, ca: gateway.ca, path: '/readyz' });
  assert.equal(ready.status, 200);
  // What has gone upstream ends as usual.
  held[0]?.();
  const reply = await underWay;
  assert.deepEqual([reply.status, reply.body], [200, 'held']);
  assert.ok(await reload(configuration(OPEN, PAGE)));
  assert.equal((await get('/orders')).status, 200);
});

test('the file of a fixed reply is read with the configuration, and where it is gone the last good one stays', async () => {
  const file = join(gateway.folder, 'page.txt');
  assert.equal((await get('/page')).body, 'one');
  await writeFile(file, 'other');
  assert.ok(await reload(`${configuration(OPEN, PAGE)}# again\n`));
  assert.equal((await get('/page')).body, 'other');
  await rm(file);
  assert.equal(await reload(`${configuration('maintenance: on', PAGE)}`), false);
  assert.equal((await get('/page')).body, 'other');
  assert.equal((await get('/orders')).status, 200);
});
