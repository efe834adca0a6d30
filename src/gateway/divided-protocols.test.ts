import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { apiText, type Closing, RawUpstream, rest, startBench, until } from './fixture.test.ts';
import { startChat, switchReply, upgradeRequest } from './websocket-fixture.test.ts';

/** What came over HTTP/2. */
interface Received {
  readonly method: string;
  readonly authority: string;
  readonly mark: string | undefined;
  readonly own: string | undefined;
  readonly body: string;
}

/** A server that speaks HTTP/2 in clear and answers 204. */
async function startHttp2(t: Closing): Promise<{ readonly url: string; readonly got: Received[] }> {
  const got: Received[] = [];
  const server = createServer((request, reply) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { 'x-portcullis-mirror': mark, 'x-own': own } = request.headers;
      const body = Buffer.concat(pieces).toString();
      got.push({
        method: request.method,
        authority: request.authority,
        mark: mark?.toString(),
        own: own?.toString(),
        body,
      });
      reply.statusCode = 204;
      reply.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

test('over HTTP/2 a canary gets its requests and a mirror its copies, with fields and bodies', async (t) => {
  const servers = await Promise.all([startHttp2(t), startHttp2(t), startHttp2(t)]);
  const [stable, canary, mirror] = servers.map(({ url }) => url);
  const bench = await startBench(t);
  t.after(() => bench.gateway.close());
  const canaryText = `canary: { targets: ['${canary}'], when: { header: X-New, value: '1' } }`;
  const mirrorText = `mirror: { url: '${mirror}', methods: [GET, POST] }`;
  assert.ok(bench.install(apiText(`{ targets: ['${stable}'], protocol: h2, ${canaryText}, ${mirrorText} }`, [])));
  const fields = 'host: a.example\r\nX-Own:  Kept \r\n';
  assert.equal((await bench.ask(`GET /x HTTP/1.1\r\n${fields}x-new: 1\r\n\r\n`)).status, 204);
  assert.equal((await bench.ask(`POST /x HTTP/1.1\r\n${fields}content-length: 5\r\n\r\nhello`)).status, 204);
  await until(() => bench.metrics.copies.length === 2);
  assert.deepEqual(bench.metrics.copies, ['a answered', 'a answered']);
  const partsOf = (place: number): unknown =>
    servers[place]?.got.map(({ method, authority, mark, own, body }) => [
      method,
      `http://${authority}`,
      mark,
      own,
      body,
    ]);
  assert.deepEqual(partsOf(0), [['POST', stable, undefined, 'Kept', 'hello']]);
  assert.deepEqual(partsOf(1), [['GET', canary, undefined, 'Kept', '']]);
  assert.deepEqual(partsOf(2), [
    ['GET', mirror, '1', 'Kept', ''],
    ['POST', mirror, '1', 'Kept', 'hello'],
  ]);
});

test('a WebSocket goes to the canary whose it is, and never to a mirror', async (t) => {
  const [canary, mirror] = await Promise.all([RawUpstream.start(t), RawUpstream.start(t)]);
  canary.respond = ({ head, socket }) => void socket.write(switchReply(head));
  const chat = await startChat(t);
  const upstream = `{ targets: ['${chat.upstream.url}'], canary: { targets: ['${canary.url}'], when: { header: X-New, value: '1' } }, mirror: { url: '${mirror.url}' } }`;
  const api = "routes: ['GET /chat', 'GET /plain']\n    operations: { 'GET /chat': { websocket: on } }";
  assert.ok(chat.install(apiText(upstream, [], api)));
  const client = chat.connect();
  client.send(upgradeRequest('X-New: 1'));
  await until(() => client.bytes.toString('latin1').includes('101 Switching'));
  assert.equal(canary.requests.length, 1);
  assert.deepEqual(chat.metrics.sides, ['a canary 101']);
  await chat.open();
  assert.deepEqual(chat.metrics.sides, ['a canary 101', 'a stable 101']);
  await rest();
  assert.equal(mirror.connections, 0);
});
