import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { apiText, type Bench, type Closing, startBench } from './fixture.test.ts';

/** A server that speaks HTTP/2 in clear, and the bodies of the requests that it began to do something with. */
interface Served {
  readonly url: string;
  readonly done: string[];
  refused: number;
}

/** Null refuses no stream. Else each is refused with this code; of `REFUSED_STREAM` the server has done nothing with it. */
async function startHttp2(t: Closing, code: number | null): Promise<Served> {
  const server = createServer();
  const served: Served = { url: '', done: [], refused: 0 };
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    if (code !== null) {
      served.refused++;
      if (code !== constants.NGHTTP2_REFUSED_STREAM) served.done.push(String(headers[':method']));
      stream.close(code);
      return;
    }
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      served.done.push(`${headers[':method']} ${Buffer.concat(pieces).toString()}`);
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return Object.assign(served, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function startBefore(t: Closing, targets: readonly Served[], more = ''): Promise<Bench> {
  const bench = await startBench(t);
  t.after(() => bench.gateway.close());
  const urls = targets.map(({ url }) => `'${url}'`).join(', ');
  assert.ok(
    bench.install(
      apiText(`{ targets: [${urls}], protocol: h2, balance: round-robin, health: { eject: off }${more} }`, []),
    ),
  );
  return bench;
}

const post = (body: string): string =>
  `POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test('a stream that its upstream refused goes to another target, body and all, whatever its method', async (t) => {
  const [refusing, good] = await Promise.all([startHttp2(t, constants.NGHTTP2_REFUSED_STREAM), startHttp2(t, null)]);
  const bench = await startBefore(t, [refusing, good]);
  const bodies = Array.from({ length: 6 }, (_, at) => `{"order": ${at}}`);
  for (const body of bodies) assert.equal((await bench.ask(post(body))).status, 200);
  assert.deepEqual(
    good.done,
    bodies.map((body) => `POST ${body}`),
  );
  assert.ok(refusing.refused > 0);
  assert.ok(bench.metrics.retries.every((each) => each === 'connect answered'));
});

test('one that was reset for another reason is not sent again where that is not safe', async (t) => {
  const [broken, good] = await Promise.all([startHttp2(t, constants.NGHTTP2_INTERNAL_ERROR), startHttp2(t, null)]);
  const bench = await startBefore(t, [broken, good], ', retries: { attempts: 3, on: [connect, reset] }');
  const statuses = [];
  for (let asked = 0; asked < 6; asked++) statuses.push((await bench.ask(post('{}'))).status);
  assert.ok(statuses.includes(502));
  assert.equal(broken.done.length + good.done.length, 6, 'each was taken once');
  for (let asked = 0; asked < 4; asked++)
    assert.equal((await bench.ask('GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n')).status, 200);
});
