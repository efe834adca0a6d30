import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import type { Meter } from '../ports/index.ts';
import { createProofMemory, openProofs, type ProofMemory } from './proof-memory.ts';

const NOW = Date.UTC(2026, 0, 1);
const METER: Meter = {
  counter: () => ({ add: () => {} }),
  gauge: () => ({ set: () => {} }),
  histogram: () => ({ observe: () => {} }),
};

/** What each start of a gateway makes, and what its threads get of it. */
const started = (): ProofMemory => createProofMemory((bytes) => void randomFillSync(bytes), NOW);
const threadOf = (memory: ProofMemory) => openProofs(structuredClone(memory), METER);

test('a nonce that one thread gave is taken by all others of the run, and none of an earlier run is', () => {
  const run = started();
  const [one, two] = [threadOf(run), threadOf(run)];
  const nonce = one.nonces.newest(NOW);
  assert.equal(two.nonces.newest(NOW), nonce);
  assert.equal(two.nonces.madeAtMs(nonce, NOW + 90_000), NOW);
  assert.equal(threadOf(started()).nonces.madeAtMs(nonce, NOW), null);
});

test('what one thread has seen used, all others of the run have', () => {
  const run = started();
  const [one, two] = [threadOf(run), threadOf(run)];
  const used = { key: 'key', source: 'ada', madeAtMs: NOW };
  assert.equal(one.replays.use(used), 'first');
  assert.equal(two.replays.use(used), 'again');
  assert.equal(two.replays.sinceMs, NOW, 'what was made before is nobody’s to judge');
});
