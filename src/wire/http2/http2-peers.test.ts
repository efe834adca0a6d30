import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { request } from 'node:https';
import { before, type TestContext, test } from 'node:test';
import { type Listener, listen } from '../listener.ts';
import { echo, ManualClock, ownHead, Script, selfSigned, until } from '../peers.test.ts';
import { SERVER_BOUNDS } from '../server.ts';
import { createServerContext, type ServerContext } from '../tls-settings.ts';
import { HTTP2_BOUNDS, type Http2Fault } from './protocol.ts';

let certPem = '';
let context: ServerContext;

before(async () => {
  const made = await selfSigned('a.test');
  certPem = made.certPem;
  context = createServerContext({ chainPem: certPem, keyPem: made.keyPem, ticketKeys: Buffer.alloc(48, 1) });
});

interface Gate {
  readonly listener: Listener;
  readonly script: Script;
  readonly clock: ManualClock;
  readonly faults: Http2Fault[];
  readonly counts: { connection: number; stream: number };
  readonly turnedAway: string[];
  readonly session: ClientHttp2Session;
}

/** A listener that offers HTTP/2, and a client of another make that speaks it. */
async function open(t: TestContext): Promise<Gate> {
  const clock = new ManualClock();
  const script = new Script();
  const faults: Http2Fault[] = [];
  const counts = { connection: 0, stream: 0 };
  const turnedAway: string[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: script,
    bounds: SERVER_BOUNDS,
    clock,
    context: () => context,
    http2: {
      bounds: HTTP2_BOUNDS,
      memory: { take: () => true, giveBack() {} },
      counted: (what) => counts[what]++,
      faulted: (fault) => void faults.push(fault),
    },
    turnedAway: (reason) => turnedAway.push(reason),
  });
  assert.ok(!('code' in listener), 'listening');
  const session = connect(`https://127.0.0.1:${listener.port}`, { servername: 'a.test', ca: certPem });
  session.on('error', () => {});
  await once(session, 'connect');
  t.after(async () => {
    session.destroy();
    const drained = listener.drain(0);
    clock.advance(1);
    await drained;
  });
  return { listener, script, clock, faults, counts, turnedAway, session };
}

interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function whole(stream: ClientHttp2Stream): Promise<Reply> {
  let body = '';
  let headers: IncomingHttpHeaders = {};
  stream.setEncoding('latin1');
  stream.on('response', (given) => (headers = given));
  stream.on('data', (text: string) => (body += text));
  await once(stream, 'end');
  return { headers, body };
}

function send(
  session: ClientHttp2Session,
  fields: Record<string, string>,
  body: Buffer | string | null = null,
): Promise<Reply> {
  const stream = session.request({ ':authority': 'a.test', ...fields }, { endStream: body === null });
  if (body !== null) stream.end(body);
  return whole(stream);
}

test('requests and bodies of another implementation are served, many at once over one connection', async (t) => {
  const { session, script, faults, counts } = await open(t);
  script.onRequest = echo;
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      at % 2 === 0
        ? send(session, { ':path': `/${at}` })
        : send(session, { ':method': 'POST', ':path': `/${at}` }, `body ${at}`),
    ),
  );
  for (const [at, { headers, body }] of replies.entries()) {
    assert.equal(headers[':status'], 200);
    assert.equal(body, at % 2 === 0 ? `GET /${at} []` : `POST /${at} [body ${at}]`);
    assert.equal(headers['content-length'], String(body.length));
  }
  assert.deepEqual(faults, []);
  assert.deepEqual(counts, { connection: 1, stream: 100 });
  const { peer, host } = script.seen[0]?.exchange.request ?? {};
  assert.equal(peer?.tls?.applicationProtocol, 'h2');
  assert.equal(host, 'a.test');
});

test('a client that knows HTTP/1.1 alone is served by it on the same port', async (t) => {
  const { listener, script, counts } = await open(t);
  script.onRequest = echo;
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { host: '127.0.0.1', port: listener.port, servername: 'a.test', ca: certPem, agent: false };
  request({ ...options, path: '/old', headers: { host: 'a.test' } }, (reply) => {
    reply.setEncoding('latin1').once('data', (text: string) => resolve(`${reply.httpVersion} ${text}`));
  }).end();
  assert.equal(await promise, '1.1 GET /old []');
  assert.equal(counts.connection, 1, 'that of the other client');
});

test('large bodies go through the windows both ways', async (t) => {
  const { session, script, faults } = await open(t);
  script.onRequest = (seen) => {
    seen.onEvent = (event) => {
      if (event === 'end') seen.answer(seen.body);
    };
    seen.exchange.receive();
  };
  const bodies = Array.from({ length: 5 }, (_, at) => String.fromCharCode(97 + at).repeat(3_000_000 + at));
  const replies = await Promise.all(bodies.map((body) => send(session, { ':method': 'PUT' }, Buffer.from(body))));
  for (const [at, { body }] of replies.entries()) assert.ok(body === bodies[at], `body ${at}`);
  assert.deepEqual(faults, []);
});

test('a drained listener lets what is open end, and takes nothing new', async (t) => {
  const { session, script, listener, clock } = await open(t);
  const reply = send(session, { ':path': '/slow' });
  const seen = await script.last(1);
  const goaways: number[] = [];
  session.on('goaway', (code: number) => goaways.push(code));
  const drained = listener.drain(60_000);
  await until(() => goaways.length === 2);
  assert.deepEqual(goaways, [0, 0]);
  assert.equal(listener.connections, 1);
  seen.answer('done');
  assert.equal((await reply).body, 'done');
  await drained;
  assert.equal(clock.timers, 0);
});

test('a reply that is cut is a reset stream, and the connection goes on', async (t) => {
  const { session, script } = await open(t);
  const stream = session.request({ ':authority': 'a.test' });
  const fault = once(stream, 'error');
  const seen = await script.last(1);
  seen.exchange.begin({ ...ownHead(200, 10) });
  seen.exchange.write(Buffer.from('half'));
  seen.exchange.cut();
  assert.match(String((await fault)[0]), /INTERNAL_ERROR/);
  script.onRequest = echo;
  assert.equal((await send(session, { ':path': '/on' })).body, 'GET /on []');
});

test('a head that our rules refuse is answered, and the connection goes on', async (t) => {
  const { session, script, faults } = await open(t);
  script.onRequest = echo;
  const { headers, body } = await send(session, { ':path': '/a', bad_name: '1' });
  assert.equal(headers[':status'], 400);
  assert.match(body, /underscore-in-header/);
  assert.deepEqual(script.refusals, ['underscore-in-header']);
  assert.equal((await send(session, { ':path': '/on' })).body, 'GET /on []');
  assert.deepEqual(faults, []);
});
