import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  END_HEADERS,
  END_STREAM,
  frame,
  GREETING,
  newReading,
  PADDED,
  pair,
  PREFACE,
  PRIORITY,
  SETTINGS,
  type Told,
  word,
} from './frame-fixture.test.ts';
import type { FrameBounds } from './frame-reader.ts';
import { Flag, FrameType, HTTP2_BOUNDS } from './protocol.ts';

/** Frames as octets, and what a reader is to tell of them. */
interface Sample {
  readonly text: string;
  readonly told: readonly Told[];
}

const octets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const streamIds = fc.integer({ min: 1, max: 0x7fffffff });
const words = fc.integer({ min: 0, max: 0xffffffff });
const paddings = fc.option(fc.integer({ min: 0, max: 255 }));

const dataFrames = fc
  .record({ streamId: streamIds, content: octets(300), padding: paddings, ends: fc.boolean() })
  .map(({ streamId, content, padding, ends }): Sample => {
    const payload = padding === null ? content : String.fromCharCode(padding) + content + '\xaa'.repeat(padding);
    const flags = (padding === null ? 0 : PADDED) | (ends ? END_STREAM : 0);
    const pieces: Told[] = content === '' ? [] : [['data', streamId, content]];
    return {
      text: frame(FrameType.data, flags, streamId, payload),
      told: [['dataBegins', streamId, payload.length], ...pieces, ['dataEnds', streamId, content.length, ends]],
    };
  });

const blocks = fc
  .record({
    streamId: streamIds,
    pieces: fc.array(octets(60), { minLength: 1, maxLength: 5 }),
    padding: paddings,
    dependsOn: fc.option(words),
    ends: fc.boolean(),
  })
  .map(({ streamId, pieces, padding, dependsOn, ends }): Sample => {
    const [first = '', ...rest] = pieces;
    const flags =
      (padding === null ? 0 : PADDED) |
      (dependsOn === null ? 0 : PRIORITY) |
      (ends ? END_STREAM : 0) |
      (rest.length === 0 ? END_HEADERS : 0);
    const before =
      (padding === null ? '' : String.fromCharCode(padding)) + (dependsOn === null ? '' : `${word(dependsOn)}w`);
    let text = frame(FrameType.headers, flags, streamId, before + first + '\xaa'.repeat(padding ?? 0));
    for (const [at, piece] of rest.entries()) {
      text += frame(FrameType.continuation, at === rest.length - 1 ? END_HEADERS : 0, streamId, piece);
    }
    const empty = rest.filter((piece) => piece === '').map((): Told => ['unknown', FrameType.continuation]);
    const on = dependsOn === null ? -1 : dependsOn & 0x7fffffff;
    return { text, told: [...empty, ['headerBlock', streamId, ends, on, pieces.join('')]] };
  });

const settingsFrames = fc.array(fc.tuple(fc.integer({ min: 0, max: 0xffff }), words), { maxLength: 32 }).map(
  (pairs): Sample => ({
    text: frame(FrameType.settings, 0, 0, pairs.map(([id, value]) => pair(id, value)).join('')),
    told: [...pairs.map(([id, value]): Told => ['setting', id, value]), ['settingsEnd']],
  }),
);

const others: fc.Arbitrary<Sample> = fc
  .record({ streamId: streamIds, high: words, low: words, rest: octets(40), type: fc.integer({ min: 0xa, max: 0xff }) })
  .chain(({ streamId, high, low, rest, type }) => {
    const opaque = word(high) + word(low);
    return fc.constantFrom<Sample>(
      { text: frame(FrameType.ping, 0, 0, opaque), told: [['ping', opaque]] },
      { text: frame(FrameType.ping, Flag.ack, 0, opaque), told: [['pingAck', opaque]] },
      { text: frame(FrameType.settings, Flag.ack, 0), told: [['settingsAck']] },
      { text: frame(FrameType.rstStream, 0xff, streamId, word(high)), told: [['reset', streamId, high]] },
      {
        text: frame(FrameType.windowUpdate, 0, streamId, word(high)),
        told: [['windowUpdate', streamId, high & 0x7fffffff]],
      },
      { text: frame(FrameType.goaway, 0, 0, opaque + rest), told: [['goaway', high & 0x7fffffff, low]] },
      {
        text: frame(FrameType.priority, 0, streamId, `${word(high)}w`),
        told: [['priority', streamId, high & 0x7fffffff, true]],
      },
      { text: frame(FrameType.priority, 0, streamId, `${opaque}${rest}`), told: [['priority', streamId, -1, false]] },
      { text: frame(type, high & 0xff, low & 0x7fffffff, rest), told: [['unknown', type]] },
    );
  });

const connections = fc.array(fc.oneof(dataFrames, blocks, settingsFrames, others), { maxLength: 12 });

/** Where a text of unknown length is cut: as shares of it. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function piecesOf(text: string, shares: readonly number[]): string[] {
  const places = shares.map((share) => Math.floor(share * text.length)).toSorted((one, other) => one - other);
  return [...places, text.length].map((place, index) => text.slice(places[index - 1] ?? 0, place));
}

/** What a server is told of these pieces, and what it waits for at their end. */
function told(pieces: readonly string[], bounds: FrameBounds = HTTP2_BOUNDS, stopBehind = Number.POSITIVE_INFINITY) {
  const { events, reader, read } = newReading('server', bounds);
  events.stopBehind = stopBehind;
  for (const piece of pieces) read(piece);
  return { told: events.told, partial: reader.partial, wholeCount: reader.wholeCount };
}

test('sound frames are told of with what they say, whatever way their bytes are cut', () => {
  fc.assert(
    fc.property(connections, cuts, (samples, shares) => {
      const text = GREETING + samples.map((sample) => sample.text).join('');
      const expected = [['settingsEnd'], ...samples.flatMap((sample) => sample.told)];
      const whole = told([text]);
      assert.deepEqual(whole, { told: expected, partial: 'nothing', wholeCount: samples.length + 1 });
      assert.deepEqual(told(piecesOf(text, shares)), whole);
      assert.deepEqual(told([...text]), whole);
    }),
  );
});

/** Bounds that random frames cross. */
const NARROW: FrameBounds = { frameBytes: 200, headerBlockBytes: 120, continuations: 2, settingsPerFrame: 4 };

/** Frames with heads that need not be sound, in lengths that mostly are. */
const anyFrames = fc
  .record({
    type: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...Object.values(FrameType)) },
      { weight: 1, arbitrary: fc.nat(255) },
    ),
    flags: fc.oneof(fc.constantFrom(0, END_HEADERS, END_HEADERS | PADDED, Flag.ack), fc.nat(255)),
    streamId: fc.oneof(fc.constantFrom(0, 1, 1, 1, 3), words),
    payload: fc.oneof(fc.constantFrom('', '1234', '12345', '123456', '12345678', '\0'.repeat(12)), octets(220)),
  })
  .map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload));

const anyConnections = fc
  .record({
    greeting: fc.oneof(
      { weight: 9, arbitrary: fc.constant(GREETING) },
      { weight: 1, arbitrary: fc.constantFrom('', PREFACE, SETTINGS) },
    ),
    frames: fc.array(
      fc.oneof(
        anyFrames,
        connections.map((samples) => samples[0]?.text ?? ''),
      ),
      { maxLength: 10 },
    ),
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
    shorter: fc.nat(10),
  })
  .map(({ greeting, frames, flips, shorter }) => {
    const bytes = Buffer.from(greeting + frames.join(''), 'latin1');
    for (const [place, octet] of flips) if (bytes.length > 0) bytes[place % bytes.length] = octet;
    return bytes.toString('latin1', 0, bytes.length - shorter);
  });

test('whatever comes, the cutting decides nothing, and nothing is told behind a fault', () => {
  fc.assert(
    fc.property(anyConnections, cuts, fc.constantFrom(NARROW, HTTP2_BOUNDS), (text, shares, bounds) => {
      const whole = told([text], bounds);
      const faultAt = whole.told.findIndex(([name]) => name === 'fault');
      assert.ok(faultAt === -1 || faultAt === whole.told.length - 1);
      assert.deepEqual(told(piecesOf(text, shares), bounds), whole);
      assert.deepEqual(told([...text], bounds), whole);
    }),
    { numRuns: 300 },
  );
});

test('a reader that is stopped in any of its calls makes no other', () => {
  fc.assert(
    fc.property(anyConnections, fc.integer({ min: 1, max: 12 }), cuts, (text, stopBehind, shares) => {
      const all = told([text]).told;
      const some = told([text], HTTP2_BOUNDS, stopBehind);
      assert.deepEqual(some.told, all.slice(0, stopBehind));
      if (all.length >= stopBehind) assert.equal(some.partial, 'nothing');
      const pieces = [...piecesOf(text, shares), ...piecesOf(text, shares)];
      const { events, reader, read } = newReading();
      reader.stop();
      for (const piece of pieces) read(piece);
      assert.deepEqual(events.told, []);
    }),
  );
});
