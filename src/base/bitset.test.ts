import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bitset } from './bitset.ts';

const SIZE = 200;
const members = fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: SIZE });

test('a bitset holds its members and nothing else', () => {
  fc.assert(
    fc.property(members, fc.integer({ min: -SIZE, max: SIZE * 2 }), (list, probe) => {
      assert.equal(Bitset.of(SIZE, list).has(probe), list.includes(probe));
    }),
  );
});

test('a number that only looks like a member after cutting its bits is none', () => {
  const set = Bitset.of(64, [0, 1, 63]);
  for (const probe of [2 ** 32, 2 ** 32 + 63, 1.5, -1, -(2 ** 32), Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(set.has(probe), false, String(probe));
  }
});

test('inclusion, intersection and union agree with plain sets, also between sets of different sizes', () => {
  fc.assert(
    fc.property(members, fc.uniqueArray(fc.nat(63)), (large, small) => {
      const [a, b] = [Bitset.of(SIZE, large), Bitset.of(64, small)];
      assert.equal(a.includes(b), new Set(small).isSubsetOf(new Set(large)));
      assert.equal(b.includes(a), new Set(large).isSubsetOf(new Set(small)));
      const both = a.intersect(b);
      for (let n = 0; n < SIZE; n++) assert.equal(both.has(n), large.includes(n) && small.includes(n));
      for (const either of [a.union(b), b.union(a)]) {
        for (let n = 0; n < SIZE; n++) assert.equal(either.has(n), large.includes(n) || small.includes(n));
      }
    }),
  );
});

test('the empty set is in every set and holds nothing', () => {
  const empty = Bitset.of(0, []);
  assert.ok(empty.includes(empty) && Bitset.of(10, [3]).includes(empty));
  assert.ok(!empty.has(0) && !empty.includes(Bitset.of(10, [3])));
});

test('a member outside the size is a bug and throws', () => {
  for (const member of [-1, 10, 1.5, Number.NaN, 2 ** 32]) assert.throws(() => Bitset.of(10, [member]), RangeError);
});

test('where one set has all of another, their union and intersection are these sets themselves', () => {
  const [all, some, others] = [Bitset.of(64, [1, 2, 40]), Bitset.of(64, [2, 40]), Bitset.of(64, [2, 3])];
  assert.deepEqual([all.intersect(some) === some, some.intersect(all) === some], [true, true]);
  assert.deepEqual([all.union(some) === all, some.union(all) === all], [true, true]);
  const [both, either] = [all.intersect(others), all.union(others)];
  assert.deepEqual([both.has(2), both.has(1), both.has(3), either.has(3)], [true, false, false, true]);
  assert.deepEqual([all.has(3), others.has(1)], [false, false], 'neither set has changed');
});
