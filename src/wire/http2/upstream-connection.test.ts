import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../upstream-peer.test.ts';
import { encodeFields } from './hpack-encoder.ts';
import { ErrorCode, FrameType } from './protocol.ts';
import {
  block,
  data,
  type FakeUpstream,
  firstWindow,
  frame,
  goaway,
  pair,
  reply,
  rst,
  streamsAtOnce,
  UpstreamBench,
  widen,
  word,
} from './upstream-fixture.test.ts';

const LONG = { kind: 'chunked' } as const;
const PADDED = 0x8;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

/** What becomes of two calls, the first of which is answered so. */
function answered(
  frames: readonly string[],
  request: Parameters<UpstreamBench['call']>[0] = {},
): { caller: Caller; other: Caller; peer: FakeUpstream; bench: UpstreamBench } {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened(request);
  const other = bench.call({ method: 'POST', target: '/other' });
  peer.says(...frames);
  return { caller, other, peer, bench };
}

const head = (...fields: readonly string[]): string => block(1, encodeFields(fields));
const large = encodeFields([':status', '200', 'a', 'x'.repeat(8_200)]);
const eleven = Array.from({ length: 11 }, () => reply(1, { status: '103' }));
/** What breaks a rule of one stream, and the code that it is reset with. */
const UNSOUND_REPLIES: Readonly<Record<string, readonly [frames: readonly string[], code: number]>> = {
  '101': [[reply(1, { status: '101' })], ErrorCode.protocolError],
  'no status': [[head('content-type', 'a/b')], ErrorCode.protocolError],
  'two statuses': [[head(':status', '200', ':status', '200')], ErrorCode.protocolError],
  'status behind a field': [[head('a', 'b', ':status', '200')], ErrorCode.protocolError],
  'status of four digits': [[head(':status', '2000')], ErrorCode.protocolError],
  'status below 100': [[head(':status', '099')], ErrorCode.protocolError],
  'a pseudo field of requests': [[head(':status', '200', ':path', '/')], ErrorCode.protocolError],
  connection: [[head(':status', '200', 'connection', 'close')], ErrorCode.protocolError],
  'keep-alive': [[head(':status', '200', 'keep-alive', 'timeout=5')], ErrorCode.protocolError],
  'transfer-encoding': [[head(':status', '200', 'transfer-encoding', 'chunked')], ErrorCode.protocolError],
  upgrade: [[head(':status', '200', 'upgrade', 'websocket')], ErrorCode.protocolError],
  'proxy-connection': [[head(':status', '200', 'proxy-connection', 'x')], ErrorCode.protocolError],
  'upper case': [[head(':status', '200', 'X-Upper', 'x')], ErrorCode.protocolError],
  'line break in a value': [[head(':status', '200', 'a', 'b\r\nset-cookie: c=d')], ErrorCode.protocolError],
  'zero octet in a value': [[head(':status', '200', 'a', 'b\0')], ErrorCode.protocolError],
  'a space before a value': [[head(':status', '200', 'a', ' b')], ErrorCode.protocolError],
  'two lengths': [[head(':status', '200', 'content-length', '1', 'content-length', '1')], ErrorCode.protocolError],
  'an odd length': [[head(':status', '200', 'content-length', '+1')], ErrorCode.protocolError],
  'a head that is too large': [
    [frame(1, 0, 1, large), frame(9, END_HEADERS, 1, encodeFields(['b', 'x'.repeat(8_200)]))],
    ErrorCode.protocolError,
  ],
  'an interim reply that ends the stream': [[reply(1, { status: '103', ends: true })], ErrorCode.protocolError],
  'a flood of interim replies': [eleven, ErrorCode.protocolError],
  'data before a head': [[data(1, 'x')], ErrorCode.protocolError],
  'data behind an interim head': [[reply(1, { status: '103' }), data(1, 'x')], ErrorCode.protocolError],
  'the end before a head': [[data(1, '', true)], ErrorCode.protocolError],
  'more data than announced': [
    [reply(1, { fields: ['content-length', '2'] }), data(1, 'abc')],
    ErrorCode.protocolError,
  ],
  'fewer data than announced': [
    [reply(1, { fields: ['content-length', '2'] }), data(1, 'a', true)],
    ErrorCode.protocolError,
  ],
  'no data where some are announced': [
    [reply(1, { fields: ['content-length', '2'], ends: true })],
    ErrorCode.protocolError,
  ],
  'data where none are announced': [
    [reply(1, { fields: ['content-length', '0'] }), data(1, 'a')],
    ErrorCode.protocolError,
  ],
  'data with 204': [[reply(1, { status: '204' }), data(1, 'a')], ErrorCode.protocolError],
  'trailers that do not end': [[reply(1), data(1, 'a'), reply(1, { status: '200' })], ErrorCode.protocolError],
  'a pseudo field in trailers': [[reply(1), reply(1, { ends: true })], ErrorCode.protocolError],
  'trailers before all data': [
    [reply(1, { fields: ['content-length', '2'] }), data(1, 'a'), block(1, encodeFields(['a', 'b']), true)],
    ErrorCode.protocolError,
  ],
  'a window opened by nothing': [[widen(1, 0)], ErrorCode.protocolError],
  'a window opened too far': [[widen(1, 0x7fff_ffff)], ErrorCode.flowControlError],
};

test('what is wrong with one reply ends that call and no other', () => {
  for (const [name, [frames, code]] of Object.entries(UNSOUND_REPLIES)) {
    const { caller, other, peer } = answered(frames);
    assert.equal(caller.failure?.code, 'upstream-malformed-reply', name);
    assert.equal(caller.ends, 1, name);
    assert.deepEqual(peer.resets, [`1 ${code}`], name);
    assert.deepEqual(other.log, [], name);
    peer.says(reply(3), data(3, 'fine', true));
    assert.equal(other.body, 'fine', name);
    assert.equal(peer.goneBy, null, name);
  }
});

/** What breaks a rule of the connection, and the code that it ends with. */
const UNSOUND_CONNECTIONS: Readonly<Record<string, readonly [frames: readonly string[], code: number]>> = {
  'a push': [[frame(FrameType.pushPromise, END_HEADERS, 1, word(2))], ErrorCode.protocolError],
  'a push that was said to be allowed': [[frame(4, 0, 0, pair(2, 1))], ErrorCode.protocolError],
  'a stream of the server': [[reply(2)], ErrorCode.protocolError],
  'a reply to nothing': [[reply(9)], ErrorCode.protocolError],
  'data of nothing': [[data(9, 'x')], ErrorCode.protocolError],
  'a reset of nothing': [[rst(9, 0)], ErrorCode.protocolError],
  'a window of nothing': [[widen(9, 1)], ErrorCode.protocolError],
  'a block that is no HPACK': [[block(1, '\xff\xff\xff\xff\xff\xff')], ErrorCode.compressionError],
  'an index of nothing': [[block(1, '\xbe')], ErrorCode.compressionError],
  'a table larger than allowed': [[block(1, '\x3f\xe2\x1f\x88')], ErrorCode.compressionError],
  'a block of too many fields': [[block(1, `\x88${'\x8f'.repeat(1_001)}`)], ErrorCode.enhanceYourCalm],
  'a block in too many pieces': [
    [frame(1, 0, 1, '\x88'), ...Array.from({ length: 17 }, () => frame(9, 0, 1, '\x8f'))],
    ErrorCode.enhanceYourCalm,
  ],
  'a block too long': [
    [frame(1, 0, 1, 'x'.repeat(16_384)), frame(9, 0, 1, 'x'.repeat(16_384)), frame(9, 0, 1, 'x')],
    ErrorCode.enhanceYourCalm,
  ],
  'a frame within a block': [[frame(1, 0, 1, '\x88'), data(3, 'x')], ErrorCode.protocolError],
  'a continuation of nothing': [[frame(9, END_HEADERS, 1, '\x88')], ErrorCode.protocolError],
  'a frame too long': [[data(1, 'x'.repeat(16_385))], ErrorCode.frameSizeError],
  'settings of a wrong length': [[frame(4, 0, 0, '12345')], ErrorCode.frameSizeError],
  'an acknowledgement with settings': [[frame(4, 1, 0, pair(1, 1))], ErrorCode.frameSizeError],
  'a ping of a wrong length': [[frame(6, 0, 0, '1234567')], ErrorCode.frameSizeError],
  'a reset of a wrong length': [[frame(3, 0, 1, '123')], ErrorCode.frameSizeError],
  'a window of a wrong length': [[frame(8, 0, 0, '12345')], ErrorCode.frameSizeError],
  'a priority of a wrong length': [[frame(2, 0, 1, '1234')], ErrorCode.frameSizeError],
  'more padding than room': [[frame(0, PADDED, 1, '\x05abc')], ErrorCode.protocolError],
  'settings on a stream': [[frame(4, 0, 1)], ErrorCode.protocolError],
  'data on no stream': [[data(0, 'x')], ErrorCode.protocolError],
  'an initial window too large': [[frame(4, 0, 0, pair(4, 0x8000_0000))], ErrorCode.flowControlError],
  'a frame size too small': [[frame(4, 0, 0, pair(5, 16_383))], ErrorCode.protocolError],
  'the connection’s window opened by nothing': [[widen(0, 0)], ErrorCode.protocolError],
  'the connection’s window opened too far': [[widen(0, 0x7fff_ffff)], ErrorCode.flowControlError],
  'a stream’s window shifted too far': [
    [widen(1, 0x7fff_ffff - 65_535), frame(4, 0, 0, pair(4, 65_536))],
    ErrorCode.flowControlError,
  ],
  'a flood of settings': [Array.from({ length: 40 }, () => frame(4, 0, 0)), ErrorCode.enhanceYourCalm],
  'too many settings in a frame': [[frame(4, 0, 0, pair(1, 1).repeat(33))], ErrorCode.enhanceYourCalm],
  'a flood of pings': [Array.from({ length: 1_100 }, () => frame(6, 0, 0, '12345678')), ErrorCode.enhanceYourCalm],
  'a flood of window updates': [Array.from({ length: 1_100 }, () => widen(0, 1)), ErrorCode.enhanceYourCalm],
  'a flood of empty data': [[reply(1), ...Array.from({ length: 1_100 }, () => data(1, ''))], ErrorCode.enhanceYourCalm],
  'a flood of padding': [
    [reply(1), ...Array.from({ length: 1_100 }, () => frame(0, PADDED, 1, `\x0aa${'\0'.repeat(10)}`))],
    ErrorCode.enhanceYourCalm,
  ],
  'a flood of unknown frames': [Array.from({ length: 1_100 }, () => frame(77, 0, 1)), ErrorCode.enhanceYourCalm],
  'a flood of priorities': [
    Array.from({ length: 1_100 }, () => frame(2, 0, 1, '\0\0\0\0\0')),
    ErrorCode.enhanceYourCalm,
  ],
  'a flood of farewells': [Array.from({ length: 1_100 }, () => goaway(99)), ErrorCode.enhanceYourCalm],
  'a flood of replies that nobody waits for': [
    [reply(1, { ends: true }), ...Array.from({ length: 1_100 }, () => reply(1))],
    ErrorCode.enhanceYourCalm,
  ],
};

test('what is wrong with the connection ends it, with all of its calls', () => {
  for (const [name, [frames, code]] of Object.entries(UNSOUND_CONNECTIONS)) {
    const { caller, other, peer, bench } = answered(frames);
    if (caller.log[0] !== 'whole') assert.equal(caller.failure?.code, 'upstream-malformed-reply', name);
    assert.equal(other.failure?.code, 'upstream-malformed-reply', name);
    assert.deepEqual([caller.ends, other.ends], [1, 1], name);
    assert.equal(peer.goneBy, code, name);
    assert.ok(peer.destroyed, name);
    assert.equal(bench.peers.length, 1, name);
    assert.deepEqual(bench.pool.counts, { idle: 0, busy: 0, waiting: 0 }, name);
  }
});

test('a server that does not begin with settings is not spoken to', () => {
  for (const text of ['HTTP/1.1 400 Bad Request\r\n\r\n', frame(6, 0, 0, '12345678'), frame(4, 1, 0), reply(1)]) {
    const bench = new UpstreamBench();
    const caller = bench.call();
    bench.peer().emit('connect');
    bench.peer().says(text);
    assert.equal(caller.failure?.code, 'upstream-malformed-reply');
    assert.deepEqual(bench.peer().asked, []);
    assert.ok(bench.peer().destroyed);
  }
});

test('a reply that is whole stays so, whatever its connection does behind it', () => {
  const { caller, other, peer } = answered([reply(1), data(1, 'whole', true), 'garbage that is no frame at all']);
  assert.deepEqual([caller.log, caller.body], [['whole'], 'whole']);
  assert.equal(other.failure?.code, 'upstream-malformed-reply');
  assert.ok(peer.destroyed);
});

test('a reply that is whole but not taken yet stays so too', async () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  caller.takes = false;
  peer.says(reply(1), data(1, 'first'));
  peer.says(data(1, 'last', true));
  peer.hangUp();
  assert.deepEqual(caller.log, ['head', 'pieces']);
  caller.takes = true;
  caller.call?.resume();
  await caller.over();
  assert.deepEqual([caller.log, caller.body], [['head', 'pieces', 'pieces', 'end'], 'firstlast']);
});

test('a reply to HEAD and one of 304 name a length and have none', () => {
  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '304'],
  ] as const) {
    const { caller } = answered([reply(1, { status, fields: ['content-length', '7'], ends: true })], { method });
    assert.deepEqual([caller.log, caller.reply?.announcedLength, caller.body], [['whole'], 7, '']);
  }
});

test('a reply that can have no body is whole with its head, whenever its stream ends', () => {
  const ends = [data(1, '', true), block(1, encodeFields(['x-late', '1']), true)];
  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '204'],
    ['GET', '304'],
  ] as const) {
    for (const end of ends) {
      const { caller, other, peer, bench } = answered([reply(1, { status })], { method });
      assert.deepEqual([caller.log, caller.reply?.status], [['whole'], Number(status)]);
      bench.pass(5_000);
      peer.says(end, reply(3, { ends: true }));
      assert.deepEqual([caller.log, other.log], [['whole'], ['whole']]);
      assert.deepEqual([peer.resets, peer.goneBy], [[], null]);
      assert.deepEqual(bench.pool.counts, { idle: 1, busy: 0, waiting: 0 });
    }
  }
});

test('a stream that does not end behind such a reply is reset after a while, and so is one whose request is not whole', () => {
  const { caller, other, peer, bench } = answered([reply(1, { status: '204' })]);
  bench.pass(20_500);
  assert.deepEqual(peer.resets, [`1 ${ErrorCode.cancel}`]);
  peer.says(reply(3, { ends: true }));
  assert.deepEqual([caller.log, other.log], [['whole'], ['whole']]);
  assert.deepEqual(bench.pool.counts, { idle: 1, busy: 0, waiting: 0 });

  const early = answered([reply(1, { status: '204' })], { method: 'POST', framing: LONG });
  assert.deepEqual([early.caller.log, early.peer.resets], [['whole'], [`1 ${ErrorCode.cancel}`]]);
});

test('interim replies and trailers are what they are', () => {
  const hints = reply(1, { status: '103', fields: ['link', '</a>'] });
  const { caller } = answered([
    hints,
    hints,
    reply(1),
    data(1, 'x'),
    block(1, encodeFields(['grpc-status', '0']), true),
  ]);
  assert.deepEqual(
    [caller.log, caller.body, caller.trailers],
    [['interim 103', 'interim 103', 'head', 'pieces', 'end'], 'x', 'grpc-status: 0\r\n'],
  );
});

test('trailers that come later than the body are the end of it', () => {
  const { caller, peer } = answered([reply(1), data(1, 'x')]);
  assert.deepEqual(caller.log, ['head', 'pieces']);
  peer.says(block(1, encodeFields(['grpc-status', '5', 'server', 'x', 'grpc-message', 'no such']), true));
  assert.deepEqual(
    [caller.log, caller.trailers],
    [['head', 'pieces', 'end'], 'grpc-status: 5\r\nserver: x\r\ngrpc-message: no such\r\n'],
  );
});

test('a head that ends its stream is all of a reply', () => {
  const { caller } = answered([reply(1, { fields: ['grpc-status', '12'], ends: true })]);
  assert.deepEqual([caller.log, caller.reply?.fields.get('grpc-status')], [['whole'], '12']);
});

test('fields come as they were sent, and those of others’ software are not passed on', () => {
  const fields = ['content-type', 'text/plain', 'server', 'x', 'set-cookie', 'a=b', 'set-cookie', 'c=d'];
  const { caller } = answered([reply(1, { fields }), data(1, 'x', true)]);
  assert.equal(caller.reply?.fields.keptLines(), 'content-type: text/plain\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n');
});

test('a body that is not taken stops its stream at its window, and no other', async () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  const other = bench.call();
  caller.takes = false;
  const piece = 'x'.repeat(16_384);
  peer.says(reply(1), data(1, piece), data(1, piece), data(1, piece), data(1, 'y'.repeat(16_000)));
  assert.equal(caller.body.length, 65_152, 'one read, handed on as one');
  assert.deepEqual(peer.all('windowUpdate').slice(1), [], 'nothing of the stream was given back');
  for (let round = 0; round < 40; round++) peer.says(round === 0 ? reply(3) : '', data(3, piece));
  assert.equal(other.body.length, 40 * 16_384);
  assert.equal(peer.all('windowUpdate').filter(([, id]) => id === 1).length, 0);
  caller.takes = true;
  caller.call?.resume();
  assert.deepEqual(
    peer.all('windowUpdate').filter(([, id]) => id === 1),
    [['windowUpdate', 1, 65_152]],
  );
  peer.says(data(1, 'end', true));
  await caller.over();
  assert.equal(caller.body.length, 65_155);
});

test('many bodies that are not taken hold up no other', () => {
  const bench = new UpstreamBench();
  const slow = Array.from({ length: 30 }, () => {
    const caller = bench.call();
    caller.takes = false;
    return caller;
  });
  const peer = bench.peer().greet();
  const other = bench.call();
  for (const [at] of slow.entries()) {
    const id = 2 * at + 1;
    peer.says(
      reply(id),
      ...Array.from({ length: 3 }, () => data(id, 'x'.repeat(16_384))),
      data(id, 'y'.repeat(16_000)),
    );
  }
  peer.says(reply(61), data(61, 'fine', true));
  assert.equal(other.body, 'fine');
  const given = peer.all('windowUpdate').slice(1);
  assert.ok(given.length > 0 && given.every(([, id]) => id === 0));
  assert.ok(slow.every(({ ends }) => ends === 0));
});

test('one that sends on beyond the window of its stream is cut off', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  caller.takes = false;
  const piece = 'x'.repeat(16_384);
  peer.says(reply(1), ...Array.from({ length: 4 }, () => data(1, piece)));
  assert.equal(caller.failure?.code, 'upstream-malformed-reply');
  assert.deepEqual(peer.resets, [`1 ${ErrorCode.flowControlError}`]);
  assert.equal(peer.goneBy, null);
});

test('data that nobody takes any more are given back to the connection', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  const given = [caller, ...Array.from({ length: 39 }, () => bench.call())];
  const other = bench.call();
  for (const { call } of given) call?.abort();
  for (const [at] of given.entries())
    for (let round = 0; round < 3; round++) peer.says(data(2 * at + 1, 'x'.repeat(16_384)));
  peer.says(reply(81), data(81, 'fine', true));
  assert.equal(other.body, 'fine');
  assert.equal(peer.goneBy, null);
});

test('an upstream that sends on and on what nobody takes any more is left', () => {
  for (const end of ['abort', 'reply'] as const) {
    const bench = new UpstreamBench();
    const { caller, peer } = bench.opened();
    if (end === 'abort') caller.call?.abort();
    else peer.says(reply(1, { ends: true }));
    const windows = end === 'abort' ? 2 : 1;
    for (let round = 0; round < windows; round++) {
      for (let piece = 0; piece < 3; piece++) peer.says(data(1, 'x'.repeat(16_384)));
      peer.says(data(1, 'x'.repeat(16_383)));
      assert.equal(peer.goneBy, null, end);
    }
    peer.says(data(1, 'x'));
    assert.equal(peer.goneBy, ErrorCode.enhanceYourCalm, end);
  }
});

test('a reply that is whole and not taken counts for us, and not for the upstream', async () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 200 });
  const { caller, peer } = bench.opened({}, streamsAtOnce(1));
  caller.takes = false;
  peer.says(reply(1), data(1, 'first'));
  const second = bench.call();
  assert.deepEqual(peer.asked, [1]);
  peer.says(data(1, 'last', true));
  assert.deepEqual(peer.asked, [1, 3], 'the upstream has ended its side');
  peer.says(reply(3, { ends: true }));
  assert.deepEqual(second.log, ['whole']);
  for (let id = 5; id < 5 + 2 * 99; id += 2) {
    const slow = bench.call();
    slow.takes = false;
    peer.says(reply(id), data(id, 'first'));
    peer.says(data(id, 'last', true));
  }
  bench.call();
  assert.equal(peer.asked.length, 101, 'but a hundred of them are enough');
  caller.call?.resume();
  await caller.over();
  assert.equal(caller.body, 'firstlast');
  assert.equal(peer.asked.length, 102);
});

test('a reply that comes before its request is whole resets the stream, and who waits to send on hears that it may', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'POST', framing: LONG }, firstWindow(10));
  caller.takes = false;
  assert.equal(caller.call?.write([Buffer.from('more than its window')]), false);
  peer.says(reply(1, { status: '413' }), data(1, 'too'));
  peer.says(data(1, ' much', true));
  assert.deepEqual(peer.resets, [`1 ${ErrorCode.cancel}`]);
  assert.equal(caller.log.at(-1), 'drained');
  assert.equal(caller.call?.write([Buffer.from('x')]), true, 'and goes nowhere');
  assert.equal(peer.sent(1), 10);
});

test('an upstream that takes nothing gets no more calls, and is given up', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 200 });
  const { caller, peer } = bench.opened();
  peer.stuck = true;
  const lines = `x-long: ${'x'.repeat(8_000)}\r\n`;
  for (let count = 0; count < 60; count++) bench.call({ lines });
  const asked = peer.asked.length;
  assert.ok(asked > 30 && asked < 40, String(asked));
  peer.unstick();
  bench.pass(500);
  assert.equal(peer.asked.length, 61, 'what waited goes when there is room');
  peer.stuck = true;
  bench.call();
  for (let second = 0; second < 31; second++) {
    peer.says(reply(1, { status: '103' }).repeat(second === 0 ? 1 : 0), frame(6, 0, 0, '12345678'));
    bench.pass(1_000);
  }
  assert.equal(caller.failure?.code, 'upstream-timeout');
  assert.ok(peer.destroyed);
});

test('padding counts for the windows and is given back', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  const padded = frame(0, PADDED, 1, `\xff${'x'.repeat(300)}${'\0'.repeat(255)}`);
  peer.says(reply(1));
  for (let count = 0; count < 300; count++) peer.says(padded);
  peer.says(data(1, '', true));
  assert.equal(caller.body.length, 90_000);
  assert.deepEqual(caller.log.at(-1), 'end');
});

test('a request body goes no further than the windows, and goes on when they open', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'POST', framing: LONG }, firstWindow(10));
  assert.equal(caller.call?.write([Buffer.from('0123456789'), Buffer.from('abcdef')]), false);
  assert.equal(peer.sent(1), 10);
  peer.says(widen(1, 4));
  assert.equal(peer.sent(1), 14);
  assert.deepEqual(caller.log, []);
  peer.says(frame(4, 0, 0, firstWindow(12)));
  assert.equal(peer.sent(1), 16);
  assert.deepEqual(caller.log, ['drained']);
  caller.call?.finish();
  assert.deepEqual(peer.all('dataEnds').at(-1), ['dataEnds', 1, 0, true]);
});

test('a whole large body is held for the windows, and its end goes with it', () => {
  const bench = new UpstreamBench();
  const bytes = 200_000;
  const { caller, peer } = bench.opened({ method: 'POST', framing: { kind: 'length', bytes } });
  caller.call?.write([Buffer.alloc(bytes, 'a')]);
  caller.call?.finish();
  assert.equal(peer.sent(1), 65_535);
  for (let round = 0; round < 20 && peer.sent(1) < bytes; round++) peer.says(widen(0, 16_384), widen(1, 16_384));
  assert.equal(peer.sent(1), bytes);
  assert.deepEqual(peer.all('dataEnds').filter(([, , , ends]) => ends === true).length, 1);
});

test('a body that is longer or shorter than announced is never ended in order', () => {
  for (const body of ['abc', 'a']) {
    const bench = new UpstreamBench();
    const { caller, peer } = bench.opened({ method: 'POST', framing: { kind: 'length', bytes: 2 } });
    caller.call?.write([Buffer.from(body)]);
    caller.call?.finish();
    assert.equal(caller.failure?.code, 'upstream-unreachable');
    assert.deepEqual(peer.resets, [`1 ${ErrorCode.cancel}`]);
    assert.equal(peer.all('dataEnds').filter(([, , , ends]) => ends === true).length, 0);
  }
});

test('a reply that comes before the request is whole ends it, and what is written still is thrown away', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'POST', framing: LONG });
  caller.call?.write([Buffer.from('ab')]);
  peer.says(reply(1, { status: '413', ends: true }), rst(1, ErrorCode.noError));
  assert.deepEqual(caller.log, ['whole']);
  assert.equal(caller.call?.write([Buffer.from('cd')]), true);
  caller.call?.finish();
  assert.equal(peer.sent(1), 2);
  assert.deepEqual(peer.resets, [`1 ${ErrorCode.cancel}`]);
  assert.equal(peer.goneBy, null);
});

test('a reply may begin before the request is whole, and both go on', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'POST', framing: LONG });
  for (let count = 0; count < 3; count++) {
    caller.call?.write([Buffer.from('ping')]);
    peer.says(count === 0 ? reply(1) : '', data(1, 'pong'));
  }
  caller.call?.finish();
  peer.says(data(1, '', true));
  assert.deepEqual([caller.body, peer.sent(1), caller.log.at(-1)], ['pongpongpong', 12, 'end']);
  assert.deepEqual(peer.resets, []);
});

test('no head and no body in time end the call, and the connection goes on', () => {
  const bench = new UpstreamBench({ responseMs: 5_000, idleMs: 2_000 });
  const { caller: silent, peer } = bench.opened();
  const stuck = bench.call();
  const kept = bench.call();
  peer.says(reply(3), data(3, 'half'), reply(5), data(5, 'a'));
  for (let count = 0; count < 4; count++) {
    bench.pass(1_000);
    peer.says(data(5, 'b'));
  }
  assert.equal(stuck.failure?.code, 'upstream-timeout');
  assert.deepEqual(silent.log, []);
  bench.pass(1_500);
  assert.equal(silent.failure?.code, 'upstream-timeout');
  assert.deepEqual(peer.resets, [`3 ${ErrorCode.cancel}`, `1 ${ErrorCode.cancel}`]);
  peer.says(data(5, 'c', true));
  assert.equal(kept.body, 'abbbbc');
});

test('one call may be given more time between its bytes than the others', () => {
  const bench = new UpstreamBench({ responseMs: 5_000, idleMs: 2_000 });
  const { caller: patient, peer } = bench.opened();
  const other = bench.call();
  peer.says(reply(1), data(1, 'a'), reply(3), data(3, 'b'));
  patient.call?.allowIdle(10_000);
  bench.pass(3_000);
  assert.equal(other.failure?.code, 'upstream-timeout');
  assert.equal(patient.ends, 0);
  bench.pass(8_000);
  assert.deepEqual(patient.failure, { code: 'upstream-timeout', detail: 'nothing for 10000 ms' });
});

test('a call that may stand still is waited for, before its head and behind it', () => {
  const bench = new UpstreamBench({ responseMs: 5_000, idleMs: 2_000 });
  const { caller, peer } = bench.opened({ mayStandStill: true });
  const other = bench.call();
  const answerPings = (): void => {
    for (const [, opaque] of peer.all('ping').slice(peer.all('pingAck').length))
      peer.says(frame(6, 1, 0, String(opaque)));
  };
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      bench.pass(1_000);
      answerPings();
    }
  };
  pass(30_000);
  assert.equal(other.failure?.code, 'upstream-timeout');
  peer.says(reply(1), data(1, 'x'));
  pass(30_000);
  peer.says(data(1, 'y', true));
  assert.deepEqual([caller.log.at(-1), caller.body], ['end', 'xy']);
});

test('what waits for the client takes none of the upstream’s time', () => {
  const bench = new UpstreamBench({ responseMs: 2_000, idleMs: 2_000 });
  const { caller: slowBody, peer } = bench.opened({ method: 'POST', framing: LONG });
  const slowReader = bench.call();
  slowReader.takes = false;
  peer.says(reply(3), data(3, 'x'));
  for (let count = 0; count < 8; count++) {
    bench.pass(1_000);
    if (count === 4) peer.says(frame(6, 1, 0, 'are you?'));
  }
  assert.deepEqual([slowBody.ends, slowReader.ends], [0, 0]);
  slowBody.call?.write([Buffer.from('x')]);
  slowBody.call?.finish();
  bench.pass(3_000);
  assert.equal(slowBody.failure?.code, 'upstream-timeout');
});

test('an upstream that takes no more of a body has its time too', () => {
  const bench = new UpstreamBench({ responseMs: 2_000 });
  const { caller, peer } = bench.opened({ method: 'POST', framing: LONG }, firstWindow(4));
  caller.call?.write([Buffer.from('12345678')]);
  bench.pass(1_000);
  peer.says(widen(1, 2));
  bench.pass(2_000);
  assert.deepEqual(caller.log, []);
  bench.pass(1_500);
  assert.equal(caller.failure?.code, 'upstream-timeout');
});

test('an upstream that is silent while a call waits is asked whether it is there, less and less often', () => {
  const bench = new UpstreamBench({ responseMs: 600_000 });
  const { caller, peer } = bench.opened();
  const asked: number[] = [];
  for (let second = 1; second <= 100; second++) {
    bench.pass(1_000);
    if (peer.all('ping').length > asked.length) {
      asked.push(second);
      peer.says(frame(6, 1, 0, 'are you?'));
    }
  }
  assert.deepEqual(asked, [11, 32, 73]);
  assert.deepEqual(caller.log, []);
  bench.pass(100_000);
  assert.equal(caller.failure?.code, 'upstream-timeout');
  assert.ok(peer.destroyed);
  assert.equal(bench.peers.length, 1, 'a timeout is not asked again');
});

test('a frame that never ends is no sign of life', () => {
  const bench = new UpstreamBench({ responseMs: 600_000 });
  const { caller, peer } = bench.opened();
  peer.says(Buffer.from([0, 0x10, 0, 1, 4, 0, 0, 0, 1]).toString('latin1'));
  for (let second = 0; second < 23; second++) {
    bench.pass(1_000);
    if (!peer.destroyed) peer.says('\x8f');
  }
  assert.equal(caller.failure?.code, 'upstream-timeout');
});

test('settings that are not acknowledged end the connection', () => {
  const bench = new UpstreamBench();
  const caller = bench.call();
  bench.peer().emit('connect');
  bench.peer().says(frame(4, 0, 0));
  bench.pass(9_500);
  assert.deepEqual(caller.log, []);
  bench.pass(1_500);
  assert.equal(bench.peer().goneBy, ErrorCode.settingsTimeout);
  assert.match(caller.failure?.code ?? '', /^upstream-/);
});

test('pings are answered, and a ping’s answer that nobody asked for is only counted', () => {
  const { peer } = answered([frame(6, 0, 0, 'abcdefgh'), frame(6, 1, 0, 'are you?')]);
  assert.deepEqual(peer.all('pingAck'), [['pingAck', 'abcdefgh']]);
  assert.equal(peer.goneBy, null);
});

test('a caller may do anything in any event', () => {
  for (const event of ['interim 103', 'head', 'pieces', 'whole']) {
    const bench = new UpstreamBench();
    const { caller, peer } = bench.opened();
    let next: Caller | null = null;
    caller.onEvent = (told) => {
      if (told !== event) return;
      caller.call?.abort();
      next = bench.call({ target: '/next' });
    };
    const ends = event === 'whole';
    peer.says(reply(1, { status: '103' }), reply(1), data(1, 'x', ends));
    peer.says(data(1, 'y', true));
    assert.equal(caller.log.at(-1), event);
    assert.deepEqual(peer.asked, [1, 3]);
    peer.says(reply(3), data(3, 'z', true));
    assert.equal((next as Caller | null)?.body, 'z');
  }
});

test('flags that mean nothing, unknown settings and frames are passed over', () => {
  const { caller } = answered([
    frame(4, 0, 0, pair(0xabcd, 7) + pair(8, 1) + pair(1, 0) + pair(6, 1)),
    frame(0xbb, 0xff, 1, 'anything'),
    frame(1, END_HEADERS | 0x40, 1, encodeFields([':status', '200'])),
    frame(0, END_STREAM | 0x40, 1, 'x'),
  ]);
  assert.deepEqual([caller.log, caller.body], [['whole'], 'x']);
});
