import assert from 'node:assert/strict';
import { format, inspect } from 'node:util';
import { test } from 'node:test';
import { Secret, secretLine } from './secret.ts';

const TEXT = 'correct horse battery staple';
const secret = new Secret(new TextEncoder().encode(TEXT));

/** Whether the secret shows in a text: as itself, as hex, as base64, or as a list of bytes. */
function shows(text: string): boolean {
  const bytes = Buffer.from(TEXT);
  const forms = [TEXT, bytes.toString('hex'), bytes.toString('base64'), bytes.join(','), bytes.join(', ')];
  return forms.some((form) => text.includes(form.slice(0, 12)));
}

test('every way of printing a secret prints [redacted]', () => {
  assert.equal(`${String(secret)}`, '[redacted]');
  assert.equal(`a ${secret} b`, 'a [redacted] b');
  assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
  assert.equal(inspect(secret), '[redacted]');
  assert.equal(inspect({ deep: [secret] }, { depth: null }), '{ deep: [ [redacted] ] }');
  assert.equal(format('%s %o %j', secret, secret, secret).includes('[redacted]'), true);
});

test('no way of looking into a secret shows its bytes', () => {
  const looks = [
    inspect(secret, { showHidden: true, customInspect: false, getters: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
    inspect(structuredClone({ secret })),
    inspect(Object.getOwnPropertyDescriptors(secret), { showHidden: true }),
    inspect({ ...secret }),
    Reflect.ownKeys(secret).map(String).join(),
    new Error('with a cause', { cause: secret }).stack ?? '',
    inspect(new Error('with a cause', { cause: secret })),
  ];
  for (const look of looks) assert.equal(shows(look), false, look);
});

test('reveal gives the bytes and the text', () => {
  assert.equal(secret.revealText(), TEXT);
  assert.equal(new TextDecoder().decode(secret.reveal()), TEXT);
});

test('bytes that are no UTF-8 are not turned into text with replacement characters', () => {
  assert.throws(() => new Secret(Uint8Array.of(0xff, 0xfe)).revealText(), TypeError);
});

test('of a line one break at its end is left away, and nothing else', () => {
  const lines = ['key', 'key\n', 'key\r\n', 'key\n\n', ' key ', 'k\ney', 'key\r', ''].map((text) =>
    secretLine(Buffer.from(text)),
  );
  assert.deepEqual(lines, ['key', 'key', 'key', 'key\n', ' key ', 'k\ney', 'key\r', '']);
  assert.equal(secretLine(Uint8Array.of(0xe9)), '\u00e9');
});
