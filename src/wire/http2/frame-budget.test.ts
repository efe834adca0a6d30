import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameBudget, type FrameKind } from './frame-budget.ts';
import { HTTP2_BOUNDS } from './protocol.ts';

const { resets, chatter, chatterPerFrameSent, settings } = HTTP2_BOUNDS;
const ALLOWANCES = { reset: resets, chatter, setting: settings } as const;
const KINDS = ['reset', 'chatter', 'setting'] as const satisfies readonly FrameKind[];

/** How many more of a kind are taken, up to twice the largest burst. */
function left(budget: FrameBudget, kind: FrameKind): number {
  let count = 0;
  while (count < 2_000 && budget.count(kind)) count++;
  return count;
}

test('each kind has its own burst, and one more is too many', () => {
  const budget = new FrameBudget(HTTP2_BOUNDS);
  for (const kind of KINDS) {
    assert.equal(left(budget, kind), ALLOWANCES[kind].burst, kind);
    assert.equal(budget.count(kind), false, 'and stays so');
  }
});

test('time fills each kind up at its pace, to its burst and no further', () => {
  for (const kind of KINDS) {
    const { burst, perSecond } = ALLOWANCES[kind];
    const budget = new FrameBudget(HTTP2_BOUNDS);
    budget.refill(5_000);
    left(budget, kind);
    budget.refill(6_000);
    assert.equal(left(budget, kind), perSecond, kind);
    budget.refill(6_000 + 10_000_000);
    assert.equal(left(budget, kind), burst, kind);
  }
});

test('parts of a second add up', () => {
  const budget = new FrameBudget(HTTP2_BOUNDS);
  budget.refill(0);
  left(budget, 'setting');
  for (let now = 125; now < 1_000; now += 125) {
    budget.refill(now);
    assert.equal(budget.count('setting'), false);
  }
  budget.refill(1_000);
  assert.equal(left(budget, 'setting'), settings.perSecond);
});

test('the first filling begins the count of time, and a clock that stands or goes back fills nothing', () => {
  const budget = new FrameBudget(HTTP2_BOUNDS);
  for (const kind of KINDS) left(budget, kind);
  for (const now of [1_000_000, 1_000_000, 999_000]) budget.refill(now);
  for (const kind of KINDS) assert.equal(budget.count(kind), false);
});

test('what we send allows for more chatter, to the burst and no further, and for nothing else', () => {
  const budget = new FrameBudget(HTTP2_BOUNDS);
  budget.sent(1_000);
  for (const kind of KINDS) assert.equal(left(budget, kind), ALLOWANCES[kind].burst, kind);
  budget.sent(3);
  assert.equal(left(budget, 'reset'), 0);
  assert.equal(left(budget, 'setting'), 0);
  assert.equal(left(budget, 'chatter'), 3 * chatterPerFrameSent);
  budget.sent(0);
  assert.equal(left(budget, 'chatter'), 0);
  budget.sent(1_000_000);
  assert.equal(left(budget, 'chatter'), chatter.burst);
});

test('over any time no more is taken than the burst and the pace allow', () => {
  const steps = fc.array(fc.record({ kind: fc.constantFrom(...KINDS), count: fc.nat(400), waitMs: fc.nat(3_000) }));
  fc.assert(
    fc.property(steps, (list) => {
      const budget = new FrameBudget(HTTP2_BOUNDS);
      const taken = { reset: 0, chatter: 0, setting: 0 };
      let now = 0;
      budget.refill(now);
      for (const { kind, count, waitMs } of list) {
        for (let at = 0; at < count; at++) if (budget.count(kind)) taken[kind]++;
        for (const each of KINDS) {
          const { burst, perSecond } = ALLOWANCES[each];
          assert.ok(taken[each] <= burst + (now / 1_000) * perSecond + 1e-6, each);
        }
        now += waitMs;
        budget.refill(now);
      }
    }),
  );
});
