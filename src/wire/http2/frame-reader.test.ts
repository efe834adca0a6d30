import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  END_HEADERS,
  END_STREAM,
  faultOf,
  filler,
  frame,
  GREETING,
  head,
  newReading,
  PADDED,
  pair,
  PREFACE,
  PRIORITY,
  SETTINGS,
  toldOf,
  word,
} from './frame-fixture.test.ts';
import { Flag, FrameType, HTTP2_BOUNDS } from './protocol.ts';

const { data, headers, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } =
  FrameType;
const ALL_TYPES = Object.values(FrameType);
const { frameBytes, headerBlockBytes, continuations, settingsPerFrame } = HTTP2_BOUNDS;
const UNKNOWN = 0xbe;

const RESERVED = 0x80000000;

test('each frame is told of with what it says', () => {
  assert.deepEqual(toldOf(frame(data, 0, 1, 'hello')), [
    ['dataBegins', 1, 5],
    ['data', 1, 'hello'],
    ['dataEnds', 1, 5, false],
  ]);
  assert.deepEqual(toldOf(frame(headers, END_HEADERS | END_STREAM, 3, 'block')), [
    ['headerBlock', 3, true, -1, 'block'],
  ]);
  assert.deepEqual(toldOf(frame(priority, 0, 3, `${word(1)}x`)), [['priority', 3, 1, true]]);
  assert.deepEqual(toldOf(frame(rstStream, 0, 3, word(8))), [['reset', 3, 8]]);
  assert.deepEqual(toldOf(frame(settings, 0, 0, pair(4, 0) + pair(0xfffe, 0xffffffff))), [
    ['setting', 4, 0],
    ['setting', 0xfffe, 0xffffffff],
    ['settingsEnd'],
  ]);
  assert.deepEqual(toldOf(frame(settings, Flag.ack, 0)), [['settingsAck']]);
  assert.deepEqual(toldOf(frame(ping, 0, 0, '\0\x01\x7f\x80\xff\r\n ')), [['ping', '\0\x01\x7f\x80\xff\r\n ']]);
  assert.deepEqual(toldOf(frame(ping, Flag.ack, 0, '12345678')), [['pingAck', '12345678']]);
  assert.deepEqual(toldOf(frame(goaway, 0, 0, word(7) + word(2))), [['goaway', 7, 2]]);
  assert.deepEqual(toldOf(frame(windowUpdate, 0, 0, word(5))), [['windowUpdate', 0, 5]]);
  assert.deepEqual(toldOf(frame(windowUpdate, 0, 9, word(0))), [['windowUpdate', 9, 0]]);
  assert.deepEqual(toldOf(frame(UNKNOWN, 0xff, 9, 'anything')), [['unknown', UNKNOWN]]);
});

test('reserved bits mean nothing, and codes use all of theirs', () => {
  assert.deepEqual(toldOf(frame(headers, END_HEADERS, RESERVED + 3, 'b')), [['headerBlock', 3, false, -1, 'b']]);
  assert.deepEqual(toldOf(frame(windowUpdate, 0, 1, word(0xffffffff))), [['windowUpdate', 1, 0x7fffffff]]);
  assert.deepEqual(toldOf(frame(windowUpdate, 0, 1, word(RESERVED))), [['windowUpdate', 1, 0]]);
  assert.deepEqual(toldOf(frame(goaway, 0, 0, word(0xffffffff) + word(0xffffffff))), [
    ['goaway', 0x7fffffff, 0xffffffff],
  ]);
  assert.deepEqual(toldOf(frame(rstStream, 0, 0xffffffff, word(0xfffffffe))), [['reset', 0x7fffffff, 0xfffffffe]]);
  assert.deepEqual(toldOf(frame(priority, 0, 3, `${word(RESERVED + 5)}x`)), [['priority', 3, 5, true]]);
  assert.deepEqual(toldOf(frame(ping, 0xfe, 0, '12345678')), [['ping', '12345678']]);
  assert.deepEqual(toldOf(frame(settings, 0xfe, 0)), [['settingsEnd']]);
});

test('frames behind one another are told of one by one, however many lie in a read', () => {
  const told = toldOf(
    frame(headers, END_HEADERS, 1, 'one') + frame(data, END_STREAM, 1) + frame(headers, 5, 3) + frame(UNKNOWN, 0, 0),
    frame(ping, 0, 0, '12345678'),
  );
  assert.deepEqual(told, [
    ['headerBlock', 1, false, -1, 'one'],
    ['dataBegins', 1, 0],
    ['dataEnds', 1, 0, true],
    ['headerBlock', 3, true, -1, ''],
    ['unknown', UNKNOWN],
    ['ping', '12345678'],
  ]);
});

test('a server wants the preface, each octet of it, and says so at the first that differs', () => {
  for (let at = 0; at < PREFACE.length; at++) {
    const { events, reader, read } = newReading();
    read(PREFACE.slice(0, at));
    assert.deepEqual(events.told, []);
    assert.equal(reader.partial, 'preface');
    read(String.fromCharCode(PREFACE.charCodeAt(at) ^ 0x20));
    assert.deepEqual(events.told, [['fault', 'bad-preface']]);
  }
  for (const text of [
    'GET / HTTP/1.1\r\n\r\n',
    SETTINGS,
    'pri * http/2.0\r\n',
    '\0',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\n\n',
  ]) {
    const { events, read } = newReading();
    read(text);
    assert.deepEqual(events.told, [['fault', 'bad-preface']], JSON.stringify(text));
  }
});

test('a client wants no preface', () => {
  const { events, read } = newReading('client');
  read(SETTINGS + frame(headers, END_HEADERS, 1, 'x'));
  assert.deepEqual(events.told, [['settingsEnd'], ['headerBlock', 1, false, -1, 'x']]);
  const wrong = newReading('client');
  wrong.read('HTTP/1.1 400 Bad Request\r\n');
  assert.deepEqual(wrong.events.told, [['fault', 'bad-preface']]);
});

test('the first frame is SETTINGS, and no acknowledgement', () => {
  const firsts = [...ALL_TYPES, UNKNOWN].filter((type) => type !== settings).map((type) => frame(type, 0, 0));
  for (const first of [...firsts, frame(settings, Flag.ack, 0)]) {
    for (const role of ['server', 'client'] as const) {
      const { events, read } = newReading(role);
      read((role === 'server' ? PREFACE : '') + first);
      assert.deepEqual(events.told, [['fault', 'bad-preface']]);
    }
  }
});

test('a payload of a frame may be as long as its bound, and the head of a longer one is a fault by itself', () => {
  for (const type of [data, headers, UNKNOWN, goaway]) {
    const streamId = type === goaway ? 0 : 1;
    assert.equal(faultOf(frame(type, END_HEADERS, streamId, filler(frameBytes))), null);
    assert.equal(faultOf(head(type, END_HEADERS, streamId, frameBytes + 1)), 'frame-size');
    assert.equal(faultOf(head(type, END_HEADERS, streamId, 0xffffff)), 'frame-size');
  }
  for (const type of ALL_TYPES) assert.notEqual(faultOf(head(type, 0, 0, frameBytes + 1)), null);
});

test('payloads of a fixed length have it, judged by their heads', () => {
  const rules = [
    [rstStream, 1, 4],
    [ping, 0, 8],
    [windowUpdate, 0, 4],
    [windowUpdate, 1, 4],
  ] as const;
  for (const [type, streamId, sound] of rules) {
    for (const length of [0, 1, sound - 1, sound + 1, 2 * sound, frameBytes]) {
      assert.equal(faultOf(head(type, 0, streamId, length)), 'frame-size', `${type}: ${length}`);
    }
    assert.equal(faultOf(frame(type, 0, streamId, filler(sound))), null);
  }
});

test('the debug data of GOAWAY are passed over, and less than its two numbers is a fault', () => {
  const ping8 = frame(ping, 0, 0, '12345678');
  const expected = [
    ['goaway', 3, 11],
    ['ping', '12345678'],
  ];
  for (const debug of ['', 'x', filler(frameBytes - 8)]) {
    assert.deepEqual(toldOf(frame(goaway, 0, 0, word(3) + word(11) + debug) + ping8), expected);
  }
  for (const length of [0, 4, 7]) assert.equal(faultOf(head(goaway, 0, 0, length)), 'frame-size');
});

test('SETTINGS hold whole settings, an acknowledgement none, and no more than the bound', () => {
  for (const length of [1, 5, 7, 11, 13]) assert.equal(faultOf(head(settings, 0, 0, length)), 'frame-size');
  for (const length of [1, 6]) assert.equal(faultOf(head(settings, Flag.ack, 0, length)), 'frame-size');
  assert.equal(toldOf(frame(settings, 0, 0, pair(9, 1).repeat(settingsPerFrame))).length, settingsPerFrame + 1);
  const beyond = frame(settings, 0, 0, pair(9, 1).repeat(settingsPerFrame + 1));
  assert.deepEqual(toldOf(beyond), [['fault', 'settings-flood']], 'not one of them is told');
});

test('a PRIORITY of another length is told of as unsound, and what follows is read', () => {
  const next = frame(ping, 0, 0, '12345678');
  for (const length of [0, 1, 4, 6, 10, frameBytes]) {
    const told = toldOf(frame(priority, 0, 3, filler(length)) + next);
    assert.deepEqual(told, [
      ['priority', 3, -1, false],
      ['ping', '12345678'],
    ]);
  }
});

test('frames of streams are on a stream, those of the connection on none', () => {
  for (const [type, length] of [
    [data, 0],
    [headers, 0],
    [priority, 5],
    [priority, 4],
    [rstStream, 4],
  ] as const) {
    assert.equal(faultOf(frame(type, END_HEADERS, 0, filler(length))), 'wrong-stream', `${type}`);
    assert.equal(faultOf(frame(type, END_HEADERS, RESERVED, filler(length))), 'wrong-stream', `${type}`);
  }
  for (const [type, length] of [
    [settings, 0],
    [settings, 6],
    [ping, 8],
    [goaway, 8],
  ] as const) {
    assert.equal(faultOf(frame(type, 0, 1, filler(length))), 'wrong-stream', `${type}`);
  }
  assert.equal(faultOf(frame(settings, Flag.ack, 1)), 'wrong-stream');
});

test('PUSH_PROMISE is taken from nobody', () => {
  assert.equal(faultOf(frame(pushPromise, END_HEADERS, 1, word(2))), 'push-promise');
  const { events, read } = newReading('client');
  read(SETTINGS + frame(pushPromise, END_HEADERS, 1, word(2)));
  assert.deepEqual(events.told.at(-1), ['fault', 'push-promise']);
});

test('padding of DATA is counted by windows and is no data', () => {
  const told = (payload: string, flags: number = PADDED) => toldOf(frame(data, flags, 1, payload));
  assert.deepEqual(told('\x02hello\0\0'), [
    ['dataBegins', 1, 8],
    ['data', 1, 'hello'],
    ['dataEnds', 1, 5, false],
  ]);
  assert.deepEqual(told('\0hello', PADDED | END_STREAM).at(-1), ['dataEnds', 1, 5, true]);
  assert.deepEqual(told('\x05xxxxx'), [
    ['dataBegins', 1, 6],
    ['dataEnds', 1, 0, false],
  ]);
  assert.deepEqual(told('\0'), [
    ['dataBegins', 1, 1],
    ['dataEnds', 1, 0, false],
  ]);
  assert.deepEqual(told(`\xff${filler(256)}`).at(1), ['data', 1, 'a']);
});

test('padding that takes more than is there is a fault, and so is a frame without room for its length', () => {
  assert.deepEqual(toldOf(frame(data, PADDED, 1, '\x06xxxxx')), [
    ['dataBegins', 1, 6],
    ['fault', 'padding'],
  ]);
  assert.equal(faultOf(frame(data, PADDED, 1, '\x01')), 'padding');
  assert.equal(faultOf(frame(data, PADDED, 1)), 'frame-size');
  assert.equal(faultOf(frame(headers, END_HEADERS | PADDED, 1, '\x05xxxxx')), null);
  assert.equal(faultOf(frame(headers, END_HEADERS | PADDED, 1, '\x06xxxxx')), 'padding');
  assert.equal(faultOf(frame(headers, END_HEADERS | PADDED, 1)), 'frame-size');
  const both = END_HEADERS | PADDED | PRIORITY;
  assert.equal(faultOf(frame(headers, both, 1, `\x01${word(0)}w-`)), null);
  assert.equal(faultOf(frame(headers, both, 1, `\x02${word(0)}w-`)), 'padding');
  assert.equal(faultOf(head(headers, both, 1, 5)), 'frame-size');
  assert.equal(faultOf(head(headers, END_HEADERS | PRIORITY, 1, 4)), 'frame-size');
});

test('padding and priority are no part of a header block', () => {
  const told = (flags: number, payload: string) => toldOf(frame(headers, flags | END_HEADERS, 1, payload));
  assert.deepEqual(told(PADDED, '\x03blockxxx'), [['headerBlock', 1, false, -1, 'block']]);
  assert.deepEqual(told(PRIORITY, `${word(RESERVED + 7)}wblock`), [['headerBlock', 1, false, 7, 'block']]);
  assert.deepEqual(told(PADDED | PRIORITY, `\x02${word(0)}wblockxx`), [['headerBlock', 1, false, 0, 'block']]);
  assert.deepEqual(told(PADDED | PRIORITY, `\x02${word(1)}wxx`), [['headerBlock', 1, false, 1, '']]);
  assert.deepEqual(told(PADDED, '\x02xx'), [['headerBlock', 1, false, -1, '']]);
  // Flags without a meaning for DATA and CONTINUATION move nothing there.
  assert.deepEqual(toldOf(frame(data, PRIORITY | END_HEADERS, 1, '12345')).at(1), ['data', 1, '12345']);
  assert.deepEqual(
    toldOf(frame(headers, 0, 1, 'a') + frame(continuation, END_HEADERS | PADDED | PRIORITY, 1, '\x05bcdefgh')),
    [['headerBlock', 1, false, -1, 'a\x05bcdefgh']],
  );
});

test('a header block in pieces is one block, with the flags and the priority of its HEADERS', () => {
  const first = frame(headers, END_STREAM | PADDED | PRIORITY, 1, `\x02${word(3)}wonexx`);
  const told = toldOf(first + frame(continuation, 0, 1, '-two-') + frame(continuation, END_HEADERS, 1, 'three'));
  assert.deepEqual(told, [['headerBlock', 1, true, 3, 'one-two-three']]);
  const bare = frame(headers, 0, 3) + frame(continuation, END_HEADERS, 3, 'all');
  assert.deepEqual(toldOf(bare + frame(headers, END_HEADERS, 5, 'own')), [
    ['headerBlock', 3, false, -1, 'all'],
    ['headerBlock', 5, false, -1, 'own'],
  ]);
});

test('between the pieces of a block stands nothing else', () => {
  const begun = frame(headers, 0, 1, 'begun');
  const others = [
    frame(data, 0, 1, 'x'),
    frame(headers, END_HEADERS, 1, 'x'),
    frame(headers, END_HEADERS, 3, 'x'),
    frame(priority, 0, 1, '12345'),
    frame(rstStream, 0, 1, '1234'),
    SETTINGS,
    frame(settings, Flag.ack, 0),
    frame(pushPromise, 0, 1, '1234'),
    frame(ping, 0, 0, '12345678'),
    frame(goaway, 0, 0, '12345678'),
    frame(windowUpdate, 0, 0, '1234'),
    frame(continuation, END_HEADERS, 3, 'x'),
    frame(continuation, END_HEADERS, 0, 'x'),
    frame(UNKNOWN, 0, 1, 'x'),
  ];
  for (const other of others) assert.deepEqual(toldOf(begun + other), [['fault', 'broken-block']]);
  const more = begun + frame(continuation, 0, 1, 'more');
  for (const other of others) assert.deepEqual(toldOf(more + other), [['fault', 'broken-block']]);
});

test('a CONTINUATION continues something', () => {
  const whole = frame(headers, END_HEADERS, 1, 'x');
  assert.equal(faultOf(frame(continuation, END_HEADERS, 1, 'x')), 'broken-block');
  assert.equal(faultOf(frame(continuation, END_HEADERS, 0, 'x')), 'broken-block');
  assert.equal(faultOf(whole + frame(continuation, END_HEADERS, 1, 'x')), 'broken-block');
  assert.equal(faultOf(frame(data, 0, 1, 'x') + frame(continuation, END_HEADERS, 1, 'x')), 'broken-block');
});

test('a block has no more octets than its bound, and the head of a piece beyond it is a fault by itself', () => {
  const half = filler(headerBlockBytes / 2);
  const begun = frame(headers, 0, 1, half);
  const told = toldOf(begun + frame(continuation, END_HEADERS, 1, half));
  assert.deepEqual(told, [['headerBlock', 1, false, -1, half + half]]);
  const full = begun + frame(continuation, 0, 1, half);
  assert.deepEqual(toldOf(full + head(continuation, END_HEADERS, 1, 1)), [['fault', 'header-block']]);
  const short = begun + frame(continuation, 0, 1, half.slice(1));
  assert.deepEqual(toldOf(short + head(continuation, END_HEADERS, 1, 2)), [['fault', 'header-block']]);
  assert.equal(faultOf(short + frame(continuation, END_HEADERS, 1, 'x')), null);
  assert.equal(toldOf(full + frame(continuation, END_HEADERS, 1)).at(-1)?.[0], 'headerBlock');
});

test('the bound of a block holds for HEADERS too', () => {
  const told = (length: number) => {
    const { events, read } = newReading('server', { ...HTTP2_BOUNDS, headerBlockBytes: 100 });
    read(GREETING + frame(headers, END_HEADERS, 1, filler(length)));
    return events.told.at(-1)?.[0];
  };
  assert.equal(told(100), 'headerBlock');
  assert.equal(told(101), 'fault');
});

test('a block has no more pieces than its bound, and the next block as many again', () => {
  const pieces = (count: number, last: number, streamId: number) =>
    frame(headers, 0, streamId, 'h') +
    frame(continuation, 0, streamId, 'c').repeat(count - 1) +
    frame(continuation, last, streamId, 'c');
  const whole = pieces(continuations, END_HEADERS, 1) + pieces(continuations, END_HEADERS, 3);
  assert.deepEqual(toldOf(whole), [
    ['headerBlock', 1, false, -1, `h${'c'.repeat(continuations)}`],
    ['headerBlock', 3, false, -1, `h${'c'.repeat(continuations)}`],
  ]);
  const beyond = pieces(continuations, 0, 1) + head(continuation, END_HEADERS, 1, 1);
  assert.deepEqual(toldOf(beyond), [['fault', 'header-block']]);
});

test('an empty CONTINUATION is told of as a frame without meaning, since it brings nothing', () => {
  const told = toldOf(frame(headers, 0, 1, 'x') + frame(continuation, 0, 1) + frame(continuation, END_HEADERS, 1));
  assert.deepEqual(told, [
    ['unknown', continuation],
    ['unknown', continuation],
    ['headerBlock', 1, false, -1, 'x'],
  ]);
});

test('a block that lies in one read is lent as it lies, any other is a copy of no more than it needs', () => {
  const { events, reader, read } = newReading();
  read(GREETING);
  const whole = Buffer.from(frame(headers, END_HEADERS | PADDED, 1, '\x01blockx'), 'latin1');
  reader.read(whole);
  assert.equal(events.lastBlock, whole);
  const long = frame(headers, END_HEADERS, 3, filler(frameBytes));
  read(long.slice(0, 10));
  read(long.slice(10, 2_000));
  read(long.slice(2_000));
  assert.equal(events.lastBlock?.length, frameBytes);
  read(frame(headers, END_HEADERS, 5, 'short').slice(0, -1));
  read('t');
  assert.deepEqual(events.told.at(-1), ['headerBlock', 5, false, -1, 'short']);
  assert.equal(events.lastBlock?.length, 1_024);
  const part = filler(10_000);
  read(frame(headers, 0, 7, part) + frame(continuation, 0, 7, part) + frame(continuation, END_HEADERS, 7, 'x'));
  assert.equal(events.lastBlock?.length, headerBlockBytes);
});

test('data are told of as they come, without a copy', () => {
  const { events, read } = newReading();
  read(GREETING);
  const text = frame(data, END_STREAM | PADDED, 1, '\x03hello---');
  for (const octet of text) read(octet);
  assert.equal(events.pieces, 5);
  assert.deepEqual(events.told.slice(1), [
    ['dataBegins', 1, 9],
    ['data', 1, 'hello'],
    ['dataEnds', 1, 5, true],
  ]);
});

test('what has begun is known at each octet, and each whole frame or block is counted once', () => {
  const { reader, read } = newReading();
  const states = (text: string): string => {
    let seen = '';
    for (const octet of text) {
      read(octet);
      if (!seen.endsWith(reader.partial)) seen += ` ${reader.partial}`;
    }
    return `${seen.trimStart()} ${reader.wholeCount}`;
  };
  assert.equal(reader.partial, 'preface');
  assert.equal(states(PREFACE + SETTINGS.slice(0, -1)), 'preface 0');
  assert.equal(states(SETTINGS.slice(-1)), 'nothing 1');
  assert.equal(states(frame(ping, 0, 0, '12345678')), 'head other nothing 2');
  assert.equal(states(frame(settings, 0, 0, pair(9, 9))), 'head other nothing 3');
  assert.equal(states(frame(settings, Flag.ack, 0)), 'head nothing 4');
  assert.equal(states(frame(data, PADDED, 1, '\x01ax')), 'head data nothing 5');
  assert.equal(states(frame(headers, 0, 1, 'a')), 'head block 5');
  assert.equal(states(frame(continuation, 0, 1, 'b')), 'block 5');
  assert.equal(states(frame(continuation, END_HEADERS, 1, 'c')), 'block nothing 6');
  assert.equal(states(frame(headers, END_HEADERS | PADDED, 3, '\x01ax')), 'head block nothing 7');
  assert.equal(states(frame(UNKNOWN, 0, 3, 'abc')), 'head other nothing 8');
  assert.equal(states(frame(priority, 0, 3, 'abc')), 'head other nothing 9');
  assert.equal(
    states(frame(headers, END_HEADERS, 5, 'abc') + frame(headers, END_HEADERS, 5)),
    'head block nothing head nothing 11',
  );
  read(frame(rstStream, 0, 0));
  assert.equal(reader.partial, 'nothing', 'nothing is waited for behind a fault');
});
