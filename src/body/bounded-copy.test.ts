import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBoundedCopy } from './bounded-copy.ts';

test('nothing has passed at first', () => {
  const copy = createBoundedCopy(10);
  assert.deepEqual([copy.bytes().length, copy.truncated, copy.total], [0, false, 0]);
});

test('a stream that just fits is kept whole', () => {
  const copy = createBoundedCopy(4);
  copy.add(Buffer.from('ab'));
  copy.add(Buffer.from('cd'));
  assert.equal(Buffer.from(copy.bytes()).toString(), 'abcd');
  assert.deepEqual([copy.truncated, copy.total], [false, 4]);
});

test('of a longer stream the beginning is kept and the length is counted', () => {
  const copy = createBoundedCopy(3);
  copy.add(Buffer.from('ab'));
  copy.add(Buffer.from('cd'));
  copy.add(Buffer.from('ef'));
  assert.equal(Buffer.from(copy.bytes()).toString(), 'abc');
  assert.deepEqual([copy.truncated, copy.total], [true, 6]);
});

test('a limit of zero counts only', () => {
  const copy = createBoundedCopy(0);
  copy.add(Buffer.from('ab'));
  assert.deepEqual([copy.bytes().length, copy.truncated, copy.total], [0, true, 2]);
});

test('the memory of a chunk may be used again', () => {
  const copy = createBoundedCopy(10);
  const chunk = Buffer.from('abc');
  copy.add(chunk);
  chunk.fill(0);
  assert.equal(Buffer.from(copy.bytes()).toString(), 'abc');
});

test('what was handed out stays as it is while more comes', () => {
  const copy = createBoundedCopy(5_000);
  copy.add(Buffer.from('abc'));
  const early = copy.bytes();
  copy.add(Buffer.alloc(4_000, 'x'));
  assert.equal(Buffer.from(early).toString(), 'abc');
});

test('no more memory is taken than the limit, nor than twice what is kept', () => {
  const copy = createBoundedCopy(100_000);
  for (let total = 1; total <= 200_000; total += 997) {
    copy.add(Buffer.alloc(997));
    const kept = copy.bytes();
    assert.ok(kept.buffer.byteLength <= Math.min(100_000, Math.max(1_024, kept.length * 2)));
  }
});

test('however a stream is cut, its first bytes and its length are the same', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.array(fc.uint8Array({ maxLength: 1_500 }), { maxLength: 8 }), (limit, chunks) => {
      const copy = createBoundedCopy(limit);
      for (const chunk of chunks) copy.add(chunk);
      const whole = Buffer.concat(chunks);
      assert.ok(whole.subarray(0, limit).equals(copy.bytes()));
      assert.equal(copy.total, whole.length);
      assert.equal(copy.truncated, whole.length > limit);
    }),
  );
});
