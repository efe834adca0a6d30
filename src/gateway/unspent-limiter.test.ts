import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUnspentLimiter } from './unspent-limiter.ts';

const RATE = { count: 10, periodMs: 60_000, burst: 10 };

test('every call is the first one, however many there are', () => {
  const limiter = createUnspentLimiter();
  for (let call = 0; call < 100; call++) {
    const decisions = limiter.charge(
      [
        { key: 'a', rate: RATE },
        { key: 'b', rate: { ...RATE, burst: 1 } },
      ],
      0,
    );
    assert.deepEqual(decisions, [
      { allowed: true, remaining: 9, resetMs: 6_000, retryMs: 0 },
      { allowed: true, remaining: 0, resetMs: 6_000, retryMs: 0 },
    ]);
  }
});

test('a rule without any burst lets nothing through', () => {
  const [decision] = createUnspentLimiter().charge([{ key: 'a', rate: { ...RATE, burst: 0 } }], 0);
  assert.deepEqual(decision, { allowed: false, remaining: 0, resetMs: 6_000, retryMs: 6_000 });
});

test('what is given back is whole again', () => {
  assert.deepEqual(createUnspentLimiter().refund([{ key: 'a', rate: RATE }], 0), [
    { allowed: true, remaining: 10, resetMs: 0, retryMs: 0 },
  ]);
});
