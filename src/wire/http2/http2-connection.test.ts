import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { echo, ownHead } from '../peers.test.ts';
import type { ServerExchange } from '../server.ts';
import {
  block,
  data,
  get,
  greeted,
  Http2Bench,
  ids,
  PEER,
  ping,
  post,
  priority,
  reset,
  settings,
  SETTINGS_ACK,
  trailers,
  windowUpdate,
} from './connection-fixture.test.ts';
import { END_HEADERS, END_STREAM, frame, GREETING, PADDED, PRIORITY, word } from './frame-fixture.test.ts';
import { encodeFields } from './hpack-encoder.ts';
import { type ErrorCode, FrameType, Setting } from './protocol.ts';

test('a connection says first what it allows, and acknowledges what it is told', () => {
  const bench = new Http2Bench();
  assert.deepEqual(bench.told(), ['SETTINGS 000300000064000800000001000600004000', 'WINDOW 0 983041']);
  bench.send(GREETING);
  assert.deepEqual(bench.told(), ['SETTINGS ack']);
});

test('requests are handed over when the turn ends, whatever number of reads it had, in the order of their streams', async () => {
  const bench = greeted();
  bench.script.onRequest = echo;
  bench.send(get(1), get(3, { ':path': '/b' }));
  bench.send(get(5));
  assert.equal(bench.script.seen.length, 0);
  await bench.turn();
  assert.deepEqual(bench.told(), [
    'HEADERS 1 200',
    'DATA 1 "GET /a []" end',
    'HEADERS 3 200',
    'DATA 3 "GET /b []" end',
    'HEADERS 5 200',
    'DATA 5 "GET /a []" end',
  ]);
  assert.deepEqual(bench.counts, { connection: 0, stream: 3 });
  assert.equal(bench.script.seen[0]?.exchange.request.peer, PEER);
  assert.equal(bench.script.seen[0]?.exchange.memo, bench.script.seen[2]?.exchange.memo);
});

test('what is reset in the turn in which it came never reaches the handler', async () => {
  const bench = greeted();
  bench.send(get(1), reset(1), get(3), post(5), data(5, 'x'), reset(5));
  bench.send(reset(3), get(7));
  await bench.turn();
  assert.deepEqual(
    bench.script.seen.map(({ exchange }) => exchange.request.path),
    ['/a'],
  );
  assert.deepEqual(bench.faults, []);
});

test('what is reset later is told to its handler once, and nothing more is sent of it', async () => {
  const bench = greeted();
  bench.send(get(1));
  await bench.turn();
  const [seen] = bench.script.seen;
  bench.send(reset(1), reset(1));
  assert.deepEqual(seen?.log, ['gone']);
  seen?.answer('late');
  assert.deepEqual(bench.told(), []);
});

test('bodies are handed on behind a read as one, and what came before the handler wanted it is not lost', async () => {
  const bench = greeted();
  bench.script.onRequest = ({ exchange }) => exchange.receive();
  bench.send(post(1), data(1, 'a'), data(1, 'b'), get(3));
  await bench.turn();
  const [seen] = bench.script.seen;
  assert.deepEqual([seen?.log, seen?.body], [['pieces'], 'ab']);
  bench.send(data(1, 'c'), data(1, 'd'), data(1, 'e', true));
  assert.deepEqual([seen?.log, seen?.body], [['pieces', 'pieces', 'end'], 'abcde']);
  assert.equal(seen?.exchange.framing.kind, 'chunked');
});

test('a GET that does not end with its head waits for the first of its body, or for its end', async () => {
  const bench = greeted();
  const open = frame(FrameType.headers, END_HEADERS, 1, block());
  bench.send(open, frame(FrameType.headers, END_HEADERS, 3, block()), get(5));
  await bench.turn();
  assert.equal(bench.script.seen.length, 1);
  bench.send(data(1, '', true));
  await bench.turn();
  bench.send(data(3, 'x'));
  await bench.turn();
  assert.deepEqual(
    bench.script.seen.map(({ exchange }) => exchange.framing.kind),
    ['none', 'none', 'chunked'],
  );
});

test('a GET that waits for its body for ten seconds is refused', async () => {
  const bench = greeted();
  bench.send(frame(FrameType.headers, END_HEADERS, 1, block()));
  await bench.turn();
  bench.pass(10_500);
  await bench.turn();
  assert.deepEqual(bench.script.refusals, ['request-timeout']);
  assert.match(bench.told().join(), /HEADERS 1 408,.*RST 1 noError/);
});

test('sound trailers end a body; others reset the stream, and so do trailers that are not the end', async () => {
  const bench = greeted();
  bench.script.onRequest = ({ exchange }) => exchange.receive();
  bench.send(post(1), data(1, 'a'), trailers(1, ['x-sum', '1']));
  bench.send(post(3), trailers(3, [':path', '/b']), post(5), trailers(5, ['x-sum', '1'], false));
  bench.send(post(7), trailers(7, ['connection', 'close']));
  await bench.turn();
  assert.deepEqual(bench.script.seen[0]?.log, ['pieces', 'end']);
  assert.equal(bench.script.seen.length, 1);
  assert.deepEqual(bench.told(), ['RST 3 protocolError', 'RST 5 protocolError', 'RST 7 protocolError']);
  assert.deepEqual(bench.faults, ['trailers', 'trailers', 'trailers']);
});

test('a malformed head is reset without a reply, recorded, and the connection goes on', async () => {
  const bench = greeted();
  bench.script.onRequest = echo;
  bench.send(
    get(1, { ':path': 'no-slash' }),
    get(3, { connection: 'close' }),
    get(5, { 'content-length': '1' }),
    get(7),
  );
  await bench.turn();
  const [one, two, three, ...others] = bench.told();
  assert.deepEqual([one, two, three], ['RST 1 protocolError', 'RST 3 protocolError', 'RST 5 protocolError']);
  assert.deepEqual(others, ['HEADERS 7 200', 'DATA 7 "GET /a []" end']);
  assert.deepEqual(bench.script.refusals, [
    'malformed-pseudo-header',
    'connection-specific-field',
    'content-length-mismatch',
  ]);
  assert.deepEqual(bench.faults, ['malformed', 'malformed', 'content-length-mismatch']);
});

test('a message that is malformed behind its head is recorded once, also where its turn is not over', async () => {
  const bench = greeted();
  const three = { 'content-length': '3' };
  bench.send(
    post(1, three),
    data(1, 'abcd'),
    post(3, three),
    data(3, 'ab', true),
    post(5),
    trailers(5, [':path', '/b']),
  );
  bench.send(post(7, { ':path': '/%zz' }), trailers(7, ['a', 'b'], false), post(9), windowUpdate(9, 0));
  await bench.turn();
  const refusals = ['content-length-mismatch', 'content-length-mismatch', 'malformed-header', 'malformed-escape'];
  assert.deepEqual(bench.script.refusals, refusals);
  assert.equal(bench.script.seen.length, 0);
  bench.send(post(11, three));
  await bench.turn();
  bench.send(data(11, 'abcd'));
  bench.send(post(13), trailers(13, [':path', '/b']), post(15), windowUpdate(15, 0), get(17));
  await bench.turn();
  assert.deepEqual(bench.script.seen[0]?.log, ['gone']);
  assert.deepEqual(bench.script.refusals, [...refusals, 'malformed-header']);
  assert.ok(
    bench.script.bodies.every((sent) => !sent),
    'no body goes out where a stream is reset',
  );
});

test('of a message that turns out malformed behind the turn its handler is told what was wrong', async () => {
  const bench = greeted();
  bench.send(post(1, { 'content-length': '3' }), post(3, { 'content-length': '3' }), post(5), post(7), post(9));
  await bench.turn();
  bench.send(data(1, 'abcd'), data(3, 'ab', true), trailers(5, [':path', '/b']), reset(7), windowUpdate(9, 0));
  await bench.turn();
  assert.deepEqual(
    bench.script.seen.map(({ log, fault }) => [log.join(), fault]),
    [
      ['gone', 'content-length-mismatch'],
      ['gone', 'content-length-mismatch'],
      ['gone', 'malformed-header'],
      ['gone', null],
      ['gone', null],
    ],
  );
});

test('a head that is refused is answered when the turn ends; the rest of its body is not wanted', async () => {
  const bench = greeted();
  bench.send(
    get(1, { ':path': '/../..' }),
    post(3, { ':path': '/%zz' }),
    data(3, 'x'),
    get(5, { ':path': '/%zz' }),
    reset(5),
  );
  assert.deepEqual(bench.script.refusals, []);
  await bench.turn();
  assert.deepEqual(
    bench.told().map((line) => line.replace(/ (?:[0-9]+|") end| "\{.*/, '')),
    ['HEADERS 1 400', 'DATA 1', 'HEADERS 3 400', 'DATA 3', 'RST 3 noError'],
  );
  assert.equal(bench.script.seen.length, 0);
  assert.equal(bench.script.refusals.length, 2, 'the third was reset before');
  assert.deepEqual(bench.faults, []);
});

test('the refusal of a HEAD has no content, wherever its method stands', async () => {
  const bench = greeted();
  const late = [':path', `/${'x'.repeat(8_192)}`, ':method', 'HEAD', ':scheme', 'http', ':authority', 'a.test'];
  const early = { ':method': 'HEAD', bad_name: '1' };
  bench.send(get(1, early), frame(FrameType.headers, END_HEADERS | END_STREAM, 3, encodeFields(late)));
  bench.send(get(5, { bad_name: '1' }));
  await bench.turn();
  const [one, two, ...others] = bench.told();
  assert.deepEqual([one, two], ['HEADERS 1 400 end', 'HEADERS 3 414 end']);
  assert.match(others.join(), /^HEADERS 5 400,DATA 5 .* end$/);
});

test('the refusal of a head keeps to the window that the client gives', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 3]), get(1, { ':path': '/%zz' }));
  await bench.turn();
  assert.deepEqual(bench.told().slice(1), ['HEADERS 1 400', 'DATA 1 "{\\"t"']);
});

const GOAWAY = /^GOAWAY ([0-9]+) (.*)$/;

/** What ends a connection by a frame on it, behind a request on stream 1 that is whole and one on 3 that is not. */
const ENDINGS: readonly (readonly [what: string, frames: string, code: keyof typeof ErrorCode])[] = [
  ['HEADERS of an even number', get(2), 'protocolError'],
  ['HEADERS of a number that was left out', get(5) + get(9) + get(7), 'protocolError'],
  ['DATA on an idle stream', data(99, 'x'), 'protocolError'],
  ['DATA on an even stream', data(4, 'x'), 'protocolError'],
  ['RST_STREAM on an idle stream', reset(99), 'protocolError'],
  ['WINDOW_UPDATE on an idle stream', windowUpdate(99, 1), 'protocolError'],
  ['WINDOW_UPDATE of nothing on the connection', windowUpdate(0, 0), 'protocolError'],
  ['a connection window beyond what there is', windowUpdate(0, 0x7fffffff), 'flowControlError'],
  ['an initial window beyond what there is', settings([Setting.initialWindowSize, 0x80000000]), 'flowControlError'],
  [
    'an initial window that takes an open one beyond',
    windowUpdate(3, 0x7fffffff - 65_535) + settings([Setting.initialWindowSize, 65_536]),
    'flowControlError',
  ],
  ['ENABLE_PUSH of two', settings([Setting.enablePush, 2]), 'protocolError'],
  ['frames below 16 KiB', settings([Setting.maxFrameSize, 16_383]), 'protocolError'],
  ['PUSH_PROMISE', frame(FrameType.pushPromise, END_HEADERS, 3, word(2)), 'protocolError'],
  ['a priority of four octets on an idle stream', frame(FrameType.priority, 0, 99, '1234'), 'frameSizeError'],
  ['an idle stream that depends on itself', priority(99, 99), 'protocolError'],
  [
    'a block that can’t be decoded',
    frame(FrameType.headers, END_HEADERS, 5, '\xff\xff\xff\xff\xff\xff'),
    'compressionError',
  ],
  [
    'one that nobody would keep',
    get(5) + reset(5) + frame(FrameType.headers, END_HEADERS, 5, '\x80'),
    'compressionError',
  ],
  ['a thousand and one fields', frame(FrameType.headers, END_HEADERS, 5, '\x82'.repeat(1_001)), 'enhanceYourCalm'],
  ['a frame too long', frame(FrameType.data, 0, 3, 'x'.repeat(16_385)), 'frameSizeError'],
];

for (const [what, frames, code] of ENDINGS) {
  test(`a connection ends in order by ${what}`, async () => {
    const bench = greeted();
    bench.send(get(1), post(3));
    await bench.turn();
    bench.send(frames, get(101), 'whatever follows');
    await bench.turn();
    const last = bench.told().at(-1) ?? '';
    assert.deepEqual(GOAWAY.exec(last)?.slice(1), ['3', code], last);
    assert.equal(bench.faults.length, 1);
    assert.deepEqual(
      bench.script.seen.map(({ log }) => log),
      [['gone'], ['gone']],
    );
    assert.equal(bench.socket.finished, true);
    assert.equal(bench.socket.destroyed, false, 'else the client would lose what was said');
    assert.equal(bench.share.takenBytes, 0);
  });
}

test('what the handler does not know of is not among what a GOAWAY counts', async () => {
  const bench = greeted();
  bench.send(get(1));
  await bench.turn();
  bench.send(get(3), get(5), windowUpdate(0, 0));
  await bench.turn();
  assert.deepEqual(bench.told(), ['GOAWAY 1 protocolError']);
  assert.equal(bench.script.seen.length, 1);
});

/** What resets stream 3, whose body is coming, or stream 1, whose client has said all, and nothing else. */
const RESETS: readonly (readonly [what: string, frames: string, told: string])[] = [
  ['DATA behind the end', data(1, 'x'), 'RST 1 streamClosed'],
  ['HEADERS behind the end', get(1), 'RST 1 streamClosed'],
  ['a window opened by nothing', windowUpdate(1, 0), 'RST 1 protocolError'],
  ['a window beyond what there is', windowUpdate(1, 0x7fffffff), 'RST 1 flowControlError'],
  ['a priority of four octets', frame(FrameType.priority, 0, 1, '1234'), 'RST 1 frameSizeError'],
  ['a stream that depends on itself', priority(1, 1), 'RST 1 protocolError'],
  [
    'a new stream that depends on itself',
    frame(FrameType.headers, END_HEADERS | END_STREAM | PRIORITY, 5, `${word(5)}\x10${block()}`),
    'RST 5 protocolError',
  ],
  ['more DATA than was announced', data(3, 'xxxxxx'), 'RST 3 protocolError'],
  ['less DATA than was announced', data(3, 'xxxx', true), 'RST 3 protocolError'],
];

for (const [what, frames, told] of RESETS) {
  test(`a stream, and nothing but it, is reset by ${what}`, async () => {
    const bench = greeted();
    bench.send(get(1), post(3, { 'content-length': '5' }));
    await bench.turn();
    bench.send(frames);
    assert.deepEqual(bench.told(), [told]);
    assert.equal(bench.faults.length, 1);
    bench.script.onRequest = echo;
    bench.send(get(101));
    await bench.turn();
    assert.deepEqual(bench.told(), ['HEADERS 101 200', 'DATA 101 "GET /a []" end']);
  });

  test(`a hundred streams reset by ${what} are enough`, async () => {
    const bench = greeted({ streams: 1_000 });
    let id = 1;
    const count = (times: number): void => {
      for (let time = 0; time < times && !bench.socket.finished; time++, id += 6) {
        const at = (other: string): string =>
          other.replaceAll(/\0\0\0([\x01\x03\x05])/g, (_, octet: string) => word(id - 1 + octet.charCodeAt(0)));
        bench.send(get(id), post(id + 2, { 'content-length': '5' }), at(frames));
      }
    };
    count(100);
    assert.equal(bench.socket.finished, false);
    count(1);
    assert.match(bench.told().at(-1) ?? '', /^GOAWAY 0 enhanceYourCalm$/);
    assert.equal(bench.faults.at(-1), 'reset-flood');
    await bench.turn();
    assert.equal(bench.script.seen.length, 0);
  });
}

test('late frames on a stream that we have reset or answered are no fault, but counted', async () => {
  const bench = greeted();
  bench.script.onRequest = echo;
  bench.send(get(1), post(3));
  await bench.turn();
  bench.script.seen[1]?.answer('early');
  bench.told();
  bench.send(data(3, 'x'), windowUpdate(3, 1), windowUpdate(1, 1), trailers(3, ['x-sum', '1']), reset(3), reset(1));
  assert.deepEqual(bench.told(), []);
  assert.deepEqual(bench.faults, []);
});

test('what follows on a stream that was never opened, since it was malformed or one too many, is no fault', async () => {
  const bench = greeted({ streams: 1 });
  bench.send(post(1), post(3), data(3, 'x'), trailers(3, ['x-sum', '1']), windowUpdate(3, 1), reset(3));
  bench.send(post(5, { ':path': 'no-slash' }), data(5, 'x', true), post(5), reset(5));
  await bench.turn();
  assert.deepEqual(bench.told(), ['RST 3 refusedStream', 'RST 5 protocolError']);
  assert.deepEqual(bench.faults, ['refused', 'malformed']);
  assert.equal(bench.script.seen.length, 1);
});

test('HEADERS and DATA on a stream that is over are told apart as RFC 9113 asks', async () => {
  for (const [frames, told] of [
    [data(1, 'x'), 'RST 1 streamClosed'],
    [get(1), 'GOAWAY 3 streamClosed'],
    [reset(3) + data(3, 'x'), 'RST 3 streamClosed'],
    [reset(3) + get(3), 'RST 3 streamClosed'],
  ] as const) {
    const bench = greeted();
    bench.send(get(1), post(3));
    await bench.turn();
    bench.script.seen[0]?.answer('');
    bench.told();
    bench.send(frames);
    assert.deepEqual(bench.told(), [told]);
  }
});

/** Frames that cost nothing, the reason by which they end a connection, and how many are borne. */
const FLOODS: readonly (readonly [reason: string, frames: string, borne: number])[] = [
  ['ping-flood', ping(), 1_000],
  ['ping-flood', ping('nobody??', 1), 1_000],
  ['priority-flood', priority(99, 0), 1_000],
  ['window-update-flood', windowUpdate(3, 1), 1_000],
  ['window-update-flood', windowUpdate(0, 1), 1_000],
  ['empty-data-flood', data(3, ''), 1_000],
  ['empty-data-flood', frame(FrameType.data, PADDED, 3, '\x01\0'), 1_000],
  ['empty-data-flood', frame(FrameType.data, PADDED, 3, '\x03x\0\0\0'), 1_000],
  ['unknown-frame-flood', frame(0x77, 0, 3, 'x'), 1_000],
  ['unknown-frame-flood', frame(FrameType.goaway, 0, 0, word(0) + word(0)), 1_000],
  ['closed-stream-flood', reset(1), 1_000],
  ['closed-stream-flood', windowUpdate(1, 0), 1_000],
  ['closed-stream-flood', data(5, 'x'), 1_000],
  ['settings-flood', SETTINGS_ACK, 1_000],
  ['settings-flood', settings(), 19],
];

for (const [reason, frames, borne] of FLOODS) {
  test(`${borne} of ${JSON.stringify(frames.slice(0, 20))} are borne, and the next is ${reason}`, async () => {
    const bench = greeted();
    bench.send(get(1), post(3), post(5));
    await bench.turn();
    bench.script.seen[0]?.answer('');
    bench.script.seen[2]?.answer('');
    for (let time = 0; time < borne; time++) bench.send(frames);
    assert.deepEqual(bench.faults, []);
    bench.send(frames);
    assert.deepEqual(bench.faults, [reason]);
    assert.match(bench.told().at(-1) ?? '', /^GOAWAY 5 enhanceYourCalm$/);
  });
}

test('a client that has its reply octet by octet is not allowed more chatter for that', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 0]), get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('x'.repeat(5_000));
  for (let time = 0; time < 1_000; time++) bench.send(windowUpdate(1, 1));
  assert.deepEqual(bench.faults, []);
  assert.equal(bench.told().filter((line) => line === 'DATA 1 "x"').length, 1_000);
  bench.send(windowUpdate(1, 1));
  assert.deepEqual(bench.faults, ['window-update-flood']);
});

test('chatter is allowed again by time, and by each frame that is sent', async () => {
  const bench = greeted();
  bench.script.onRequest = echo;
  for (let time = 0; time < 1_000; time++) bench.send(ping());
  bench.send(get(1));
  await bench.turn();
  for (let time = 0; time < 8; time++) bench.send(ping());
  bench.pass(1_000);
  for (let time = 0; time < 50; time++) bench.send(ping());
  assert.deepEqual(bench.faults, []);
  for (let time = 0; time < 51; time++) bench.send(ping());
  assert.deepEqual(bench.faults, ['ping-flood']);
});

test('streams opened and reset by the client end the connection behind a hundred, and none reaches the handler', async () => {
  const bench = greeted();
  bench.send(...ids(100).flatMap((id) => [get(id), reset(id)]));
  assert.deepEqual(bench.faults, []);
  bench.send(...ids(2_900, 201).flatMap((id) => [get(id), reset(id)]));
  await bench.turn();
  assert.deepEqual(bench.faults, ['reset-flood']);
  assert.deepEqual(bench.told(), ['GOAWAY 0 enhanceYourCalm']);
  assert.equal(bench.script.seen.length, 0);
});

test('resets come back by time', async () => {
  const bench = greeted();
  bench.send(...ids(100).flatMap((id) => [get(id), reset(id)]));
  bench.pass(1_000);
  bench.send(...ids(10, 201).flatMap((id) => [get(id), reset(id)]));
  assert.deepEqual(bench.faults, []);
  bench.send(...ids(11, 221).flatMap((id) => [get(id), reset(id)]));
  assert.deepEqual(bench.faults, ['reset-flood']);
});

test('the hundred and first stream at once is refused, and its block is read all the same', async () => {
  const bench = greeted();
  bench.send(...ids(101).map((id) => get(id)));
  await bench.turn();
  assert.equal(bench.script.seen.length, 100);
  assert.deepEqual(bench.told(), ['RST 201 refusedStream']);
  assert.deepEqual(bench.faults, ['refused']);
  bench.script.seen[7]?.answer('');
  bench.send(get(203));
  await bench.turn();
  assert.equal(bench.script.seen.length, 101);
});

test('a client that closes its side gets the replies to what it has asked for whole', async () => {
  const bench = greeted();
  bench.send(get(1), post(3));
  await bench.turn();
  bench.script.seen[1]?.exchange.receive();
  bench.send(get(5), post(7), frame(FrameType.headers, END_HEADERS, 9, block()));
  bench.socket.hangUp();
  await bench.turn();
  assert.deepEqual(bench.script.seen[1]?.log, ['incomplete-request']);
  assert.deepEqual(bench.script.refusals, ['incomplete-request', 'incomplete-request']);
  assert.equal(bench.script.seen[2]?.exchange.request.path, '/a');
  for (const seen of bench.script.seen) seen.answer('');
  assert.equal(bench.socket.destroyed, false);
  await bench.turn();
  assert.equal(bench.socket.destroyed, true);
  assert.deepEqual(
    bench.told().filter((line) => line.startsWith('HEADERS')),
    ['HEADERS 7 400', 'HEADERS 9 400', 'HEADERS 1 200 end', 'HEADERS 3 200 end', 'HEADERS 5 200 end'],
  );
  assert.equal(bench.closed, 1);
});

test('requests of a client that has closed its side and is sent nothing are given up within a second', async () => {
  const bench = greeted();
  bench.pass(5_000);
  bench.send(get(1), get(3), post(5), data(5, 'x', true));
  await bench.turn();
  bench.script.seen[2]?.exchange.receive();
  bench.script.seen[1]?.exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  await bench.turn();
  // The sweep right behind the end is not to count what was before it.
  bench.pass(900);
  bench.socket.hangUp();
  await bench.turn();
  assert.equal(bench.left, 1);
  bench.pass(500);
  assert.equal(bench.socket.destroyed, false, 'what comes soon is still sent');
  bench.pass(500);
  await bench.turn();
  assert.equal(bench.socket.destroyed, true);
  assert.deepEqual(
    bench.script.seen.map(({ log }) => log.at(-1)),
    ['gone', 'gone', 'gone'],
  );
  assert.deepEqual(bench.faults, []);
});

test('a client that closes its side and takes nothing of what is begun is given up', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 0]), get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('held');
  bench.socket.hangUp();
  await bench.turn();
  bench.pass(1_000);
  await bench.turn();
  assert.equal(bench.socket.destroyed, true);
  assert.deepEqual(bench.faults, []);
});

test('when the socket is lost every open exchange is told once, and what was held is given back', async () => {
  const bench = greeted();
  bench.send(...ids(10).map((id) => get(id, { 'x-large': 'x'.repeat(15_000) })));
  await bench.turn();
  bench.socket.destroy();
  await bench.turn();
  assert.deepEqual(new Set(bench.script.seen.map(({ log }) => log.join())), new Set(['gone']));
  assert.equal(bench.share.takenBytes, 0);
  assert.equal(bench.closed, 1);
  bench.pass(100_000);
  assert.equal(bench.socket.ignoredWrites, 0);
});

test('when a connection ends, no stream that is not told yet writes behind it', async () => {
  const bench = greeted();
  bench.send(get(1), get(3), get(5));
  await bench.turn();
  const [one, two, three] = bench.script.seen;
  three?.exchange.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  if (one !== undefined) {
    one.onEvent = () => {
      two?.answer('x'.repeat(100_000));
      three?.exchange.write(Buffer.from('more'));
      three?.exchange.finish();
    };
  }
  bench.send(windowUpdate(0, 0));
  assert.deepEqual(bench.told(), ['HEADERS 5 200', 'GOAWAY 5 protocolError']);
  assert.equal(bench.socket.ignoredWrites, 0);
  assert.equal(bench.share.takenBytes, 0);
});

test('a connection that drains asks first, takes what was on its way, and names the last only then', async () => {
  const bench = greeted();
  bench.send(get(1));
  await bench.turn();
  bench.connection.drain();
  bench.connection.drain();
  assert.deepEqual(bench.told(), ['GOAWAY 2147483647 noError', 'PING draining']);
  bench.send(get(3), ping('draining', 1), get(5));
  await bench.turn();
  assert.deepEqual(bench.told(), ['GOAWAY 3 noError']);
  assert.equal(bench.script.seen.length, 2);
  for (const seen of bench.script.seen) seen.answer('');
  await bench.turn();
  assert.deepEqual(bench.told(), ['HEADERS 1 200 end', 'HEADERS 3 200 end']);
  assert.equal(bench.socket.finished, true);
  assert.deepEqual(bench.faults, []);
});

test('behind a reply that retires the connection the client is told so, and what is under way is taken', async () => {
  const bench = greeted();
  const later: ServerExchange[] = [];
  bench.script.onRequest = (seen) => {
    if (seen.exchange.request.path === '/no')
      seen.exchange.send({ ...ownHead(421, 2), retires: true }, Buffer.from('no'));
    else later.push(seen.exchange);
  };
  bench.send(get(1), get(3, { ':path': '/no' }), get(5));
  await bench.turn();
  const [said, body, ...rest] = bench.told();
  assert.deepEqual([said, body], ['HEADERS 3 421', 'DATA 3 "no" end']);
  assert.deepEqual(rest, ['GOAWAY 2147483647 noError', 'PING draining']);
  // One more was on its way when the client heard of it.
  bench.send(get(7), ping('draining', 1), get(9));
  await bench.turn();
  assert.deepEqual(bench.told(), ['GOAWAY 7 noError']);
  assert.equal(later.length, 3);
  for (const exchange of later) exchange.send(ownHead(200, 4), Buffer.from('late'));
  await bench.turn();
  assert.deepEqual(
    bench.told().filter((line) => line.startsWith('HEADERS')),
    ['HEADERS 1 200', 'HEADERS 5 200', 'HEADERS 7 200'],
  );
});

test('a client that does not answer the ping of a drain is told the last a second later', async () => {
  const bench = greeted();
  bench.connection.drain();
  bench.told();
  bench.send(ping('drained!', 1));
  bench.pass(1_000);
  assert.deepEqual(bench.told(), []);
  bench.pass(500);
  await bench.turn();
  assert.deepEqual(bench.told(), ['GOAWAY 0 noError']);
  assert.equal(bench.socket.finished, true);
});

test('behind the last request that a connection may have, it drains, and nothing is lost', async () => {
  const bench = greeted({ requestsPerConnection: 3 });
  bench.script.onRequest = echo;
  bench.send(get(1), get(3), get(5), get(7));
  await bench.turn();
  assert.equal(bench.script.seen.length, 4);
  assert.ok(bench.told().includes('GOAWAY 2147483647 noError'));
});

const FRAMES = fc.oneof(
  fc.constantFrom(get(1), get(3), post(5), post(7, { 'content-length': '3' }), get(9, { ':path': '/%zz' })),
  fc.constantFrom(data(1, 'x'), data(5, 'abc'), data(5, '', true), data(7, 'abc', true), data(3, 'x', true)),
  fc.constantFrom(reset(1), reset(5), windowUpdate(0, 1), windowUpdate(5, 0), ping(), priority(5, 5), settings()),
  fc.constantFrom(trailers(5, ['a', 'b']), SETTINGS_ACK, frame(0x77, 0, 0, 'x'), ping('draining', 1)),
  fc.tuple(fc.nat(12), fc.nat(255), fc.nat(9), fc.string({ unit: 'binary-ascii' })).map((parts) => frame(...parts)),
);

test('whatever comes, in whatever pieces, a connection says the same, and what it says ends in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(FRAMES, { maxLength: 20 }), fc.array(fc.nat(400)), async (frames, cuts) => {
      const text = GREETING + frames.join('');
      const outcome = async (pieces: readonly string[]): Promise<readonly string[]> => {
        const bench = new Http2Bench();
        bench.script.onRequest = echo;
        for (const piece of pieces) bench.send(piece);
        await bench.turn();
        bench.connection.drain();
        for (let time = 0; time < 2; time++) {
          bench.pass(40_000);
          await bench.turn();
        }
        assert.equal(bench.socket.destroyed, true);
        assert.equal(bench.socket.ignoredWrites, 0);
        assert.equal(bench.share.takenBytes, 0);
        return [...bench.told(), ...bench.faults, ...bench.script.refusals];
      };
      const at = [...new Set(cuts.filter((cut) => cut < text.length))].toSorted((one, other) => one - other);
      const pieces = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
      assert.deepEqual(await outcome(pieces), await outcome([text]));
    }),
    { numRuns: 200 },
  );
});
