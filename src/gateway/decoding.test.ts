import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import type { Result } from '../base/index.ts';
import type { CodedBody } from '../body/index.ts';
import { Decoding, type DecodingFault, WAITING_BODIES } from './decoding.ts';

const MIB = 1024 * 1024;
const LIMIT = 10 * MIB;
const SHORT: CodedBody = { bytes: zlib.gzipSync('{"a":1}'), coding: 'gzip', limitBytes: LIMIT };
/** Short, but with much in it. */
const DENSE: CodedBody = { bytes: zlib.gzipSync(Buffer.alloc(2 * MIB)), coding: 'gzip', limitBytes: LIMIT };
const BROTLI: CodedBody = { bytes: zlib.brotliCompressSync('{"a":1}'), coding: 'br', limitBytes: LIMIT };
/** Nothing in it repeats. */
const LONG: CodedBody = {
  bytes: zlib.deflateSync(Buffer.from(Array.from({ length: 80_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255)), {
    level: 0,
  }),
  coding: 'deflate',
  limitBytes: LIMIT,
};

const newDecoding = (): Decoding => new Decoding(() => 0);

/** Has used up the time for brotli of its second. */
function spentDecoding(): Decoding {
  let looks = 0;
  const decoding = new Decoding(() => Math.min(++looks, 3) * 25);
  assert.ok(!(decoding.decode(BROTLI, from('192.0.2.9')) instanceof Promise));
  return decoding;
}

const from = (address: string, wanted = () => true) => ({ peer: { address }, wanted });
const outcome = (result: Result<Buffer, DecodingFault>): number | DecodingFault =>
  result.ok ? result.value.length : result.error;

test('a short body is decoded at once, and so is one that turns out to hold too much or to be malformed', () => {
  const decoding = newDecoding();
  const now = (body: CodedBody): number | DecodingFault => {
    const result = decoding.decode(body, from('192.0.2.1'));
    assert.ok(!(result instanceof Promise));
    return outcome(result);
  };
  assert.equal(now(SHORT), 7);
  assert.equal(now({ ...DENSE, limitBytes: MIB }), 'too-large');
  assert.equal(now({ ...SHORT, bytes: SHORT.bytes.subarray(1) }), 'malformed');
});

test('what may take long is decoded later: long bodies, dense ones, and brotli when its time is used up', async () => {
  const decoding = spentDecoding();
  for (const [body, length] of [
    [LONG, 80_000],
    [DENSE, 2 * MIB],
    [BROTLI, 7],
  ] as const) {
    const result = decoding.decode(body, from('192.0.2.1'));
    assert.ok(result instanceof Promise);
    assert.equal(outcome(await result), length);
  }
  assert.equal(outcome(await decoding.decode({ ...DENSE, limitBytes: 2 * MIB - 1 }, from('192.0.2.1'))), 'too-large');
  assert.equal(outcome(await decoding.decode({ ...BROTLI, bytes: Buffer.from('x') }, from('192.0.2.1'))), 'malformed');
});

test('they are decoded one after another, in the order in which they came', async () => {
  const decoding = spentDecoding();
  const order: number[] = [];
  // The first takes longest.
  const bodies = [DENSE, LONG, BROTLI, BROTLI];
  await Promise.all(
    bodies.map(async (body, at) => {
      await decoding.decode(body, from('192.0.2.1'));
      order.push(at);
    }),
  );
  assert.deepEqual(order, [0, 1, 2, 3]);
});

test('as many as may wait do; one network has half of the places, and all have them again', async () => {
  const decoding = spentDecoding();
  for (let round = 0; round < 2; round++) {
    const pending: Promise<Result<Buffer, DecodingFault>>[] = [];
    const fill = (address: string): number => {
      for (let taken = 0; ; taken++) {
        const result = decoding.decode(BROTLI, from(address));
        if (!(result instanceof Promise)) {
          assert.equal(outcome(result), 'busy');
          return taken;
        }
        pending.push(result);
      }
    };
    assert.equal(fill('192.0.2.1'), WAITING_BODIES / 2);
    // Another address of the same network has no share of its own.
    assert.equal(fill('2001:db8::1'), WAITING_BODIES / 4);
    assert.equal(fill('2001:db8::2'), 0);
    // What is short needs no place.
    assert.equal(outcome(decoding.decode(SHORT, from('192.0.2.1')) as Result<Buffer, DecodingFault>), 7);
    for (const result of await Promise.all(pending)) assert.equal(outcome(result), 7);
  }
});

test('a body that nobody waits for any more is not decoded', async () => {
  const decoding = spentDecoding();
  let asked = 0;
  const first = decoding.decode(DENSE, from('192.0.2.1'));
  const left = decoding.decode(
    DENSE,
    from('192.0.2.1', () => (asked++, false)),
  );
  const last = decoding.decode(BROTLI, from('192.0.2.1'));
  assert.equal(asked, 0, 'it is asked when its turn comes');
  assert.deepEqual([outcome(await first), outcome(await left), outcome(await last), asked], [2 * MIB, 'busy', 7, 1]);
});

test('a crowd of ordinary brotli bodies is decoded at once, until a second’s time for it is used up', () => {
  const decodedAtOnce = (lookMs: number): number => {
    let nowMs = 0;
    const decoding = new Decoding(() => (nowMs += lookMs));
    let atOnce = 0;
    while (!(decoding.decode(BROTLI, from('192.0.2.1')) instanceof Promise)) atOnce++;
    return atOnce;
  };
  // Of the three times that each looks at the clock, one span is that of the decoding.
  assert.equal(decodedAtOnce(0.0625), 320);
  assert.equal(decodedAtOnce(10), 2);
});

test('a new second has time for brotli again', () => {
  let nowMs = 0;
  let lookMs = 30;
  const decoding = new Decoding(() => (nowMs += lookMs));
  assert.ok(!(decoding.decode(BROTLI, from('192.0.2.1')) instanceof Promise));
  lookMs = 0;
  assert.ok(decoding.decode(BROTLI, from('192.0.2.1')) instanceof Promise);
  nowMs += 1_000;
  assert.ok(!(decoding.decode(BROTLI, from('192.0.2.1')) instanceof Promise));
});
