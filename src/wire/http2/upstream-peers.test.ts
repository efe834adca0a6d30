import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { openUpstream } from '../open-upstream.ts';
import { ManualClock, rawServer, selfSigned, until } from '../peers.test.ts';
import type { Upstream } from '../upstream-pool.ts';
import { Caller, nextClient } from '../upstream-peer.test.ts';
import type { OutgoingRequest } from '../write-head.ts';

let cert = '';
let key: Buffer;

before(async () => {
  const made = await selfSigned('localhost', '127.0.0.1');
  cert = made.certPem;
  key = made.keyPem;
});

const BOUNDS = { connectMs: 3_000, responseMs: 30_000, idleMs: 20_000 };

interface Rig {
  readonly upstream: Upstream;
  readonly clock: ManualClock;
  readonly sessions: ServerHttp2Session[];
  readonly paths: string[];
  call(request?: Partial<OutgoingRequest>): Caller;
}

type Answer = (stream: ServerHttp2Stream, path: string, method: string) => void;

/** A server of another make, and our side of it. */
async function open(t: TestContext, scheme: 'http' | 'https', answer: Answer = echo): Promise<Rig> {
  const server: Http2Server = scheme === 'http' ? createServer() : createSecureServer({ cert, key });
  const sessions: ServerHttp2Session[] = [];
  const paths: string[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    paths.push(`${headers[':method']} ${headers[':path']}`);
    answer(stream, headers[':path'] ?? '', headers[':method'] ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { upstream, clock, call } = connectTo(port, scheme, cert);
  t.after(() => {
    upstream.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { upstream, clock, sessions, paths, call };
}

function connectTo(
  port: number,
  scheme: 'http' | 'https',
  ca: string | null,
): Pick<Rig, 'upstream' | 'clock' | 'call'> {
  const clock = new ManualClock();
  const target = { scheme, host: '127.0.0.1', port, ca, bounds: BOUNDS };
  const upstream = openUpstream('h2', target, () => clock.monotonic());
  const call = (request: Partial<OutgoingRequest> = {}): Caller => {
    const caller = new Caller();
    const whole: OutgoingRequest = {
      method: 'GET',
      target: '/',
      authority: 'localhost',
      fields: null,
      added: [],
      framing: { kind: 'none' },
      upgrade: null,
      ...request,
    };
    caller.call = upstream.call(whole, caller, nextClient());
    return caller;
  };
  return { upstream, clock, call };
}

function echo(stream: ServerHttp2Stream, path: string, method: string): void {
  stream.respond({ ':status': 200, 'x-path': path });
  if (method === 'GET') stream.end(path);
  else stream.pipe(stream);
}

test('calls and bodies go to another implementation, many at once over one connection', async (t) => {
  for (const scheme of ['http', 'https'] as const) {
    const { call, sessions, upstream } = await open(t, scheme);
    const callers = Array.from({ length: 100 }, (_, at) => {
      if (at % 2 === 0) return call({ target: `/${at}` });
      const body = Buffer.alloc(at * 300, at);
      const caller = call({ method: 'POST', target: `/${at}`, framing: { kind: 'length', bytes: body.length } });
      caller.call?.write([body]);
      caller.call?.finish();
      return caller;
    });
    for (const [at, caller] of callers.entries()) {
      await caller.over();
      assert.equal(caller.failure, null, `${at}`);
      const expected = at % 2 === 0 ? `/${at}` : Buffer.alloc(at * 300, at).toString('latin1');
      assert.ok(caller.body === expected, `${at}`);
      assert.equal(caller.reply?.fields.get('x-path'), `/${at}`);
    }
    assert.equal(sessions.length, 1);
    assert.deepEqual(upstream.counts, { idle: 1, busy: 0, waiting: 0 });
  }
});

test('large bodies go both ways at once through the windows, at the pace of who takes them', async (t) => {
  for (const [scheme, pieces] of [
    ['http', 1_000],
    ['https', 200],
  ] as const) {
    const { call } = await open(t, scheme);
    const piece = Buffer.alloc(100_000, 'p');
    const caller = call({ method: 'POST', framing: { kind: 'chunked' } });
    let received = 0;
    let sent = 0;
    let paused = 0;
    caller.pieces = (given): boolean => {
      for (const { length } of given) received += length;
      if (++paused % 10 !== 0) return true;
      setImmediate(() => caller.call?.resume());
      return false;
    };
    const pump = (): void => {
      while (sent < pieces) {
        sent++;
        if (!caller.call?.write([piece])) return;
      }
      caller.call?.finish();
    };
    caller.drained = pump;
    pump();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    // A slow machine may take its time, as long as it gets on.
    for (let tenth = 1; tenth <= 10; tenth++)
      await until(() => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        return caller.failure !== null || received >= (tenth * pieces * piece.length) / 10;
      });
    await until(() => caller.failure !== null || caller.ends > 0);
    assert.equal(caller.failure, null);
    assert.equal(received, pieces * piece.length);
    assert.ok(most < 60_000_000, `${most} bytes were held`);
  }
});

test('an upstream that does not prove its name, or does not agree to HTTP/2, is not asked', async (t) => {
  const heard: string[] = [];
  for (const [ALPNProtocols, ca, detail] of [
    [['h2'], null, /SELF_SIGNED/],
    [['http/1.1'], cert, /ALPN|ALERT/i],
    [undefined, cert, /ALPN/],
  ] as const) {
    const server = createTlsServer(
      { cert, key, ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) },
      (socket) => {
        socket.on('data', (bytes: Buffer) => heard.push(bytes.toString('latin1')));
        socket.on('error', () => {});
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { call } = connectTo((server.address() as AddressInfo).port, 'https', ca);
    const caller = await call().over();
    assert.equal(caller.failure?.code, 'upstream-tls');
    assert.match(caller.failure?.detail ?? '', detail);
  }
  assert.deepEqual(heard, []);
});

test('a server that is not there, and one that speaks something else, are told of', async (t) => {
  const gone = await rawServer(() => {});
  gone.close();
  assert.equal((await connectTo(gone.port, 'http', null).call().over()).failure?.code, 'upstream-unreachable');
  const other = await rawServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
  });
  t.after(() => other.close());
  assert.equal((await connectTo(other.port, 'http', null).call().over()).failure?.code, 'upstream-malformed-reply');
});

test('a connection that the server leaves in order loses no call', async (t) => {
  const { call, sessions, upstream } = await open(t, 'http');
  let whole = 0;
  for (let round = 0; round < 20; round++) {
    const callers = Array.from({ length: 20 }, () => call({ method: 'POST' }));
    await callers[0]?.over();
    sessions.at(-1)?.close();
    for (const caller of callers) {
      await caller.over();
      assert.equal(caller.failure, null);
      whole++;
    }
  }
  assert.equal(whole, 400);
  assert.ok(sessions.length > 10, `${sessions.length}`);
  await until(() => upstream.counts.busy === 0 && upstream.counts.waiting === 0);
});

test('a connection that turns out closed is replaced for what may be repeated', async (t) => {
  const { call, sessions, paths } = await open(t, 'http', (stream, path, method) => {
    if (path === '/cut' && sessions.length === 1) sessions[0]?.destroy();
    else echo(stream, path, method);
  });
  await call({ target: '/first' }).over();
  const again = await call({ target: '/cut' }).over();
  assert.deepEqual([again.failure, again.body, sessions.length], [null, '/cut', 2]);
  assert.deepEqual(paths, ['GET /first', 'GET /cut', 'GET /cut']);
});

test('a request that may not be repeated is sent once', async (t) => {
  const { call, sessions, paths } = await open(t, 'http', (stream, path, method) => {
    if (path === '/cut') sessions[0]?.destroy();
    else echo(stream, path, method);
  });
  await call().over();
  const lost = await call({ method: 'POST', target: '/cut' }).over();
  assert.match(lost.failure?.code ?? '', /upstream-(unreachable|incomplete-reply)/);
  assert.deepEqual(paths, ['GET /', 'POST /cut']);
});

test('a stream that is given up ends there as cancelled, and its connection goes on', async (t) => {
  const codes: number[] = [];
  const { call, sessions } = await open(t, 'https', (stream, path) => {
    stream.on('close', () => codes.push(stream.rstCode ?? -1));
    stream.respond({ ':status': 200 });
    if (path === '/endless') {
      const more = (): void => {
        while (!stream.destroyed && stream.write(Buffer.alloc(16_384)));
      };
      stream.on('drain', more);
      more();
    } else stream.end('x');
  });
  const endless = call({ target: '/endless' });
  await endless.has('pieces');
  endless.call?.abort();
  await until(() => codes.length === 1);
  assert.deepEqual(codes, [8]);
  assert.equal((await call().over()).body, 'x');
  assert.equal(sessions.length, 1);
});

test('a stream that the server resets is a failure of that call alone', async (t) => {
  const { call, sessions } = await open(t, 'http', (stream, path) => {
    if (path === '/late') setImmediate(() => stream.respond({ ':status': 200 }, { endStream: true }));
    else if (path === '/begun') {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.destroy(new Error('broken')));
    } else stream.close(2);
  });
  const late = call({ target: '/late' });
  for (const target of ['/reset', '/begun']) {
    assert.equal((await call({ target }).over()).failure?.code, 'upstream-incomplete-reply');
  }
  assert.equal((await late.over()).reply?.status, 200);
  assert.equal(sessions.length, 1);
});
