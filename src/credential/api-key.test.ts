import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  API_KEY_LIMIT_CHARACTERS,
  apiKeyChecksum,
  apiKeyWithin,
  isApiKeyEnvironment,
  isApiKeyId,
  makeApiKey,
  readApiKey,
} from './api-key.ts';
import { createApiKeyHash } from './api-key-hash.ts';

const fill = (bytes: Uint8Array): void => void randomFillSync(bytes);

test('a key that was made is read, and says its environment and id', () => {
  for (const environment of ['live', 'test', 'a', 'abcdefghijklmno9']) {
    const { id, text } = makeApiKey(environment, fill);
    assert.deepEqual(readApiKey(text), { ok: true, value: { environment, id } });
    assert.match(text, /^pcl_[a-z][a-z0-9]{0,15}_[0-9a-z]{16}_[0-9A-Za-z]{49}$/);
    assert.ok(text.length <= API_KEY_LIMIT_CHARACTERS && isApiKeyId(id));
  }
});

test('the checksum is the CRC-32 of the text before it in base 62, six digits', () => {
  // The check value of CRC-32/ISO-HDLC: 123456789 gives cbf43926.
  assert.equal(apiKeyChecksum('123456789'), digits(0xcb_f4_39_26));
  assert.equal(apiKeyChecksum(''), '000000');
});

function digits(value: number): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const text = value === 0 ? '' : digits(Math.floor(value / 62)) + alphabet.charAt(value % 62);
  return text;
}

test('no key that differs in one character, in its case or its length is read', () => {
  const { text } = makeApiKey('live', fill);
  for (let at = 0; at < text.length; at++) {
    const own = text.charAt(at);
    for (const other of ['0', 'a', 'Z', '_', ' ', '\n', 'é']) {
      if (other === own) continue;
      assert.equal(readApiKey(text.slice(0, at) + other + text.slice(at + 1)).ok, false, `${at}: ${other}`);
    }
    assert.equal(readApiKey(text.slice(0, at)).ok, false, `the first ${at}`);
    assert.equal(readApiKey(text.slice(at + 1)).ok, false, `all but the first ${at + 1}`);
  }
  for (const other of [text.toUpperCase(), text.toLowerCase(), `${text}0`, ` ${text}`, `${text}\n`, `${text}${text}`])
    assert.equal(readApiKey(other).ok, false, other.slice(0, 10));
  assert.equal(readApiKey('pcl_'.repeat(100_000)).ok, false);
});

test('what is no key is told from a key with a slip', () => {
  const { text } = makeApiKey('live', fill);
  const last = text.endsWith('0') ? '1' : '0';
  assert.deepEqual(readApiKey(text.slice(0, -1) + last), { ok: false, error: 'checksum' });
  assert.deepEqual(readApiKey(text.slice(0, -1)), { ok: false, error: 'form' });
});

test('a key is found within another text, in time in proportion to the text', () => {
  const { text } = makeApiKey('live', fill);
  for (const around of [text, `q=${text}&x=1`, `pcl_pcl_${text}`, `x-api-key: ${text}`, `${text}${text}`])
    assert.equal(apiKeyWithin(around), text, around.slice(0, 12));
  for (const none of ['', 'pcl_', 'pcl_live', text.slice(0, -1), text.toUpperCase(), 'pcl_live_x_y'])
    assert.equal(apiKeyWithin(none), null, none.slice(0, 12));
  const began = performance.now();
  assert.equal(apiKeyWithin('pcl_a'.repeat(200_000)), null);
  assert.equal(apiKeyWithin(`pcl_live_${'0'.repeat(1_000_000)}`), null);
  assert.ok(performance.now() - began < 1_000);
});

test('environments are short words in lower case', () => {
  for (const word of ['live', 'test', 'a', 'eu1']) assert.equal(isApiKeyEnvironment(word), true, word);
  for (const word of ['', 'Live', '1eu', 'a_b', 'a-b', 'abcdefghijklmnopq', 'live\n'])
    assert.equal(isApiKeyEnvironment(word), false, word);
  assert.throws(() => makeApiKey('a_b', fill), RangeError);
});

test('bytes that would favour some digits are left out', () => {
  // 248 and more would come out as 0 to 7 once more often than the others.
  let calls = 0;
  const { text } = makeApiKey('live', (bytes) => void bytes.fill(calls++ % 2 === 0 ? 255 : 61));
  assert.match(text, /_p{16}_z{43}/);
});

test('keys differ', () => {
  const keys = Array.from({ length: 1_000 }, () => makeApiKey('live', fill));
  assert.equal(new Set(keys.map(({ id }) => id)).size, keys.length);
});

test('the hash is HMAC-SHA-256', () => {
  for (const bytes of [32, 48, 64]) {
    const key = randomBytes(bytes);
    const hashed = createApiKeyHash(key);
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 128 }), (text) => {
        assert.equal(hashed(text), createHmac('sha256', key).update(text, 'latin1').digest('base64'));
      }),
    );
  }
  for (const bytes of [0, 16, 31, 65]) assert.throws(() => createApiKeyHash(Buffer.alloc(bytes)), RangeError);
});

test('a text that is too long for a key is hashed no further than a key could reach', () => {
  const hashed = createApiKeyHash(randomBytes(32));
  const before = hashed('a');
  assert.equal(hashed('x'.repeat(1_000_000)), hashed('x'.repeat(128)));
  assert.equal(hashed('a'), before, 'nothing of it is left');
});
