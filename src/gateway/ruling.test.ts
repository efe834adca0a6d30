import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decided, observed, PASSED } from './ruling.ts';

test('the first policy that would have refused is the one that is recorded', () => {
  const first = observed(PASSED, { code: 'rate-limited' }, 'limit', 'minute');
  assert.deepEqual(first, { verdict: 'observed', policy: 'limit', rule: 'minute', noted: { code: 'rate-limited' } });
  assert.equal(observed(first, { code: 'forbidden' }, 'roles', null), first);
});

test('what was decided stands, whatever is observed behind it', () => {
  const reply = decided('reply', 'cache', null);
  assert.deepEqual(reply, { verdict: 'reply', policy: 'cache', rule: null, noted: null });
  assert.equal(observed(reply, { code: 'forbidden' }, 'roles', null), reply);
});
