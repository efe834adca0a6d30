import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameGate } from './frame-gate.ts';
import { clientFrame, closing, frame, type FrameParts } from './frames.test.ts';

const ANY = Number.MAX_SAFE_INTEGER;
const MESSAGE_BYTES = 100_000;

/** What came of a stream: which of its bytes passed, and what was said of them. */
interface Passage {
  readonly passed: Buffer;
  readonly frames: number;
  readonly messages: number;
  readonly fault: string | null;
  readonly close: number | null;
}

/** Has a gate read bytes in pieces of these lengths, the rest in one. */
function pass(
  from: 'client' | 'upstream',
  bytes: Buffer,
  cuts: readonly number[] = [],
  limit = MESSAGE_BYTES,
): Passage {
  const gate = new FrameGate(from, limit);
  const passed: Buffer[] = [];
  let held: Buffer = Buffer.alloc(0);
  const counts = { frames: 0, messages: 0 };
  let fault: string | null = null;
  let close: number | null = null;
  let rest = bytes;
  for (const length of [...cuts, bytes.length]) {
    held = Buffer.concat([held, rest.subarray(0, length)]);
    rest = rest.subarray(length);
    const reading = gate.read(held, ANY);
    passed.push(held.subarray(0, reading.passes));
    held = held.subarray(reading.passes);
    counts.frames += reading.frames;
    counts.messages += reading.messages;
    fault ??= reading.fault;
    close ??= reading.close;
  }
  return { passed: Buffer.concat(passed), ...counts, fault, close };
}

const frames = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const close = (payload: Buffer | string, parts: FrameParts = {}): Buffer =>
  clientFrame(payload, { opcode: 8, ...parts });
const ping = (payload: Buffer | string, parts: FrameParts = {}): Buffer =>
  clientFrame(payload, { opcode: 9, ...parts });
const pong = (payload: Buffer | string): Buffer => clientFrame(payload, { opcode: 10 });
const first = (payload: string, opcode = 1): Buffer => clientFrame(payload, { opcode, fin: false });
const middle = (payload: string): Buffer => clientFrame(payload, { opcode: 0, fin: false });
const last = (payload: string): Buffer => clientFrame(payload, { opcode: 0 });

const SOUND: Readonly<Record<string, Buffer>> = {
  '1.1.1 empty text': clientFrame(''),
  '1.1.2 text of 125 bytes': clientFrame('*'.repeat(125)),
  '1.1.3 text of 126 bytes': clientFrame('*'.repeat(126)),
  '1.1.4 text of 127 bytes': clientFrame('*'.repeat(127)),
  '1.1.5 text of 128 bytes': clientFrame('*'.repeat(128)),
  '1.1.6 text of 65,535 bytes': clientFrame('*'.repeat(65_535)),
  '1.1.7 text of 65,536 bytes': clientFrame('*'.repeat(65_536)),
  '1.2.1 empty binary': clientFrame('', { opcode: 2 }),
  '1.2.2 binary of 125 bytes': clientFrame(Buffer.alloc(125, 0xfe), { opcode: 2 }),
  '1.2.7 binary of 65,536 bytes': clientFrame(Buffer.alloc(65_536, 0xfe), { opcode: 2 }),
  '2.1 empty ping': ping(''),
  '2.2 ping with text': ping('Hello, world!'),
  '2.3 ping with octets that are no text': ping(Buffer.of(0, 0xff, 0xfe, 0xfd)),
  '2.4 ping of 125 bytes': ping(Buffer.alloc(125, 0xfe)),
  '2.7 pong that nobody asked for': pong(''),
  '2.8 pong with a payload that nobody asked for': pong('unsolicited'),
  '2.9 pong, then ping': frames(pong('unsolicited'), ping('ping')),
  '2.10 ten pings': frames(...Array.from({ length: 10 }, (_, at) => ping(`payload-${at}`))),
  '5.3 text in two fragments': frames(first('fragment1'), last('fragment2')),
  '5.6 text in two fragments, a ping between them': frames(first('fragment1'), ping('ping'), last('fragment2')),
  '5.19 text in five fragments, pings between them': frames(
    first('1'),
    middle('2'),
    ping('a'),
    middle('3'),
    middle('4'),
    ping('b'),
    last('5'),
  ),
  '5.20 empty fragments': frames(first(''), middle(''), last('')),
  '6 fragments of a character': frames(first('\xce'), last('\xba')),
  '7.1.1 text, then Close': frames(clientFrame('Hello'), close(closing(1000))),
  '7.3.1 Close without a code': close(''),
  '7.3.3 Close with a code': close(closing(1000)),
  '7.3.4 Close with a reason': close(closing(1000, 'Hello World!')),
  '7.3.5 Close with a reason of 123 bytes': close(closing(1000, '*'.repeat(123))),
  'Close between two fragments': frames(first('begun'), close(closing(1001))),
  ...Object.fromEntries(
    [1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) => [
      `7.7 Close with ${code}`,
      close(closing(code)),
    ]),
  ),
  'a mask of zeros': clientFrame('Hello', { mask: [0, 0, 0, 0] }),
  'a message of the largest size': clientFrame(Buffer.alloc(MESSAGE_BYTES)),
  'fragments that are the largest size together': frames(first('*'.repeat(50_000)), last('*'.repeat(50_000))),
  'messages that are larger together': frames(...Array.from({ length: 3 }, () => clientFrame('*'.repeat(90_000)))),
  'a message of the largest size, with pings inside': frames(
    first('*'.repeat(50_000)),
    ping('*'.repeat(125)),
    last('*'.repeat(50_000)),
  ),
};

describe('what passes, by the sections of the Autobahn test suite', () => {
  for (const [name, bytes] of Object.entries(SOUND))
    test(name, () => {
      const { passed, fault } = pass('client', bytes);
      assert.equal(fault, null);
      assert.ok(passed.equals(bytes));
    });

  test('a code is told as it is said, and as 1005 where none is', () => {
    assert.equal(pass('client', close(closing(4001))).close, 4001);
    assert.equal(pass('client', close('')).close, 1005);
    assert.equal(pass('upstream', frame(closing(1001), { opcode: 8 })).close, 1001);
    assert.equal(pass('client', clientFrame('x')).close, null);
  });

  test('frames are counted by their heads, and messages by their last frame', () => {
    const { frames: count, messages } = pass(
      'client',
      frames(first('1'), ping(''), last('2'), clientFrame('3'), first('4')),
    );
    assert.deepEqual([count, messages], [5, 2]);
  });
});

const BROKEN: Readonly<Record<string, Buffer>> = {
  '2.5 ping of 126 bytes': ping(Buffer.alloc(126)),
  '2.5 pong of 126 bytes': clientFrame(Buffer.alloc(126), { opcode: 10 }),
  '3.1 RSV1 in text, as a compressed message has it': clientFrame('Hello', { reserved: 0x40 }),
  '3.2 RSV2': clientFrame('Hello', { reserved: 0x20 }),
  '3.3 RSV3': clientFrame('Hello', { reserved: 0x10 }),
  '3.4 RSV1 and RSV2 in a ping': ping('', { reserved: 0x60 }),
  '3.5 RSV2 and RSV3 in a pong': clientFrame('', { opcode: 10, reserved: 0x30 }),
  '3.6 RSV1 in a continuation': clientFrame('Hello', { opcode: 0, reserved: 0x40 }),
  '3.7 all reserved bits in a Close': close('', { reserved: 0x70 }),
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`4 opcode ${opcode}`, clientFrame('', { opcode })]),
  ),
  '5.1 a fragmented ping': ping('fragment1', { fin: false }),
  '5.2 a fragmented pong': clientFrame('fragment1', { opcode: 10, fin: false }),
  '5.9 a continuation without a beginning': last('non-continuation payload'),
  '5.12 an unfinished continuation without a beginning': middle('non-continuation payload'),
  '7.3.2 a Close of one byte': close('a'),
  '7.3.6 a Close of 126 bytes': close(closing(1000, '*'.repeat(124))),
  'a fragmented Close': close(closing(1000), { fin: false }),
  ...Object.fromEntries(
    [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) => [
      `7.9 Close with ${code}`,
      close(closing(code)),
    ]),
  ),
  'a frame without a mask': clientFrame('Hello', { mask: null }),
  'an empty frame without a mask': clientFrame('', { mask: null }),
  'a ping without a mask': ping('', { mask: null }),
  'a length of 125 in two octets': clientFrame('*'.repeat(125), { lengthBytes: 2 }),
  'no length in two octets': clientFrame('', { lengthBytes: 2 }),
  'a length of 126 in eight octets': clientFrame('*'.repeat(126), { lengthBytes: 8 }),
  'a length of 65,535 in eight octets': clientFrame('*'.repeat(65_535), { lengthBytes: 8 }),
  'a length of 2^63': clientFrame('', { lengthBytes: 8, length: 2n ** 63n }),
  'a length of 2^64 - 1': clientFrame('', { lengthBytes: 8, length: 2n ** 64n - 1n }),
};
const TOO_LARGE: Readonly<Record<string, Buffer>> = {
  'one byte too much': clientFrame(Buffer.alloc(MESSAGE_BYTES + 1)),
  'a length of 2^63 - 1': clientFrame('', { lengthBytes: 8, length: 2n ** 63n - 1n }),
  'a length of 2^53 + 1': clientFrame('', { lengthBytes: 8, length: 2n ** 53n + 1n }),
  'a length of 2^32 and little behind it': clientFrame('x', { lengthBytes: 8, length: 2n ** 32n }),
};
describe('what is refused, and nothing of it or behind it passes', () => {
  const sound = clientFrame('before');
  for (const [kind, table] of [
    ['protocol', BROKEN],
    ['too-large', TOO_LARGE],
  ] as const)
    for (const [name, bytes] of Object.entries(table))
      test(name, () => {
        const { passed, fault, close: code } = pass('client', frames(sound, bytes, clientFrame('behind')));
        assert.equal(fault, kind);
        assert.ok(passed.equals(sound));
        assert.equal(code, null);
      });

  test('5.15 new data inside a fragmented message', () => {
    const begun = first('begun');
    const { passed, fault } = pass('client', frames(begun, clientFrame('new')));
    assert.equal(fault, 'protocol');
    assert.ok(passed.equals(begun));
  });

  test('a message is too large by all of its fragments together, and the last of them does not pass', () => {
    const begun = frames(first('*'.repeat(60_000)), ping(''));
    const { passed, fault } = pass('client', frames(begun, middle('*'.repeat(40_001))));
    assert.equal(fault, 'too-large');
    assert.ok(passed.equals(begun));
  });

  test('a flood of fragments is no way round the bound', () => {
    const { passed, fault } = pass(
      'client',
      frames(first('ab'), ...Array.from({ length: 99 }, () => middle('ab'))),
      [],
      20,
    );
    assert.equal(fault, 'too-large');
    assert.equal(passed.length, 10 * middle('ab').length);
  });

  test('7.3.2 a Close of one byte, whatever byte stands behind it', () => {
    const { passed, fault } = pass('upstream', Buffer.of(0x88, 1, 0x03, 0xe8, 0));
    assert.deepEqual([passed.length, fault], [0, 'protocol']);
  });

  test('7.3.2 a Close of one byte as soon as it says so, before its mask and its byte are there', () => {
    for (const begun of [Buffer.of(0x88, 0x81), Buffer.of(0x88, 0x81, 0, 0, 0x61)]) {
      const { passed, fault } = pass('client', begun);
      assert.deepEqual([passed.length, fault], [0, 'protocol']);
    }
  });

  test('what an upstream masks', () => {
    assert.equal(pass('upstream', clientFrame('x')).fault, 'protocol');
    assert.equal(pass('upstream', frame('x')).fault, null);
  });

  test('all that comes behind a Close', () => {
    const goodbye = close(closing(1000));
    const { passed, fault } = pass(
      'client',
      frames(goodbye, clientFrame('late'), Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    );
    assert.ok(passed.equals(goodbye));
    assert.equal(fault, null);
  });

  test('all that comes behind a fault, in later reads too', () => {
    const gate = new FrameGate('client', MESSAGE_BYTES);
    assert.equal(gate.read(clientFrame('', { opcode: 3 }), ANY).fault, 'protocol');
    const { passes, fault } = gate.read(clientFrame('sound'), ANY);
    assert.deepEqual([passes, fault], [0, 'protocol']);
  });
});

describe('how reads are cut', () => {
  const oneFrame = fc.record({
    kind: fc.constantFrom('data', 'fragmented', 'ping', 'odd'),
    length: fc.oneof(fc.nat(10), fc.constantFrom(125, 126, 127, 300, 65_535, 65_536), fc.nat(3_000)),
    octet: fc.nat(255),
  });
  const stream = fc.array(oneFrame, { maxLength: 6 }).map((list) =>
    frames(
      ...list.map(({ kind, length, octet }) => {
        const payload = Buffer.alloc(length, octet);
        if (kind === 'ping') return ping(payload.subarray(0, 125));
        if (kind === 'odd') return clientFrame(payload, { opcode: octet & 15, fin: octet > 100 });
        if (kind === 'data') return clientFrame(payload, { opcode: 2 });
        const half = Math.floor(length / 2);
        const begin = clientFrame(payload.subarray(half), { opcode: 2, fin: false });
        return frames(begin, clientFrame(payload.subarray(0, half), { opcode: 0 }));
      }),
    ),
  );

  test('changes nothing of what passes', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(70_000), { maxLength: 30 }), (bytes, cuts) => {
        assert.deepEqual(pass('client', bytes, cuts), pass('client', bytes));
      }),
      { numRuns: 300 },
    );
  });

  test('changes nothing where each byte comes alone', () => {
    const bytes = frames(
      first('ab'),
      ping('x'),
      last('c'.repeat(200)),
      close(closing(1000, 'bye')),
      clientFrame('late'),
    );
    const single = Array.from(bytes, () => 1);
    assert.deepEqual(pass('client', bytes, single), pass('client', bytes));
  });

  test('a stream of any octets is sound to its fault, and no byte behind that passes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        const bytes = Buffer.from(octets);
        const { passed, fault } = pass('client', bytes);
        assert.ok(passed.equals(bytes.subarray(0, passed.length)));
        if (fault === null) return;
        assert.equal(pass('client', passed).fault, null);
      }),
    );
  });
});

describe('how many frames may begin', () => {
  const three = frames(clientFrame('one'), clientFrame('two'), clientFrame('three'));
  const length = clientFrame('one').length;

  test('no more than is allowed pass', () => {
    const gate = new FrameGate('client', MESSAGE_BYTES);
    const { passes, frames: count } = gate.read(three, 2);
    assert.deepEqual([passes, count, gate.isBetweenFrames], [2 * length, 2, true]);
  });

  test('a frame that has begun comes to its end', () => {
    const gate = new FrameGate('client', MESSAGE_BYTES);
    const begun = gate.read(three.subarray(0, length - 1), ANY).passes;
    assert.deepEqual([begun, gate.isBetweenFrames], [length - 1, false]);
    assert.deepEqual([gate.read(three.subarray(begun), 0).passes, gate.isBetweenFrames], [1, true]);
  });
});
