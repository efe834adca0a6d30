import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveWeight, type Entry } from './entry.ts';

/** Entries of these weights that nothing is known of, called after their places. */
export function entriesOf(weights: readonly number[]): readonly Entry[] {
  return weights.map((weight, index) => ({ name: `http://10.0.0.${index}:3001`, weight, share: 1, inFlight: 0 }));
}

/** Gives one of them another share. */
export function setShare(entries: readonly Entry[], index: number, value: number): void {
  const entry = entries[index];
  assert.ok(entry !== undefined);
  entry.share = value;
}

/** What part of its weight an entry gets. */
export function share(entry: Entry): number {
  return effectiveWeight(entry) / entry.weight;
}

/** Chance that is the same for the same seed (SplitMix32). */
export function splitmix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

test('what an entry weighs is its weight times its share', () => {
  const [entry] = entriesOf([8]);
  assert.ok(entry !== undefined);
  assert.equal(effectiveWeight(entry), 8);
  assert.equal(effectiveWeight({ ...entry, share: 0.5 }), 4);
  assert.equal(effectiveWeight({ ...entry, share: 3 }), 8);
});
