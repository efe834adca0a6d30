import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomContract } from '../../ports/random-contract.ts';
import { createSeededRandom } from './seeded-random.ts';

randomContract('seeded randomness', () => createSeededRandom(7));

function draw(seed: number | string, sizes: readonly number[]): string {
  const random = createSeededRandom(seed);
  const parts = sizes.map((size) => {
    const bytes = new Uint8Array(size);
    random.fill(bytes);
    return Buffer.from(bytes).toString('hex');
  });
  return parts.join('');
}

test('one seed always gives the same bytes, in whatever pieces they are drawn', () => {
  assert.equal(draw(42, [64]), draw(42, [1, 0, 31, 32]));
});

test('different seeds give different bytes', () => {
  assert.notEqual(draw(42, [16]), draw(43, [16]));
  assert.notEqual(draw('a', [16]), draw('b', [16]));
});
