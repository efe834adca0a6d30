import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allowances } from './allowances.ts';

test('each key has its pace, and all together have theirs', () => {
  const allowances = new Allowances({ burst: 2, perSecond: 1 }, { burst: 3, perSecond: 1 }, 0);
  const taken = (keys: string, nowMs: number): string =>
    [...keys].filter((key) => allowances.take(key, nowMs)).join('');
  assert.equal(taken('aaabbb', 0), 'aab');
  assert.equal(taken('abc', 1_000), 'a', 'what comes back to all is one');
  assert.equal(taken('abcabc', 60_000), 'abc', 'no more than at the beginning');
});

test('of more keys than are remembered the one that came longest ago begins anew', () => {
  const allowances = new Allowances({ burst: 1, perSecond: 0 }, { burst: 10_000, perSecond: 0 }, 0);
  let others = 0;
  const comeOthers = (count: number): void => {
    for (let n = 0; n < count; n++) assert.ok(allowances.take(`other ${others++}`, 0));
  };
  assert.ok(allowances.take('a', 0));
  for (let round = 0; round < 2; round++) {
    comeOthers(1_023);
    assert.ok(!allowances.take('a', 0), `round ${round}`);
  }
  comeOthers(1_024);
  assert.ok(allowances.take('a', 0));
});
