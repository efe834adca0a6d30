import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ManualClock, ownHead, Script, type Seen, until } from '../peers.test.ts';
import { type OutgoingHead, SERVER_BOUNDS } from '../server.ts';
import { PEER } from './connection-fixture.test.ts';
import { filler } from './frame-fixture.test.ts';
import { Http2Connection } from './http2-connection.ts';
import { HTTP2_BOUNDS, type Http2Fault } from './protocol.ts';

const CHUNKED: OutgoingHead = { ...ownHead(200, 0), framing: { kind: 'chunked' } };

interface Gate {
  readonly script: Script;
  readonly faults: Http2Fault[];
  readonly session: ClientHttp2Session;
}

/** A connection over a real socket, and a client of another make at its other end, with these settings of its own. */
async function open(t: TestContext, initialWindowSize = 65_535): Promise<Gate> {
  const script = new Script();
  const faults: Http2Fault[] = [];
  const clock = new ManualClock();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    t.after(() => socket.destroy());
    new Http2Connection(socket, {
      peer: PEER,
      handler: script,
      bounds: { ...SERVER_BOUNDS, ...HTTP2_BOUNDS },
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      reset: () => socket.destroy(),
      closed: () => {},
      http2: {
        memory: { take: () => true, giveBack() {} },
        counted: () => {},
        faulted: (fault) => void faults.push(fault),
      },
      turnedAway: () => {},
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize } });
  session.on('error', () => {});
  t.after(() => {
    session.destroy();
    server.close();
  });
  await once(session, 'connect');
  return { script, faults, session };
}

function request(session: ClientHttp2Session, fields: Record<string, string> = {}): ClientHttp2Stream {
  return session.request({ ':authority': 'a.test', ...fields }, { endStream: fields[':method'] !== 'POST' });
}

/** Writes a reply of so many pieces as an upstream would: it pauses when it is told to. Gives how many are written. */
function stream(seen: Seen, piece: Buffer, count: number): { written: number } {
  const progress = { written: 0 };
  const go = (): void => {
    while (progress.written < count) {
      progress.written++;
      if (!seen.exchange.write(piece)) return;
    }
    seen.exchange.finish();
  };
  seen.onEvent = (event) => {
    if (event === 'drained') go();
  };
  seen.exchange.begin(CHUNKED);
  go();
  return progress;
}

async function textOf(reply: ClientHttp2Stream): Promise<string> {
  let text = '';
  reply.setEncoding('latin1');
  reply.on('data', (more: string) => (text += more));
  await once(reply, 'end');
  return text;
}

test('a streamed reply stops while its client does not read, and comes whole when it does', async (t) => {
  const { script, session, faults } = await open(t);
  const reply = request(session);
  const piece = Buffer.from(filler(10_000));
  const progress = stream(await script.last(1), piece, 200);
  await once(reply, 'response');
  assert.ok(progress.written < 20, `${progress.written} pieces were written to nobody`);
  const other = request(session);
  (await script.last(2)).answer('not held up');
  assert.equal(await textOf(other), 'not held up');
  assert.ok(progress.written < 20);
  assert.ok((await textOf(reply)) === piece.toString().repeat(200));
  assert.deepEqual(faults, []);
});

test('a reply goes through a window of one octet, and through one that is lowered on the way', async (t) => {
  const { script, session, faults } = await open(t, 1);
  const reply = request(session);
  (await script.last(1)).answer('octet by octet');
  assert.equal(await textOf(reply), 'octet by octet');
  for (const initialWindowSize of [50_000, 300, 70_000]) {
    session.settings({ initialWindowSize });
    const next = request(session);
    const seen = await script.last(script.seen.length + 1);
    stream(seen, Buffer.from(filler(9_000)), 9);
    assert.ok((await textOf(next)) === filler(9_000).repeat(9));
  }
  assert.deepEqual(faults, []);
});

test('an upload stops while its handler pauses, and comes whole when it goes on', async (t) => {
  const { script, session, faults } = await open(t);
  const upload = request(session, { ':method': 'POST' });
  const body = filler(400_000);
  upload.end(body);
  const seen = await script.last(1);
  seen.takes = false;
  seen.exchange.receive();
  await until(() => seen.log.length > 0);
  const other = request(session);
  (await script.last(2)).answer('not held up');
  assert.equal(await textOf(other), 'not held up');
  assert.equal(seen.log.length, 1);
  assert.ok(seen.body.length <= 65_535);
  seen.onEvent = (event) => {
    if (event === 'end') seen.answer('thanks');
  };
  seen.takes = true;
  seen.exchange.resumeBody();
  assert.equal(await textOf(upload), 'thanks');
  assert.ok(seen.body === body);
  assert.deepEqual(faults, []);
});

test('an upload that is answered early ends there, and the client gets the answer', async (t) => {
  const { script, session } = await open(t);
  const upload = request(session, { ':method': 'POST' });
  upload.on('error', () => {});
  upload.write(filler(200_000));
  (await script.last(1)).answer('no', 413);
  const [headers] = (await once(upload, 'response')) as [IncomingHttpHeaders];
  assert.equal(headers[':status'], 413);
  assert.equal(await textOf(upload), 'no');
  await until(() => upload.closed);
  assert.equal(upload.rstCode, 0);
  const other = request(session);
  (await script.last(2)).answer('on it goes');
  assert.equal(await textOf(other), 'on it goes');
});

test('interim replies reach the client', async (t) => {
  const { script, session } = await open(t);
  const reply = request(session);
  const hints: IncomingHttpHeaders[] = [];
  reply.on('headers', (headers) => hints.push(headers));
  const seen = await script.last(1);
  seen.exchange.interim(103, ['link', '</a>']);
  seen.answer('hello');
  assert.equal(await textOf(reply), 'hello');
  assert.equal(hints[0]?.[':status'], 103);
  assert.equal(hints[0]?.['link'], '</a>');
});

test('a client that is told to continue sends its body', async (t) => {
  const { script, session } = await open(t);
  const upload = request(session, { ':method': 'POST', expect: '100-continue' });
  const seen = await script.last(1);
  seen.onEvent = (event) => {
    if (event === 'end') seen.answer(seen.body);
  };
  const told = once(upload, 'continue');
  seen.exchange.receive();
  await told;
  upload.end('here it is');
  assert.equal(await textOf(upload), 'here it is');
});
