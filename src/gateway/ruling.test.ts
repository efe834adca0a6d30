import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decided, deciderOf, observed, ObservedRules, PASSED } from './ruling.ts';

const NOTE = { policy: 'roles', rule: null, noted: { code: 'forbidden' } } as const;

test('the first policy that would have refused is the one that is recorded, in the intent and behind it', () => {
  const first = observed(PASSED, PASSED, { policy: 'limit', rule: 'minute', noted: { code: 'rate-limited' } });
  assert.deepEqual(first, { verdict: 'observed', policy: 'limit', rule: 'minute', noted: { code: 'rate-limited' } });
  assert.equal(observed(first, PASSED, NOTE), first);
  const behind = observed(first, first, NOTE);
  assert.deepEqual(behind, { verdict: 'observed', ...NOTE });
  assert.equal(observed(behind, first, { ...NOTE, policy: 'other' }), behind);
});

test('what was decided stands, whatever is observed behind it', () => {
  const reply = decided('reply', 'cache', null);
  assert.deepEqual(reply, { verdict: 'reply', policy: 'cache', rule: null, noted: null });
  assert.equal(observed(reply, PASSED, NOTE), reply);
  assert.equal(observed(reply, reply, NOTE), reply);
});

test('who only noted something has not decided what ended for another problem', () => {
  const noting = observed(PASSED, PASSED, NOTE);
  assert.equal(deciderOf(noting, null), noting);
  assert.equal(deciderOf(noting, { code: 'upstream-unreachable' }), PASSED);
  const denying = decided('deny', 'roles', 'r');
  assert.equal(deciderOf(denying, { code: 'forbidden' }), denying);
});

test('rules that only observe are named once, eight at most, and told by the record that comes next', () => {
  const rules = new ObservedRules();
  const named = (rule: string) => ({ problem: 'forbidden', policy: 'roles', rule });
  assert.deepEqual(rules.take(), {});
  for (const rule of ['a', 'b', 'a']) rules.add({ ...NOTE, rule });
  assert.deepEqual(rules.take(), { observed: [named('a'), named('b')] });
  for (const rule of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) rules.add({ ...NOTE, rule });
  const rest = ['c', 'd', 'e', 'f', 'g', 'h'].map(named);
  assert.deepEqual(rules.take(), { observed: rest, observedMore: 2 });
  assert.deepEqual(rules.take(), {});
});
