import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { multipleTest } from './decimal.ts';

test('a decimal is a multiple as it is written, not as binary has it', () => {
  const rows: readonly (readonly [divisor: number, multiples: readonly number[], others: readonly number[]])[] = [
    [0.1, [0.3, 0.7, 1.1, -0.3, 0, 1e20, 123_456_789.1], [0.35, 0.01, 1e-7]],
    [0.01, [19.99, 4.35, 1.15, 0.07, 1e300], [0.005, 19.999]],
    [0.0001, [0.0075, 1e5], [0.00751]],
    [1e-8, [12_391_239_123, 1e-8], [1e-9]],
    [1e-300, [1, 1e300, 3e-300], [1e-301, 5e-324]],
    [3, [9, -3, 0, 3e15], [10, 1.5, 4]],
    [2.5, [5, 7.5], [4, 2.4]],
    [1e300, [2e300, 0], [1, 1.5]],
  ];
  for (const [divisor, multiples, others] of rows) {
    const isMultiple = multipleTest(divisor);
    for (const value of multiples) assert.equal(isMultiple(value), true, `${value} of ${divisor}`);
    for (const value of others) assert.equal(isMultiple(value), false, `${value} of ${divisor}`);
  }
});

test('what is written with so many decimals is a multiple of one in the last place', () => {
  const parts = fc.tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 8 }));
  fc.assert(
    fc.property(parts, ([whole, places]) => {
      const value = Number(`${whole}e-${places}`);
      assert.equal(multipleTest(Number(`1e-${places}`))(value), true);
      const half = Number(`5e-${places + 1}`);
      assert.equal(multipleTest(Number(`1e-${places}`))(Number(`${whole}5e-${places + 1}`)), false);
      assert.equal(multipleTest(half)(value), true);
    }),
  );
});
