import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limiterContract } from '../../ports/limiter-contract.ts';
import { createMemoryLimiter } from './memory-limiter.ts';

limiterContract('the limiter in memory', () => createMemoryLimiter({ keyLimit: 1_000 }));

test('two limiters in memory count apart', () => {
  const charges = [{ key: 'ada', rate: { count: 1, periodMs: 60_000, burst: 1 } }];
  for (const limiter of [createMemoryLimiter(), createMemoryLimiter()]) {
    assert.equal(limiter.charge(charges, 0)[0]?.allowed, true);
    assert.equal(limiter.charge(charges, 0)[0]?.allowed, false);
  }
});
