import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertHush } from './alert-hush.ts';

test('what was told may be told again after ten seconds, however often it happened meanwhile', () => {
  const hush = new AlertHush<'flood'>();
  const told = Array.from({ length: 41 }, (_, step) => step * 500).filter((nowMs) => hush.mayTell('flood', nowMs));
  assert.deepEqual(told, [0, 10_000, 20_000]);
});

test('one thing does not hush another', () => {
  const hush = new AlertHush<'flood' | 'fire'>();
  assert.equal(hush.mayTell('flood', 5), true);
  assert.equal(hush.mayTell('fire', 6), true);
  assert.equal(hush.mayTell('flood', 10_004), false);
  assert.equal(hush.mayTell('flood', 10_005), true);
  assert.equal(hush.mayTell('fire', 10_005), false);
});

test('the first is told whatever the clock shows', () => {
  assert.equal(new AlertHush<'flood'>().mayTell('flood', -1_000_000), true);
});
