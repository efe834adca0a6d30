import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { BAD_HEADS, get, post } from './bad-heads.test.ts';
import { type Bench, bench, FakeSocket, statusesOf } from './fake-socket.test.ts';
import { echo, ownHead } from './peers.test.ts';

const GET = get('/a');

/** What becomes of bytes that come in the given pieces, as far as anybody reads them. */
function outcome(pieces: readonly string[]): string {
  const { socket, script } = bench();
  script.onRequest = echo;
  for (const piece of pieces) if (!socket.paused) socket.receive(piece);
  assert.equal(socket.corked, 0);
  return socket.text;
}

function halves(text: string): readonly (readonly string[])[] {
  const step = Math.max(1, Math.floor(text.length / 400));
  return Array.from({ length: Math.floor(text.length / step) }, (_, at) => [
    text.slice(0, at * step),
    text.slice(at * step),
  ]);
}

test('bytes that a socket had read before it was the connection’s come first', () => {
  const early = new FakeSocket();
  early.readableLength = 4;
  const { socket, script } = bench({}, early);
  script.onRequest = echo;
  assert.equal(socket.lent, null, 'else what comes next would be read before them');
  socket.receive(GET.slice(0, 4));
  socket.receive(GET.slice(4));
  assert.deepEqual(statusesOf(socket.text), [200]);
});

/** Ten seconds and a sweep. */
const HEAD_MS = 10_500;

test('pieces of a body that may be kept have memory of their own, with their head or behind it', () => {
  const { socket, script } = bench();
  const own: boolean[] = [];
  script.onRequest = ({ exchange }) => {
    exchange.events.pieces = (pieces) => {
      for (const { length, buffer } of pieces) own.push(buffer.byteLength === length);
      return true;
    };
    exchange.receive();
  };
  socket.receive(post('Content-Length: 14096') + 'x'.repeat(4_096));
  socket.receive('x'.repeat(10_000));
  assert.deepEqual(own, [true, true]);
});

test('a bad head is refused by the same code however it is cut, and nothing behind it is looked at', () => {
  for (const [code, text] of BAD_HEADS) {
    const pipelined = `${text}${GET}`;
    for (const pieces of [[pipelined], ...halves(pipelined), text.length < 500 ? [...pipelined] : [pipelined]]) {
      const { socket, script } = bench();
      for (const piece of pieces) socket.receive(piece);
      assert.deepEqual(script.refusals, [code], JSON.stringify(pieces.map((piece) => piece.slice(0, 60)).slice(0, 5)));
      assert.equal(script.seen.length, 0);
      assert.equal(socket.finished, true);
      assert.equal(statusesOf(socket.text).length, 1);
      assert.match(socket.text, /connection: close\r\n/);
    }
  }
});

/** What a client gets behind the head of the only reply. */
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

test('a HEAD that is refused gets no body, whatever is wrong with it, however it is cut, and the length that GET would have', () => {
  for (const [code, text] of BAD_HEADS) {
    if (!text.startsWith('GET ') || text.length > 2_000) continue;
    const asked = `HEAD${text.slice(3)}`;
    for (const pieces of [[asked], [...asked], [`\r\n${asked}`], [GET, asked]]) {
      const { socket, script } = bench();
      script.onRequest = echo;
      for (const piece of pieces) socket.receive(piece);
      const reply = socket.text.slice(socket.text.lastIndexOf('HTTP/1.1 '));
      assert.deepEqual([script.refusals, bodyOf(reply)], [[code], ''], JSON.stringify(asked.slice(0, 60)));
      assert.match(reply, /\r\ncontent-length: [1-9][0-9]*\r\n/);
      assert.match(reply, /\r\nconnection: close\r\n/);
    }
  }
});

test('a HEAD that comes too slowly or not at all gets no body either; any other word does', () => {
  for (const [begun, isEmpty] of [
    ['HEAD /a HTTP/1.1\r\nHost', true],
    ['HEAD ', true],
    ['HEAD', false],
    ['head /a HTTP/1.1\r\nHost', false],
    ['HEADS /a HTTP/1.1\r\nHost', false],
    ['GET /HEAD HTTP/1.1\r\nHost', false],
  ] as const) {
    const late = bench();
    late.socket.receive(begun);
    late.pass(HEAD_MS);
    const gone = bench();
    gone.socket.receive(begun);
    gone.socket.hangUp();
    for (const { socket, script } of [late, gone]) {
      assert.equal(script.refusals.length, 1);
      assert.equal(bodyOf(socket.text) === '', isEmpty, begun);
    }
  }
});

test('good requests are the same however they are cut', () => {
  const requests = [
    GET,
    post('Content-Length: 5') + 'hello',
    post('Transfer-Encoding: chunked') + '5;x\r\nhello\r\n1\r\n!\r\n0\r\nX: 1\r\n\r\n',
    get('/b', 'X-A: 1'),
    `\r\n${post('Content-Length: 0')}`,
    get('/last', 'Connection: close'),
  ].join('');
  const whole = outcome([requests]);
  assert.deepEqual(statusesOf(whole), [200, 200, 200, 200, 200, 200]);
  assert.match(
    whole,
    /GET \/a \[\].*POST \/c \[hello\].*POST \/c \[hello!\].*GET \/b \[\].*POST \/c \[\].*GET \/last \[\]/s,
  );
  for (const pieces of halves(requests)) assert.equal(outcome(pieces), whole);
  assert.equal(outcome([...requests]), whole);
});

test('one empty line before a request is tolerated, two are not', () => {
  for (const pieces of [[`\r\n${GET}`], ['\r\n', GET], ['\r', '\n', GET], [GET, '\r\n', GET]]) {
    assert.ok(
      statusesOf(outcome(pieces)).every((status) => status === 200),
      JSON.stringify(pieces),
    );
  }
  for (const pieces of [[`\r\n\r\n${GET}`], ['\r\n', '\r\n', GET], ['\r\n', '\r', `\n${GET}`], ['\r', '\n\r', '\n']]) {
    assert.match(outcome(pieces), /malformed-request-line/, JSON.stringify(pieces));
  }
  for (const pieces of [['\n'], ['\r\r'], ['\r', 'G'], ['\r\n\n']])
    assert.match(outcome(pieces), /bare-line-break/, JSON.stringify(pieces));
});

test('an empty line alone is no request: the connection stays idle and closes without a word', () => {
  const { socket, script } = bench();
  socket.receive('\r\n');
  socket.hangUp();
  assert.deepEqual(script.refusals, []);
  assert.equal(socket.text, '');
  assert.equal(socket.destroyed, true);
});

test('thousands of pipelined requests answered at once are answered in order, without a deep stack', () => {
  const count = 10_000;
  const text = outcome([Array.from({ length: count }, (_, at) => get(`/${at}`)).join('')]);
  assert.deepEqual(
    [...text.matchAll(/GET \/([0-9]+) /g)].map((match) => Number(match[1])),
    Array.from({ length: count }, (_, at) => at),
  );
});

test('the next request is not read before the reply to the last is out', () => {
  const { socket, script } = bench();
  socket.receive(GET + get('/b'));
  assert.equal(script.seen.length, 1);
  script.seen[0]?.exchange.begin(ownHead(200, 2));
  script.seen[0]?.exchange.write(Buffer.from('a'));
  assert.equal(script.seen.length, 1);
  script.seen[0]?.exchange.write(Buffer.from('b'));
  script.seen[0]?.exchange.finish();
  assert.equal(script.seen.length, 2);
  assert.equal(script.seen[1]?.exchange.request.path, '/b');
});

test('requests are read ahead up to a bound, then reading stops until they are worked off', () => {
  const { socket, script } = bench();
  socket.receive(GET);
  socket.receive(get('/b').repeat(200));
  assert.equal(socket.paused, false);
  socket.receive(get('/b', `X: ${'v'.repeat(8_000)}`).repeat(8));
  assert.equal(socket.paused, true);
  script.onRequest = echo;
  script.seen[0]?.answer('now');
  assert.equal(script.seen.length, 209);
  assert.equal(socket.paused, false);
});

test('a body is not read before it is asked for, nor while the handler pauses', () => {
  const { socket, script } = bench();
  socket.receive(`${post('Content-Length: 10')}hello`);
  const seen = script.seen[0];
  assert.equal(socket.paused, true);
  assert.deepEqual(seen?.log, []);
  assert.ok(seen !== undefined);
  seen.takes = false;
  seen.exchange.receive();
  assert.equal(seen.body, 'hello');
  assert.equal(socket.paused, false);
  socket.receive('wor');
  assert.equal(seen.body, 'hello');
  assert.equal(socket.paused, true);
  seen.takes = true;
  seen.exchange.resumeBody();
  assert.equal(socket.paused, false);
  assert.equal(seen.body, 'hellowor');
  socket.receive('ld');
  assert.deepEqual(seen.log, ['pieces', 'pieces', 'pieces', 'end']);
  assert.equal(seen.exchange.receivedBytes, 10);
});

test('a paused socket is read again once its reply is out, whether the body was taken or not', () => {
  const { socket, script } = bench();
  socket.receive(`${post('Content-Length: 100')}hello`);
  assert.equal(socket.paused, true);
  script.seen[0]?.answer('early');
  assert.equal(socket.paused, false);
  assert.equal(socket.finished, true);
  socket.receive('what else comes is thrown away');
  assert.equal(script.seen.length, 1);
});

test('a broken chunk is judged before anything of the same read is handed on', () => {
  for (const [tail, log] of [
    ['5\r\nhello\r\nx\r\n', ['malformed-chunk']],
    ['5\r\nhello\r\n0\r\nX : 1\r\n\r\n', ['malformed-chunk']],
    ['5\r\nhello\r\n0\r\n\r\n', ['pieces', 'end']],
  ] as const) {
    const { socket, script } = bench();
    script.onRequest = ({ exchange }) => exchange.receive();
    socket.receive(post('Transfer-Encoding: chunked') + tail);
    assert.deepEqual(script.seen[0]?.log, log, tail);
  }
});

test('a body beyond its limit is judged when it is announced, before anything of that read is handed on', () => {
  const chunked = post('Transfer-Encoding: chunked');
  for (const [text, log] of [
    [`${chunked}4\r\nabcd\r\n`, ['pieces']],
    [`${chunked}5\r\n`, ['body-too-large']],
    [`${chunked}4\r\nabcd\r\n1\r\n`, ['body-too-large']],
    [`${chunked}FFFFFFFFFFFFFFFF\r\n`, ['body-too-large']],
    [`${post('Content-Length: 5')}a`, ['body-too-large']],
    [`${post('Content-Length: 4')}abcd`, ['pieces', 'end']],
  ] as const) {
    const { socket, script } = bench();
    script.onRequest = ({ exchange }) => {
      assert.equal(exchange.limitBody(4), !text.includes('Content-Length: 5'));
      exchange.receive();
    };
    socket.receive(text);
    assert.deepEqual(script.seen[0]?.log, log, text);
  }
});

test('after a body failed one reply may be sent, and the connection closes behind it', () => {
  const { socket, script } = bench();
  script.onRequest = echo;
  socket.receive(`${post('Transfer-Encoding: chunked')}zz\r\n${GET}`);
  assert.deepEqual(statusesOf(socket.text), [400]);
  assert.equal(socket.finished, true);
  assert.equal(script.seen.length, 1);
});

test('a client that closes its side still gets the reply, and then the end', () => {
  const { socket, script } = bench();
  socket.receive(GET + get('/b'));
  socket.hangUp();
  assert.equal(socket.destroyed, false);
  script.seen[0]?.answer('first');
  script.seen[1]?.answer('second');
  assert.match(socket.text, /first.*second/s);
  assert.equal(socket.destroyed, true);
});

test('half a request at the end of the client’s side is refused as incomplete', () => {
  for (const text of ['G', 'GET / HTTP/1.1\r\nHost: a\r\n', '\r']) {
    const { socket, script } = bench();
    socket.receive(text);
    socket.hangUp();
    assert.deepEqual(script.refusals, ['incomplete-request'], JSON.stringify(text));
  }
});

test('half a body at the end of the client’s side is told, also when it was not asked for or paused at the time', () => {
  const early = bench();
  early.script.onRequest = ({ exchange }) => exchange.receive();
  early.socket.receive(`${post('Content-Length: 10')}hello`);
  early.socket.hangUp();
  assert.deepEqual(early.script.seen[0]?.log, ['pieces', 'incomplete-request']);
  const late = bench();
  late.socket.receive(`${post('Transfer-Encoding: chunked')}5\r\nhel`);
  late.socket.hangUp();
  assert.deepEqual(late.script.seen[0]?.log, []);
  late.script.seen[0]?.exchange.receive();
  assert.deepEqual(late.script.seen[0]?.log, ['pieces', 'incomplete-request']);
});

test('a client that leaves is told once, and not after the reply', async () => {
  const { socket, script, closed } = bench();
  socket.receive(GET);
  socket.emit('error', new Error('reset'));
  await setImmediate();
  assert.deepEqual(script.seen[0]?.log, ['gone']);
  script.seen[0]?.answer('too late');
  script.seen[0]?.exchange.cut();
  assert.equal(socket.text, '');
  assert.equal(closed(), 1);

  const other = bench();
  other.script.onRequest = echo;
  other.socket.receive(GET);
  other.socket.destroy();
  await setImmediate();
  assert.deepEqual(other.script.seen[0]?.log, []);
  assert.equal(other.closed(), 1);
});

test('a reply that is cut ends the connection by a reset, and nobody is told that the client has gone', async () => {
  const { socket, script, closed } = bench();
  socket.receive(GET + GET);
  script.seen[0]?.exchange.begin(ownHead(200, 10));
  script.seen[0]?.exchange.cut();
  script.seen[0]?.exchange.cut();
  await setImmediate();
  assert.equal(socket.wasReset, true);
  assert.deepEqual(script.seen[0]?.log, []);
  assert.equal(script.seen.length, 1);
  assert.equal(closed(), 1);
});

test('what was answered goes out before the next reply of the same turn is cut', () => {
  const socket = new FakeSocket();
  const handle = {
    useUserBuffer: (buffer: Buffer): void => void (socket.lent = buffer),
    writeLatin1String: (_: null, text: string): number => {
      socket.text += text;
      return 0;
    },
  };
  socket._handle = handle;
  const { script } = bench({}, socket);
  script.onRequest = (seen) => {
    if (seen.exchange.request.path === '/a') echo(seen);
    else {
      assert.equal(socket.text, '');
      seen.exchange.cut();
    }
  };
  socket.receive(get('/a') + get('/b'));
  assert.ok(socket.text.endsWith('GET /a []'));
  assert.ok(socket.wasReset);
});

test('a handler may cut, answer or fail while it is being told of the body', () => {
  const acts: readonly ((seen: Bench['script']['seen'][number]) => void)[] = [
    (seen) => seen.exchange.cut(),
    (seen) => seen.answer('early', 400),
    (seen) => seen.exchange.send(ownHead(200, 3), Buffer.from('abc')),
  ];
  for (const act of acts) {
    const { socket, script } = bench();
    script.onRequest = (seen) => {
      seen.onEvent = () => act(seen);
      seen.exchange.receive();
    };
    socket.receive(`${post('Content-Length: 10')}hello`);
    assert.deepEqual(script.seen[0]?.log, ['pieces']);
    assert.equal(script.seen.length, 1);
  }
  const whole = bench();
  whole.script.onRequest = (seen) => {
    seen.onEvent = (event) => event === 'pieces' && seen.answer('done');
    seen.exchange.receive();
  };
  whole.socket.receive(`${post('Content-Length: 5')}hello${GET}`);
  assert.deepEqual(whole.script.seen[0]?.log, ['pieces']);
  assert.equal(whole.script.seen.length, 2);
});

test('a connection is closed behind its last allowed request', () => {
  const { socket, script } = bench({ requestsPerConnection: 2 });
  script.onRequest = echo;
  socket.receive(GET + GET + GET);
  assert.equal(script.seen.length, 2);
  assert.equal(socket.text.split('connection: close').length, 2);
  assert.equal(socket.finished, true);
});

test('a head has ten seconds from its first byte, and dripping gets it no more', () => {
  const { socket, script, pass } = bench();
  for (let second = 0; second < 10; second++) {
    socket.receive('G');
    pass(1_000);
  }
  assert.deepEqual(script.refusals, []);
  pass(500);
  assert.deepEqual(script.refusals, ['request-timeout']);
  assert.match(socket.text, /408 Request Timeout/);
  assert.equal(socket.finished, true);
});

test('a head that begins right behind a reply has no more than its ten seconds either', () => {
  const { socket, script, clock } = bench();
  script.onRequest = echo;
  socket.receive(GET);
  clock.advance(200);
  socket.receive('GET /b HT');
  clock.advance(10_000);
  assert.deepEqual(script.refusals, []);
  clock.advance(300);
  assert.deepEqual(script.refusals, ['request-timeout']);
});

test('the time of a pipelined head begins when it is its turn', () => {
  const { socket, script, pass } = bench();
  socket.receive(`${GET}GET /b HT`);
  pass(60_000);
  script.seen[0]?.answer('late');
  pass(9_500);
  assert.deepEqual(script.refusals, []);
  pass(1_000);
  assert.deepEqual(script.refusals, ['request-timeout']);
});

test('a client that says nothing is closed without a word: after ten seconds at first, after a minute between requests', () => {
  const silent = bench();
  silent.pass(HEAD_MS);
  assert.equal(silent.socket.finished, true);
  assert.equal(silent.socket.text, '');
  const { socket, script, pass } = bench();
  script.onRequest = echo;
  pass(9_000);
  socket.receive(GET);
  pass(60_000);
  assert.equal(socket.finished, false);
  pass(500);
  assert.equal(socket.finished, true);
  assert.deepEqual(statusesOf(socket.text), [200]);
});

test('a body that stands still for thirty seconds is given up', () => {
  const { socket, script, pass } = bench({ bodyBytesPerSecond: 0 });
  script.onRequest = ({ exchange }) => exchange.receive();
  socket.receive(`${post('Content-Length: 10')}he`);
  pass(30_000);
  assert.deepEqual(script.seen[0]?.log, ['pieces']);
  pass(1_000);
  assert.deepEqual(script.seen[0]?.log, ['pieces', 'request-timeout']);
  pass(60_000);
  assert.deepEqual(script.seen[0]?.log, ['pieces', 'request-timeout']);
});

test('a body below 500 bytes a second is given up after the grace, one above is not', () => {
  for (const [bytes, givenUp] of [
    [490, true],
    [510, false],
  ] as const) {
    const { socket, script, pass } = bench();
    script.onRequest = ({ exchange }) => exchange.receive();
    socket.receive(post('Content-Length: 1000000'));
    pass(5_000);
    for (let second = 0; second < 40 && !socket.paused; second++) {
      socket.receive('x'.repeat(bytes));
      pass(1_000);
    }
    assert.equal(script.seen[0]?.log.includes('request-timeout'), givenUp, `${bytes} a second`);
  }
});

test('a body that was quick at first and then drips is given up half a minute later', () => {
  const { socket, script, pass } = bench();
  script.onRequest = ({ exchange }) => exchange.receive();
  socket.receive(post('Content-Length: 10000000'));
  for (let second = 0; second < 100; second++) {
    socket.receive('x'.repeat(50_000));
    pass(1_000);
  }
  for (let second = 0; second < 29; second++) {
    pass(1_000);
    socket.receive('x');
  }
  assert.deepEqual(new Set(script.seen[0]?.log), new Set(['pieces']));
  pass(2_000);
  assert.equal(script.seen[0]?.log.at(-1), 'request-timeout');
});

test('a body may stand still now and then, when it comes quickly in between', () => {
  const { socket, script, pass } = bench();
  script.onRequest = ({ exchange }) => exchange.receive();
  socket.receive(post('Content-Length: 10000000'));
  for (let round = 0; round < 20; round++) {
    socket.receive('x'.repeat(20_000));
    pass(28_000);
  }
  assert.deepEqual(new Set(script.seen[0]?.log), new Set(['pieces']));
});

test('what came before a handler paused counts when it goes on', () => {
  const { socket, script, pass } = bench();
  script.onRequest = ({ exchange }) => exchange.receive();
  socket.receive(post('Content-Length: 100000'));
  const seen = script.seen[0];
  assert.ok(seen !== undefined);
  pass(4_500);
  seen.takes = false;
  socket.receive('x'.repeat(20_000));
  pass(600_000);
  seen.takes = true;
  seen.exchange.resumeBody();
  pass(25_000);
  assert.equal(seen.log.includes('request-timeout'), false);
  pass(10_000);
  assert.equal(seen.log.at(-1), 'request-timeout');
});

test('a handler that pauses is not the client’s fault', () => {
  const { socket, script, pass } = bench();
  script.onRequest = ({ exchange }) => exchange.receive();
  socket.receive(post('Content-Length: 10'));
  const seen = script.seen[0];
  assert.ok(seen !== undefined);
  seen.takes = false;
  socket.receive('hello');
  pass(600_000);
  seen.takes = true;
  seen.exchange.resumeBody();
  pass(4_000);
  socket.receive('world');
  assert.deepEqual(seen.log, ['pieces', 'pieces', 'end']);
});

test('a client that takes nothing of its reply is given up after thirty seconds, and that is told', async () => {
  const { socket, script, stalled, pass } = bench();
  socket.receive(GET);
  socket.stuck = true;
  script.seen[0]?.exchange.begin(ownHead(200, 1_000_000));
  script.seen[0]?.exchange.write(Buffer.alloc(500_000, 'a'));
  for (let round = 0; round < 10; round++) {
    pass(20_000);
    socket.held -= 15_000;
  }
  assert.equal(socket.destroyed, false);
  pass(29_000);
  assert.deepEqual([socket.destroyed, stalled()], [false, 0]);
  pass(2_000);
  assert.deepEqual([socket.destroyed, stalled()], [true, 1]);
  await setImmediate();
  assert.deepEqual(script.seen[0]?.log, ['gone']);
  pass(2_000);
  assert.equal(stalled(), 1);
});

test('a client that takes its reply below 500 bytes a second is given up, one above is not', () => {
  for (const [bytes, givenUp] of [
    [4_900, true],
    [5_100, false],
  ] as const) {
    const { socket, script, pass } = bench();
    socket.receive(GET);
    socket.stuck = true;
    script.seen[0]?.exchange.begin(ownHead(200, 10_000_000));
    script.seen[0]?.exchange.write(Buffer.alloc(10_000_000, 'a'));
    for (let round = 0; round < 6; round++) {
      pass(10_000);
      socket.held -= bytes;
    }
    assert.equal(socket.destroyed, false);
    for (let round = 0; round < 200 && !socket.destroyed; round++) {
      pass(10_000);
      socket.held -= bytes;
    }
    assert.equal(socket.destroyed, givenUp);
  }
});

test('a stall is counted from when it began, not from the last write', () => {
  const { socket, script, pass } = bench();
  socket.receive(GET);
  script.seen[0]?.exchange.begin(ownHead(200, 1_000_000));
  pass(300_000);
  socket.stuck = true;
  script.seen[0]?.exchange.write(Buffer.alloc(50_000, 'a'));
  pass(25_000);
  assert.equal(socket.destroyed, false);
});

test('after the last reply the client may read it in peace: the wait for its closing begins when all has gone out', () => {
  const { socket, script, pass } = bench();
  socket.stuck = true;
  script.onRequest = echo;
  socket.receive(get('/a', 'Connection: close'));
  assert.equal(socket.finished, true);
  pass(20_000);
  assert.equal(socket.destroyed, false);
  socket.unstick();
  pass(3_000);
  assert.equal(socket.destroyed, false);
  pass(1_000);
  assert.equal(socket.destroyed, true);
});

test('what comes after the last reply is thrown away, up to a bound', () => {
  const { socket, script } = bench();
  script.onRequest = echo;
  socket.receive(get('/a', 'Connection: close'));
  const megabyte = Buffer.alloc(1_024 * 1_024);
  for (let count = 0; count < 16; count++) socket.receive(megabyte);
  assert.equal(socket.destroyed, false);
  socket.receive(megabyte);
  assert.equal(socket.destroyed, true);
});

test('a client that has closed its side and is sent nothing for half a second has gone, whether its reply has begun or not', async () => {
  for (const isBegun of [false, true]) {
    const { socket, script, stalled, pass } = bench();
    pass(4_990);
    socket.receive(GET);
    const { exchange, log } = script.seen[0] ?? assert.fail();
    if (isBegun) exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
    socket.hangUp();
    // The sweep right behind the end is not to count what was before it.
    pass(400);
    assert.equal(socket.destroyed, false, 'what comes soon is still sent');
    pass(600);
    assert.deepEqual([socket.destroyed, stalled()], [true, 0]);
    await setImmediate();
    assert.deepEqual(log, ['gone']);
  }
});

test('a client that has closed its side gets all of a reply that goes on', () => {
  const { socket, script, pass } = bench();
  socket.receive(GET);
  socket.hangUp();
  const { exchange } = script.seen[0] ?? assert.fail();
  exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  for (let round = 0; round < 8; round++) {
    pass(400);
    exchange.write(Buffer.from('data'));
  }
  exchange.finish();
  assert.equal(socket.text.split('data').length, 9);
  assert.equal(socket.destroyed, true);
});

test('a client that has closed its side behind several requests gets the replies that come soon, one after the other', () => {
  const { socket, script, pass } = bench();
  socket.receive(get('/a') + get('/b') + get('/c'));
  socket.hangUp();
  pass(400);
  script.seen[0]?.answer('first');
  pass(400);
  script.seen[1]?.answer('second');
  pass(1_000);
  assert.deepEqual([statusesOf(socket.text), socket.destroyed], [[200, 200], true]);
  script.seen[2]?.answer('too late');
  assert.doesNotMatch(socket.text, /late/);
});

test('a client that leaves before anybody asks for its body has gone too', async () => {
  const { socket, script, pass } = bench();
  socket.receive(post('Content-Length: 10'));
  socket.hangUp();
  pass(1_000);
  await setImmediate();
  assert.deepEqual([script.seen[0]?.log, socket.destroyed], [['gone'], true]);
});

test('draining closes what has been idle, lets a fresh connection say what it may be about to say, and keeps no other', () => {
  const idle = bench();
  idle.script.onRequest = echo;
  idle.socket.receive(GET);
  idle.pass(1_000);
  idle.connection.drain();
  assert.equal(idle.socket.finished, true);

  const fresh = bench();
  fresh.script.onRequest = echo;
  fresh.socket.receive(GET);
  fresh.connection.drain();
  assert.equal(fresh.socket.finished, false);
  fresh.socket.receive(GET);
  assert.deepEqual(statusesOf(fresh.socket.text), [200, 200]);
  assert.match(fresh.socket.text, /connection: close/);
  assert.equal(fresh.socket.finished, true);

  const quiet = bench();
  quiet.connection.drain();
  quiet.pass(500);
  assert.equal(quiet.socket.finished, true);
});

test('draining lets a client speak that has just been answered, however long ago the last sweep was', () => {
  const { socket, script, connection, clock, pass } = bench();
  script.onRequest = echo;
  pass(2_000);
  clock.advance(499);
  socket.receive(GET);
  connection.drain();
  clock.advance(400);
  assert.equal(socket.finished, false);
  socket.receive(GET);
  assert.deepEqual(statusesOf(socket.text), [200, 200]);
});

test('draining lets a client speak that was answered just before the last sweep', () => {
  const { socket, script, connection, clock } = bench();
  script.onRequest = echo;
  clock.advance(499);
  socket.receive(GET);
  clock.advance(1);
  connection.drain();
  clock.advance(400);
  assert.equal(socket.finished, false);
  socket.receive(GET);
  assert.deepEqual(statusesOf(socket.text), [200, 200]);
});

test('draining lets a client speak whose reply had begun before and ended just before a sweep', () => {
  const { socket, script, connection, clock } = bench();
  socket.receive(GET);
  script.seen[0]?.exchange.begin(ownHead(200, 1));
  connection.drain();
  clock.advance(499);
  script.seen[0]?.exchange.write(Buffer.from('a'));
  script.seen[0]?.exchange.finish();
  clock.advance(400);
  assert.equal(socket.finished, false);
  script.onRequest = echo;
  socket.receive(GET);
  assert.deepEqual(statusesOf(socket.text), [200, 200]);
});

test('draining lets a busy connection end its request, and tells the client when there is still time', () => {
  const { socket, script, connection } = bench();
  socket.receive(GET);
  connection.drain();
  script.seen[0]?.answer('done');
  assert.match(socket.text, /connection: close/);
  assert.equal(socket.finished, true);

  const begun = bench();
  begun.socket.receive(GET);
  begun.script.seen[0]?.exchange.begin(ownHead(200, 1));
  begun.connection.drain();
  begun.script.seen[0]?.exchange.write(Buffer.from('a'));
  begun.script.seen[0]?.exchange.finish();
  assert.equal(begun.socket.finished, false);
  begun.pass(1_000);
  assert.equal(begun.socket.finished, true);
});

test('a client that sends and never reads piles up no replies, and gets all of them once it reads', () => {
  const { socket, script } = bench();
  script.onRequest = (seen) => seen.exchange.send(ownHead(200, 30_000), Buffer.alloc(30_000, 'x'));
  socket.stuck = true;
  const pipelined = 50;
  socket.receive(GET.repeat(pipelined));
  assert.equal(script.seen.length, 3);
  assert.ok(socket.writableLength < 2 * 65_536);
  for (let reads = 0; reads < pipelined && script.seen.length < pipelined; reads++) {
    socket.unstick();
    socket.stuck = true;
  }
  assert.equal(script.seen.length, pipelined);
  assert.equal(statusesOf(socket.text).length, pipelined);
});

test('a client whose next request waits for it to read is not told that its head came too slowly', () => {
  const { socket, script, pass } = bench();
  script.onRequest = (seen) => seen.exchange.send(ownHead(200, 70_000), Buffer.alloc(70_000, 'x'));
  socket.stuck = true;
  socket.receive(GET + GET);
  pass(HEAD_MS);
  assert.deepEqual(script.refusals, []);
  socket.hangUp();
  assert.deepEqual(script.refusals, []);
  socket.unstick();
  assert.equal(script.seen.length, 2);
});
