import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LedgerRecord } from '../base/index.ts';
import { change } from './fake-log.test.ts';
import { BLOCK_LINE_BYTES } from './line.ts';
import { clearRecordRing, createRecordRing, RingConsumer, type RingMark, RingProducer } from './record-ring.ts';

const LEAST_BYTES = 128 * 1024;
const STAGE_BYTES = 1024 * 1024;

/** A change of this number whose text has about this many bytes. */
function sized(n: number, bytes: number): LedgerRecord {
  const part = (at: number): string => '\u2028'.repeat(Math.min(1_024, Math.max(0, Math.ceil(bytes / 6) - at * 1_024)));
  const about = { author: part(0), action: part(1), target: `thing ${n}`, before: part(2), after: part(3) };
  return { version: 1, kind: 'change', id: part(4), at: n, ...about };
}

/** A ring with both its ends; `take` gives the numbers of the changes that it took out. */
function ringOf(capacityBytes = LEAST_BYTES) {
  const buffer = createRecordRing(capacityBytes);
  const consumer = new RingConsumer(buffer);
  const stage = Buffer.alloc(STAGE_BYTES, '#');
  const take = (roomBytes = STAGE_BYTES): number[] => {
    const before = consumer.taken.position;
    const count = consumer.take(stage, 0, roomBytes);
    const length = (consumer.taken.position - before) | 0;
    assert.ok(length <= roomBytes);
    const lines = stage.toString('latin1', 0, length).split('\n');
    assert.equal(lines.pop(), '');
    assert.equal(lines.length, count);
    return lines.map((line) => (JSON.parse(line) as { at: number }).at);
  };
  return { buffer, producer: new RingProducer(buffer), consumer, take };
}

test('a ring has a size of a power of two, and room for the longest record', () => {
  for (const bytes of [0, -1, 1, Number.NaN, 1e15, 64 * 1024, 3 * 64 * 1024, LEAST_BYTES + 1]) {
    assert.throws(() => createRecordRing(bytes), RangeError, String(bytes));
  }
  createRecordRing(LEAST_BYTES);
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.nat({ max: 30_000 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.constant(10) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), bytes: fc.nat({ max: 200_000 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rewind' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('grant' as const), bytes: fc.nat({ max: 200_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('death' as const) }) },
);

test('a ring is a bounded queue: what was appended comes out whole, once and in order, whatever the schedule', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), (steps) => {
      const { producer, consumer, take } = ringOf();
      let next = 0;
      let [taken, released] = [0, 0];
      let mark: RingMark = consumer.taken;
      let alive = true;
      for (const { kind, ...more } of steps) {
        const bytes = 'bytes' in more ? more.bytes : 0;
        if (kind === 'append' && alive && producer.append(sized(next, bytes))) next++;
        if (kind === 'take') for (const at of take(bytes)) assert.equal(at, taken++);
        if (kind === 'release') {
          consumer.release(consumer.taken);
          mark = consumer.taken;
          released = taken;
        }
        if (kind === 'rewind') {
          consumer.rewind();
          assert.deepEqual(consumer.taken, mark);
          taken = released;
        }
        if (kind === 'grant') consumer.grant(bytes);
        if (kind === 'death') alive = false;
        assert.equal(consumer.waiting, next - taken);
        assert.equal(consumer.unreleased, next - released);
      }
      if (!alive) consumer.end();
      while (taken < next) for (const at of take()) assert.equal(at, taken++);
      assert.deepEqual(take(), []);
    }),
    { numRuns: 300 },
  );
});

test('credit is never more than the ring has room for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 400_000 }), fc.nat({ max: 20 }), fc.boolean()), { maxLength: 60 }),
      (rounds) => {
        const { producer, consumer, take } = ringOf();
        let [next, releasedAt] = [0, consumer.taken.credit];
        for (const [bytes, count, release] of rounds) {
          consumer.grant(bytes);
          assert.ok(consumer.outstandingBytes + ((consumer.taken.credit - releasedAt) | 0) <= LEAST_BYTES);
          for (let n = 0; n < count; n++) if (producer.append(sized(next, 500 * n))) next++;
          take();
          if (!release) continue;
          consumer.release(consumer.taken);
          releasedAt = consumer.taken.credit;
        }
      },
    ),
  );
});

test('records go over the end of the ring at every offset', () => {
  const { producer, consumer, take } = ringOf();
  let next = 0;
  // Lengths that share no factor with the size, so that each place of the end comes.
  for (let round = 0; round < 3_000; round++) {
    consumer.grant(LEAST_BYTES);
    const from = next;
    for (const bytes of [1, 700, 45, 6 * (round % 200)]) assert.ok(producer.append(sized(next++, bytes)));
    assert.deepEqual(take(), [from, from + 1, from + 2, from + 3]);
    consumer.release(consumer.taken);
  }
});

test('counts begin near the edge of 32 bits, so that every run goes over it', () => {
  const { buffer, producer, consumer, take } = ringOf();
  for (let n = 0; n < 300; n++) {
    consumer.grant(LEAST_BYTES);
    assert.ok(producer.append(sized(n, 600)));
    assert.deepEqual(take(), [n]);
    consumer.release(consumer.taken);
  }
  const { records, position, credit } = consumer.taken;
  assert.ok(records < 0 && position < 0 && credit < 0);
  assert.equal(new Int32Array(buffer, 0, 64)[16], records);
});

test('a record that was begun and not finished is not there, and does no harm to those before', () => {
  const { producer, consumer, take } = ringOf();
  consumer.grant(LEAST_BYTES);
  producer.append(change(0));
  for (const field of ['id', 'author', 'after'] as const) {
    const record = { ...change(1) };
    Object.defineProperty(record, field, {
      get() {
        throw new Error('the thread ends here');
      },
    });
    assert.throws(() => producer.append(record), /ends here/);
    assert.equal(consumer.waiting, 1);
  }
  consumer.end();
  assert.deepEqual(take(), [0]);
});

test('a record that does not fit is not there, whether its length was known or not', () => {
  const { producer, consumer, take } = ringOf();
  consumer.grant(LEAST_BYTES / 4);
  assert.equal(producer.append(sized(0, 5_000)), true);
  assert.equal(producer.append(sized(1, 30_000)), false, 'longer than the credit');
  assert.equal(producer.append(change(1)), true);
  let next = 2;
  while (producer.append(change(next))) next++;
  assert.ok(consumer.outstandingBytes >= 0);
  assert.deepEqual(
    take(),
    Array.from({ length: next }, (_, at) => at),
  );
  assert.ok(consumer.outstandingBytes < 150 + BLOCK_LINE_BYTES);
});

test('of a producer that has ended only what is in the ring counts, and it gets no more', () => {
  const { producer, consumer, take } = ringOf();
  consumer.grant(LEAST_BYTES);
  producer.append(change(0));
  const before = consumer.outstandingBytes;
  consumer.end();
  assert.ok(consumer.outstandingBytes > 0 && consumer.outstandingBytes < before / 100);
  take();
  assert.equal(consumer.outstandingBytes, 0);
  consumer.release(consumer.taken);
  assert.deepEqual([consumer.grant(LEAST_BYTES), consumer.unreleased], [0, 0]);
});

test('a ring whose counts can not be is a fault and is not read', () => {
  for (const head of [-1, 0, 2 ** 30, 2 ** 31 - 101, 2 ** 31 + 1_000]) {
    const { buffer, consumer } = ringOf();
    new Int32Array(buffer, 0, 64)[16] = head;
    assert.throws(() => consumer.waiting, /damaged/, String(head));
  }
  const { buffer, producer, consumer, take } = ringOf();
  consumer.grant(LEAST_BYTES);
  producer.append(change(0));
  new Int32Array(buffer, 64 * 4, LEAST_BYTES / 128).fill(2 ** 31 + LEAST_BYTES);
  assert.throws(() => take(), /damaged/);
});

test('who sleeps is called for the first record after it, and who waits is told once', () => {
  const { producer, consumer } = ringOf();
  assert.ok(consumer.wantsWord() && !consumer.wantsWord());
  producer.wait();
  assert.ok(consumer.wantsWord());
  assert.equal(producer.mustCall(), false);
  consumer.sleep(true);
  assert.deepEqual([producer.mustCall(), producer.mustCall()], [true, false]);
});

test('a ring that was cleared is as good as a new one', () => {
  const used = ringOf();
  const text = sized(1, 1_000);
  used.consumer.grant(LEAST_BYTES);
  for (let round = 0; round < 300; round++) {
    assert.ok(used.producer.append(text));
    if (round % 2 === 0) used.take();
    used.consumer.release(used.consumer.taken);
    used.consumer.grant(LEAST_BYTES);
  }
  used.consumer.sleep(true);
  used.consumer.halt(true);
  used.producer.wait();
  clearRecordRing(used.buffer);
  assert.deepEqual(
    new Int32Array(used.buffer, 0, 64 + LEAST_BYTES / 128),
    new Int32Array(ringOf().buffer, 0, 64 + LEAST_BYTES / 128),
  );
});
