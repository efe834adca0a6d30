import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { get, head, post } from './bad-heads.test.ts';
import { bench, statusesOf } from './fake-socket.test.ts';
import { ownHead, type Seen } from './peers.test.ts';
import type { BodyFraming } from './message.ts';
import type { OutgoingHead } from './server.ts';

const CHUNKED: OutgoingHead = { ...ownHead(200, 0), framing: { kind: 'chunked' } };
const NONE: OutgoingHead = { ...ownHead(200, 0), framing: { kind: 'none' } };

interface Replied {
  readonly text: string;
  readonly closes: boolean;
  readonly wasReset: boolean;
  readonly seen: Seen;
}

/** Answers one request by `act` and gives what the client gets. */
function replied(request: string, act: (seen: Seen) => void): Replied {
  const { socket, script } = bench();
  script.onRequest = act;
  socket.receive(request);
  const seen = script.seen[0];
  assert.ok(seen !== undefined);
  return { text: socket.text.replaceAll('\r\n', '|'), closes: socket.finished, wasReset: socket.wasReset, seen };
}

const GET = get('/');
const HEAD = head('HEAD / HTTP/1.1', 'Host: a');
const LEGACY = head('GET / HTTP/1.0', 'Host: a');

test('a whole reply goes out in one piece with its length', () => {
  const { text, closes } = replied(GET, (seen) => seen.exchange.send(ownHead(200, 5), Buffer.from('hello')));
  assert.equal(text, 'HTTP/1.1 200 OK|content-length: 5||hello');
  assert.equal(closes, false);
  assert.equal(replied(GET, (seen) => seen.exchange.send(NONE, '')).text, 'HTTP/1.1 200 OK|content-length: 0||');
});

test('the length of a whole reply is that of its body, whatever its head says', () => {
  for (const framing of [
    { kind: 'length', bytes: 99 },
    { kind: 'chunked' },
    { kind: 'none' },
  ] as readonly BodyFraming[]) {
    const { text } = replied(GET, (seen) => seen.exchange.send({ ...NONE, framing }, 'hello'));
    assert.equal(text, 'HTTP/1.1 200 OK|content-length: 5||hello', framing.kind);
  }
});

test('a body is sent octet for octet, small or large, in a buffer or as a text of octets', () => {
  const { text } = replied(GET, (seen) => seen.exchange.send(NONE, Buffer.from('é漢')));
  assert.equal(Buffer.from(text, 'latin1').toString(), 'HTTP/1.1 200 OK|content-length: 5||é漢');
  for (const count of [1, 100, 9_000]) {
    const octets = '\0\x7f\x80\xe9\xff'.repeat(count);
    const passed = replied(GET, (seen) => seen.exchange.send(NONE, octets)).text;
    assert.equal(passed, `HTTP/1.1 200 OK|content-length: ${octets.length}||${octets}`);
  }
  const large = Buffer.alloc(100_000, 0xe9);
  const sent = replied(GET, (seen) => seen.exchange.send(NONE, large)).text;
  assert.equal(sent, `HTTP/1.1 200 OK|content-length: 100000||${large.toString('latin1')}`);
});

test('a streamed reply is framed by its length, by chunks, or for HTTP/1.0 by the close', () => {
  const stream = (outgoing: OutgoingHead) => (seen: Seen) => {
    seen.exchange.begin(outgoing);
    assert.equal(seen.exchange.write(Buffer.from('hello')), true);
    assert.equal(seen.exchange.write(Buffer.alloc(0)), true);
    seen.exchange.write(Buffer.from(' you'));
    seen.exchange.finish();
  };
  assert.equal(replied(GET, stream(ownHead(200, 9))).text, 'HTTP/1.1 200 OK|content-length: 9||hello you');
  assert.equal(replied(GET, stream(CHUNKED)).text, 'HTTP/1.1 200 OK|transfer-encoding: chunked||5|hello|4| you|0||');
  const legacy = replied(LEGACY, stream(CHUNKED));
  assert.equal(legacy.text, 'HTTP/1.1 200 OK|connection: close||hello you');
  assert.equal(legacy.closes, true);
  assert.equal(
    replied(LEGACY, stream(ownHead(200, 9))).text,
    'HTTP/1.1 200 OK|content-length: 9|connection: close||hello you',
  );
});

test('each piece of a streamed reply leaves in the moment in which it is written', async () => {
  const { socket, script } = bench();
  socket.receive(GET);
  const { exchange } = script.seen[0] ?? assert.fail();
  exchange.begin(CHUNKED);
  await setImmediate();
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    socket.text = '';
    exchange.write(Buffer.from(event));
    assert.equal(socket.text, `9\r\n${event}\r\n`);
  }
});

test('no body is written to HEAD, with 204 or with 304, however it is sent', () => {
  for (const outgoing of [ownHead(200, 5), CHUNKED]) {
    for (const act of [
      (seen: Seen) => seen.exchange.send(outgoing, 'hello'),
      (seen: Seen) => {
        seen.exchange.begin(outgoing);
        seen.exchange.write(Buffer.from('hello'));
        seen.exchange.finish();
      },
    ]) {
      const toHead = replied(HEAD, act);
      assert.match(toHead.text, /^HTTP\/1\.1 200 OK\|(content-length: 5\|)?\|$/);
      assert.equal(toHead.closes, false);
    }
  }
  for (const status of [204, 304]) {
    const { text, closes } = replied(GET, (seen) => seen.exchange.send({ ...ownHead(status, 5) }, 'hello'));
    assert.equal(text.endsWith('||'), true);
    assert.equal(closes, false);
  }
});

test('a streamed body that is not as long as announced cuts the connection: the rest could pass for another reply', () => {
  const long = replied(GET, ({ exchange }) => {
    exchange.begin(ownHead(200, 5));
    exchange.write(Buffer.from('hello'));
    assert.equal(exchange.write(Buffer.from('!')), false);
    exchange.finish();
  });
  assert.equal(long.wasReset, true);
  assert.equal(long.text.endsWith('hello'), true);
  const short = replied(GET, ({ exchange }) => {
    exchange.begin(ownHead(200, 5));
    exchange.write(Buffer.from('hell'));
    exchange.finish();
  });
  assert.equal(short.wasReset, true);
});

test('one exchange has one reply', () => {
  const { text } = replied(GET, (seen) => {
    seen.answer('one');
    seen.answer('two');
    seen.exchange.begin(CHUNKED);
    assert.equal(seen.exchange.write(Buffer.from('x')), false);
    seen.exchange.finish();
    seen.exchange.interim(103, []);
    seen.exchange.cut();
    seen.exchange.receive();
  });
  assert.equal(text, 'HTTP/1.1 200 OK|content-length: 3||one');
  assert.deepEqual(
    replied(GET, ({ exchange }) => {
      exchange.begin(CHUNKED);
      exchange.begin(CHUNKED);
      exchange.send(NONE, 'no');
      exchange.finish();
      exchange.finish();
    }).text,
    'HTTP/1.1 200 OK|transfer-encoding: chunked||0||',
  );
});

test('interim replies go before the reply, to clients that know them', () => {
  const act = (seen: Seen): void => {
    seen.exchange.interim(103, ['link', '</a>']);
    seen.exchange.interim(100, []);
    seen.exchange.interim(101, ['upgrade', 'x']);
    seen.exchange.interim(200, []);
    seen.answer('ok');
  };
  assert.equal(replied(GET, act).text, 'HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 2||ok');
  assert.equal(replied(LEGACY, act).text, 'HTTP/1.1 200 OK|content-length: 2|connection: close||ok');
});

test('a client that expects to be told to continue is told when its body is wanted, and only then', () => {
  const expecting = post('Content-Length: 5', 'Expect: 100-continue');
  const { socket, script } = bench();
  socket.receive(expecting);
  assert.equal(socket.text, '');
  script.seen[0]?.exchange.receive();
  script.seen[0]?.exchange.receive();
  assert.equal(socket.text, 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.receive('hello');
  script.seen[0]?.answer('thanks');
  assert.deepEqual(statusesOf(socket.text), [100, 200]);
  assert.equal(socket.finished, false);

  const refused = replied(expecting, (seen) => seen.answer('no', 403));
  assert.deepEqual(statusesOf(refused.text), [403]);
  assert.equal(refused.closes, true);
});

test('what may still come of a body that was not read can’t be taken for a request: the connection closes', () => {
  const { socket, script } = bench();
  socket.receive(post('Content-Length: 50'));
  script.seen[0]?.answer('no', 413);
  assert.match(socket.text, /connection: close/);
  socket.receive(get('/smuggled'));
  assert.equal(script.seen.length, 1);
});

test('a reply may ask that no request follow', () => {
  const whole = replied(GET + GET, (seen) => seen.exchange.send({ ...ownHead(403, 2), closes: true }, 'no'));
  assert.equal(whole.text, 'HTTP/1.1 403 Forbidden|content-length: 2|connection: close||no');
  assert.equal(whole.closes, true);
  const streamed = replied(GET, ({ exchange }) => {
    exchange.begin({ ...CHUNKED, closes: true });
    exchange.finish();
  });
  assert.equal(streamed.closes, true);
});

test('a body that ends after the reply was begun keeps the connection no more, since the reply said close', () => {
  const { socket, script } = bench();
  socket.receive(post('Content-Length: 5'));
  const { exchange, log } = script.seen[0] ?? assert.fail();
  exchange.receive();
  exchange.begin(CHUNKED);
  socket.receive('hello');
  assert.deepEqual(log, ['pieces', 'end']);
  exchange.finish();
  assert.match(socket.text, /connection: close/);
  assert.equal(socket.finished, true);
});

test('a request without a body has its end at once', () => {
  const { seen } = replied(post('Content-Length: 0'), ({ exchange }) => exchange.receive());
  assert.deepEqual(seen.log, ['end']);
  assert.deepEqual(seen.exchange.framing, { kind: 'none' });
});

test('a writer is told to pause and when to go on', async () => {
  const { socket, script } = bench();
  socket.receive(GET);
  const { exchange, log } = script.seen[0] ?? assert.fail();
  exchange.begin(CHUNKED);
  socket.stuck = true;
  assert.equal(exchange.write(Buffer.alloc(100)), true);
  assert.equal(exchange.write(Buffer.alloc(70_000)), false);
  assert.deepEqual(log, []);
  socket.unstick();
  assert.deepEqual(log, ['drained']);
  await setImmediate();
  assert.equal(socket.corked, 0);
});

test('nobody is told of the socket’s draining before a reply has begun', () => {
  const { socket, script } = bench();
  socket.receive(GET);
  socket.emit('drain');
  assert.deepEqual(script.seen[0]?.log, []);
});
