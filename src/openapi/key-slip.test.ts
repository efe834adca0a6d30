import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meantKey } from './key-slip.ts';

const KNOWN = ['security', 'required', 'in', 'requestBody'];

test('a slip of one letter is known for what was meant', () => {
  for (const [key, meant] of [
    ['securty', 'security'],
    ['securiity', 'security'],
    ['sevurity', 'security'],
    ['secuirty', 'security'],
    ['Security', 'security'],
    ['requestbody', 'requestBody'],
    ['requred', 'required'],
  ] as const) {
    assert.equal(meantKey(key, KNOWN), meant);
  }
});

test('other words are not taken for a slip', () => {
  for (const key of ['secrecy', 'type', 'xx', 'requestParameters', '', 'securityy2', 'a'.repeat(100_000)]) {
    assert.equal(meantKey(key, KNOWN), null, key.slice(0, 20));
  }
});
