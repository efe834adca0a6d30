import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as ws from 'ws';
import { FrameGate } from '../../src/wire/websocket/frame-gate.ts';
import { clientFrame, frame } from '../../src/wire/websocket/frames.test.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 3_000);
const MESSAGE_BYTES = 5_000;
const ANY = Number.MAX_SAFE_INTEGER;

/** What `ws` reads frames by: it exports this, and its types do not know. */
interface Receiver {
  /** What is wrong is told before this returns. */
  _write(bytes: Buffer, encoding: string, done: (fault?: Error) => void): void;
  destroy(): void;
}
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Receiver };

/** Whether `ws` takes these bytes as frames of a peer. It judges lengths of any form, and no text here. */
function isTakenByWs(bytes: Buffer, from: 'client' | 'upstream'): boolean {
  const receiver = new Receiver({
    isServer: from === 'client',
    maxPayload: MESSAGE_BYTES,
    skipUTF8Validation: true,
    allowSynchronousEvents: true,
  });
  let isTaken = true;
  receiver._write(bytes, 'buffer', (fault) => (isTaken = fault === undefined));
  receiver.destroy();
  return isTaken;
}

function isTakenByUs(bytes: Buffer, from: 'client' | 'upstream'): boolean {
  return new FrameGate(from, MESSAGE_BYTES).read(bytes, ANY).fault === null;
}

/** A frame that is sound as often as not. Its length is in the shortest form, which `ws` does not ask for. */
const anyFrame = fc
  .record({
    opcode: fc.oneof(fc.constantFrom(0, 1, 2, 8, 9, 10), fc.nat(15)),
    fin: fc.boolean(),
    reserved: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(16, 32, 64) }),
    masked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(124, 125, 126, 127, 3_000, 6_000).map((length) => new Uint8Array(length)),
      fc.integer({ min: 990, max: 5_010 }).map((code) => Uint8Array.of(code >>> 8, code & 0xff)),
    ),
  })
  .map(({ payload, masked, ...parts }) => ({ payload: Buffer.from(payload), masked, parts }));

for (const from of ['client', 'upstream'] as const)
  test(`frames of a ${from} are taken by the gate where ws takes them, and by no more`, () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), (list) => {
        const bytes = Buffer.concat(
          list.map(({ payload, masked, parts }) =>
            (from === 'client') === masked ? clientFrame(payload, parts) : frame(payload, parts),
          ),
        );
        assert.equal(isTakenByUs(bytes, from), isTakenByWs(bytes, from));
      }),
      { numRuns: RUNS },
    );
  });

test('of any octets the gate passes on none that ws does not take', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      const bytes = Buffer.from(octets);
      // A head that has not come whole waits here, and ws judges what it has of it.
      const { fault, passes } = new FrameGate('client', MESSAGE_BYTES).read(bytes, ANY);
      if (fault === null) assert.ok(isTakenByWs(bytes.subarray(0, passes), 'client'));
    }),
    {
      numRuns: RUNS,
      examples: [[Uint8Array.of(129, 255, 0, 0, 0, 0, 0, 1, 0, 0)]],
    },
  );
});
