import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { FrameGate } from '../../src/wire/websocket/frame-gate.ts';
import { changed, changeOf, cutUp, seedsOf } from './mutation.ts';

// ws is another reader of frames. What we let pass it must take, message for message; what it refuses we must refuse,
// but for text that is not UTF-8, which is for whoever takes the messages to judge: here it looks at none.

const RUNS = 500;
const SEEDS = seedsOf(2);
const MESSAGE_LIMIT_BYTES = 70_000;
const FRAME_LIMIT = 3;
const SIDES = ['client', 'upstream'] as const;
type Side = (typeof SIDES)[number];

interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly skipUTF8Validation: boolean;
}

// Its types say nothing of the receiver.
const { Receiver } = createRequire(import.meta.url)('ws') as {
  readonly Receiver: new (options: ReceiverOptions) => Writable;
};

/** What one reader made of a stream of frames. `close` is the code, or null where none came. */
interface Read {
  readonly messages: number;
  readonly close: number | null;
  readonly refused: boolean;
}

/** What ws makes of the bytes, and the octets of the messages it got. */
async function askWs(bytes: Buffer, side: Side): Promise<Read & { readonly sizes: readonly number[] }> {
  const options = { isServer: side === 'client', maxPayload: MESSAGE_LIMIT_BYTES, skipUTF8Validation: true };
  const receiver = new Receiver(options);
  const sizes: number[] = [];
  let close: number | null = null;
  let refused = false;
  receiver.on('message', (data: Buffer) => sizes.push(data.length));
  receiver.on('conclude', (code: number) => (close = code));
  receiver.on('error', () => (refused = true));
  receiver.write(bytes);
  await setImmediate();
  receiver.destroy();
  return { messages: sizes.length, close, refused, sizes };
}

/** What we make of bytes that come in these pieces, and which of them pass. */
function askGate(
  pieces: readonly Buffer[],
  side: Side,
): Read & { readonly passed: Buffer; readonly fault: string | null } {
  const gate = new FrameGate(side, MESSAGE_LIMIT_BYTES);
  const passed: Buffer[] = [];
  let [held, messages] = [Buffer.alloc(0), 0];
  let fault: string | null = null;
  let close: number | null = null;
  for (const piece of pieces) {
    held = Buffer.concat([held, piece]);
    for (let goesOn = true; goesOn && fault === null && close === null; ) {
      const reading = gate.read(held, FRAME_LIMIT);
      passed.push(held.subarray(0, reading.passes));
      held = held.subarray(reading.passes);
      ({ fault, close } = reading);
      messages += reading.messages;
      goesOn = reading.frames === FRAME_LIMIT && reading.passes > 0;
    }
  }
  return { messages, close, refused: fault !== null, passed: Buffer.concat(passed), fault };
}

const PAYLOAD = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets)),
  fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 70_001).map((length) => Buffer.alloc(length, 0x61)),
  fc.constantFrom(999, 1_000, 1_004, 1_005, 1_006, 1_011, 1_014, 1_015, 2_999, 3_000, 4_999, 5_000).map((code) => {
    return Buffer.of(code >> 8, code & 0xff, 0x61);
  }),
);
const FRAME = fc.record({
  first: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0x81, 0x82, 0x82, 0x81, 0x01, 0x02, 0x80, 0x80, 0x00, 0x89, 0x8a, 0x88) },
    { weight: 1, arbitrary: fc.nat(255) },
  ),
  payload: PAYLOAD,
  /** How many octets its length takes; null for the form that is right. */
  form: fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(2, 8) }),
  mask: fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom('zeros', 'octets', 'octets') },
    { weight: 1, arbitrary: fc.constantFrom('wrong') },
  ),
});
type Frame = typeof FRAME extends fc.Arbitrary<infer T> ? T : never;

const MASK = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
const CONTROL = 0x08;

/** The frame as it goes over the wire from this side. Control frames are mostly as short as they must be. */
function written({ first, payload: wanted, form, mask }: Frame, side: Side): Buffer {
  const payload = (first & CONTROL) !== 0 && wanted.length > 126 ? wanted.subarray(0, 100) : wanted;
  const key = mask === 'zeros' ? Buffer.alloc(4) : MASK;
  const isMasked = (side === 'client') !== (mask === 'wrong');
  const { length } = payload;
  const octets = form ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const size = Buffer.alloc(octets);
  if (octets === 2) size.writeUInt16BE(length & 0xffff);
  if (octets === 8) size.writeBigUInt64BE(BigInt(length));
  const said = octets === 0 ? length : octets === 2 ? 126 : 127;
  const head = Buffer.concat([Buffer.of(first, isMasked ? said | 0x80 : said), size]);
  return isMasked
    ? Buffer.concat([head, key, payload.map((octet, at) => octet ^ (key[at % 4] as number))])
    : Buffer.concat([head, payload]);
}

const FRAMES = fc.array(FRAME, { minLength: 1, maxLength: 8 });
const CHANGES = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(changeOf(3), { minLength: 1, maxLength: 2 }) },
);
const CUTS = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 70_000 })), { maxLength: 8 });

for (const side of SIDES)
  for (const seed of SEEDS)
    test(`frames from the ${side} are to ws what they are to us (seed ${seed})`, async () => {
      let [whole, refused] = [0, 0];
      const property = fc.asyncProperty(FRAMES, CHANGES, CUTS, async (frames, changes, cuts) => {
        const bytes = changes.reduce(changed, Buffer.concat(frames.map((frame) => written(frame, side))));
        const ours = askGate(cutUp(bytes, cuts), side);
        const ofPassed = await askWs(ours.passed, side);
        assert.equal(ofPassed.refused, false, 'ws refuses what we let pass');
        assert.equal(ofPassed.close, ours.close);
        const isWhole = ofPassed.messages === ours.messages;
        // The last message may not have come to its end, when its head has passed.
        assert.ok(isWhole || ofPassed.messages === ours.messages - 1, `${ofPassed.messages}, not ${ours.messages}`);
        const ofAll = await askWs(bytes, side);
        if (ofAll.refused) assert.ok(ours.refused, 'ws refuses, and we do not');
        else if (!ours.refused) assert.deepEqual(ofPassed, ofAll, 'what passes is another stream than what came');
        if (ours.refused) refused++;
        else whole++;
      });
      await fc.assert(property, { seed, numRuns: RUNS });
      assert.ok(whole > RUNS / 20 && refused > RUNS / 20, `${whole} passed and ${refused} did not`);
    });
