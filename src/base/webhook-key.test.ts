import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookKey } from './webhook-key.ts';

const key = (text: string) => webhookKey(Buffer.from(text));

test('a secret is the key as it is, or the bytes that stand behind whsec_ in base64', () => {
  const plain = key('sixteen bytes ok');
  assert.ok(plain.ok);
  assert.equal(Buffer.from(plain.value).toString(), 'sixteen bytes ok');
  const encoded = key(`whsec_${Buffer.from('sixteen bytes ok').toString('base64')}`);
  assert.deepEqual(encoded, plain);
});

test('a key of fewer than 16 bytes signs nothing', () => {
  for (const text of [
    '',
    'x',
    'fifteen bytes .',
    'whsec_',
    'whsec_AAAA',
    `whsec_${Buffer.alloc(15).toString('base64')}`,
  ])
    assert.deepEqual(key(text), { ok: false, error: 'the secret has fewer than 16 bytes' }, text);
});
