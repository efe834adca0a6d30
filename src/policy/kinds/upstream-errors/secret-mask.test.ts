import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderMap } from '../../../wire/index.ts';
import { keptText } from './kept-text.ts';
import { maskField, maskSecrets } from './secret-mask.ts';

const fieldsOf = (...fields: readonly (readonly [string, string])[]): HeaderMap =>
  ({ entries: () => fields.values() }) as unknown as HeaderMap;

/** Pieces of text, each with a secret that must not be kept. */
const SECRETS: readonly (readonly [text: string, secret: string])[] = [
  ['{"password":"hunter2x"}', 'hunter2x'],
  ['{"dbPassword" : "a\\"hunter2x"}', 'hunter2x'],
  ['{"body":"{\\"password\\":\\"hunter2x\\"}"}', 'hunter2x'],
  ["'client_secret' => 'hunter2x'", 'hunter2x'],
  ['user=ada&password=hunter2x&next=1', 'hunter2x'],
  ['Server=db;User Id=sa;Password=hunter2x;', 'hunter2x'],
  ['postgres://app:hunter2x@db.internal/orders', 'hunter2x'],
  ['redis://:hunter2x@cache:6379', 'hunter2x'],
  ['authorization: Bearer abcdef123456', 'abcdef123456'],
  ['curl -H "X: Basic YWRhOmh1bnRlcjI="', 'YWRhOmh1bnRlcjI='],
  ['"Cookie": "sid=abc123; theme=dark"', 'abc123'],
  ['Set-Cookie: sid=abc123; HttpOnly', 'abc123'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'c2lnbmF0dXJl'],
  ['cut: eyJhbGciOiJIUzI1NiJ9', 'eyJhbGci'],
  ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
  ['see ghp_abcdefghijklmnopqrstuvwxyz012345', 'abcdefghij'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
  ['-----BEGIN PRIVATE KEY-----\nMIIEow and then it is cut', 'MIIEow'],
  ['card 4111 1111 1111 1111 was refused', '4111 1111'],
  ['GET /x?api_key=hunter2x HTTP/1.1', 'hunter2x'],
  ['"tokens": ["hunter2x", "b"]', 'hunter2x'],
];

for (const [text, secret] of SECRETS) {
  test(`masked: ${text.slice(0, 60).replaceAll('\n', ' ')}`, () => {
    assert.ok(!maskSecrets(text).includes(secret), maskSecrets(text));
  });
}

test('of the fields 64 are kept, each with 512 characters of its value', () => {
  const many = Array.from({ length: 65 }, (_, n) => [`x-${n}`, 'a b '.repeat(200)] as const);
  const ids = { id: 'r', api: 'a', operation: 'a/b' };
  const reply = { ...ids, status: 500, trace: null, start: Buffer.alloc(0), whole: true, coded: false };
  const { fields } = JSON.parse(keptText({ ...reply, headers: fieldsOf(...many) })) as { fields: [string, string][] };
  assert.deepEqual([fields.length, fields.at(-1)?.[0], fields[0]?.[1].length], [64, 'x-63', 512]);
});

test('what is no secret stays', () => {
  for (const text of [
    'java.lang.NullPointerException at com.acme.OrderService.find(OrderService.java:42)',
    'https://acme.example:8443/orders?page=2',
    'order 1234567890123 of 2026-01-01T00:00:00Z',
    'connect ECONNREFUSED 10.0.0.7:5432',
  ])
    assert.equal(maskSecrets(text), text);
});

test('fields that bear credentials are masked by their names', () => {
  for (const name of ['authorization', 'set-cookie', 'x-api-key', 'x-session-id', 'x-csrf-token'])
    assert.equal(maskField(name, 'a'), '[masked]', name);
  assert.equal(maskField('retry-after', '7'), '7');
});

test('what is kept is the same for the same reply, bounded, and without what is no text', () => {
  const start = Buffer.from(`password=hunter2x \u0000\u001b[31m${'a b '.repeat(10_000)}`);
  const original = {
    ...{ id: 'i', api: 'a', operation: 'a/b', status: 500, trace: null, whole: true, coded: false, start },
    headers: fieldsOf(['set-cookie', 'sid=1'], ['x-long', 'b '.repeat(2_000)]),
  };
  const text = keptText(original);
  assert.equal(keptText(original), text);
  assert.ok(text.length < 10_000, `${text.length}`);
  assert.ok(!text.includes('hunter2x') && !text.includes('sid=1') && !text.includes('\\u001b'));
  const wide = { ...original, start: Buffer.from('password=hunter2x', 'utf16le'), whole: true };
  assert.equal((JSON.parse(keptText(wide)) as { body: string }).body, 'password=[masked]');
  assert.equal((JSON.parse(text) as { whole: boolean }).whole, false);
  assert.equal((JSON.parse(keptText({ ...original, coded: true })) as { body: string }).body, '');
});
