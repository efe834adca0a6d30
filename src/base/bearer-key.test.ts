import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerKey } from './bearer-key.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('a key is the whole secret, but for the line break of its file', () => {
  const key = 'aB3._~+/-'.repeat(4);
  for (const text of [key, `${key}\n`, `${key}\r\n`])
    assert.deepEqual(bearerKey(bytes(text)), { ok: true, value: key });
  assert.equal(bearerKey(bytes(`${key}==`)).ok, true);
});

test('what is too short, too long or no token is refused without its text', () => {
  const refused = [
    '',
    'x'.repeat(31),
    'x'.repeat(257),
    ` ${'x'.repeat(40)}`,
    `${'x'.repeat(40)}\n\n`,
    'x'.repeat(40) + '\xe9',
  ];
  for (const text of refused) {
    const read = bearerKey(bytes(text));
    assert.equal(read.ok, false, JSON.stringify(text));
    if (!read.ok) assert.doesNotMatch(read.error, /xxx/);
  }
});
