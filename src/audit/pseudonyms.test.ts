import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createPseudonyms } from './pseudonyms.ts';

const KEY = new Uint8Array(32).fill(7);

test('a pseudonym is the same for the same issuer and subject, also in another process, and says nothing of them', () => {
  const ada = { issuer: 'https://id.example', subject: 'ada' };
  const pseudonym = createPseudonyms(KEY);
  assert.match(pseudonym(ada), /^[A-Za-z0-9_-]{22}$/);
  assert.equal(pseudonym(ada), pseudonym({ ...ada }));
  assert.equal(pseudonym(ada), createPseudonyms(Uint8Array.from(KEY))(ada));
  assert.ok(!pseudonym(ada).includes('ada'));
});

test('another issuer, subject or key gives another pseudonym, however they are put together', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['a', 'b'],
    ['ab', ''],
    ['', 'ab'],
    ['a"', 'b'],
    ['a', '"b'],
    ['a\0', 'b'],
    ['a', '\0b'],
    ['a', 'b\ud800'],
    ['a', 'b\ud801'],
    ['a', 'b\ufffd'],
  ];
  const pseudonym = createPseudonyms(KEY);
  const names = pairs.map(([issuer, subject]) => pseudonym({ issuer, subject }));
  assert.equal(new Set(names).size, pairs.length);
  assert.notEqual(createPseudonyms(new Uint8Array(32))({ issuer: 'a', subject: 'b' }), names[0]);
});

test('a pseudonym is the first half of HMAC-SHA-256 under the key as it was given', () => {
  const key = Uint8Array.from(KEY);
  const pseudonym = createPseudonyms(key);
  key.fill(0);
  const whole = createHmac('sha256', KEY).update('["https://id.example","ada"]').digest();
  const expected = whole.subarray(0, 16).toString('base64url');
  assert.equal(pseudonym({ issuer: 'https://id.example', subject: 'ada' }), expected);
});

test('a key that is too short is a bug', () => {
  assert.throws(() => createPseudonyms(new Uint8Array(16)), RangeError);
});
