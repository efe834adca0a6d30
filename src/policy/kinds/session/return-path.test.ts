import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReturnPath, returnPathOf } from './return-path.ts';

const GOOD = [
  '/',
  '/orders',
  '/orders/7?x=1&y=a/b?c',
  '/a/b/',
  '/@me',
  '/a?next=//evil.example',
  '/%C3%A9',
  '/a?q=%0D%0A',
];
const BAD = [
  '',
  'orders',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/a//b',
  'https:evil.example',
  'https://evil.example/',
  'https:/evil.example',
  'javascript:alert(1)',
  '%09//evil.example',
  '\t//evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/a\r\nSet-Cookie: x=1',
  '/a%0d%0aSet-Cookie:x',
  '/%0D%0ASet-Cookie:x',
  '/%2F%2Fevil.example',
  '/%5Cevil.example',
  '/%5cevil.example',
  '/..//evil.example',
  '/./a',
  '/a/../b',
  '/a#b',
  '/a b',
  '/a?b c',
  '/a?b\\c',
  '/a?b#c',
  ' /a',
  '/a\u0000',
  '/é',
  '@evil.example',
  '//user@evil.example',
  '/.portcullis/logout',
  '/.portcullis',
  '/.well-known/oauth-protected-resource',
  `/${'a'.repeat(2_048)}`,
];

test('a browser is sent back to paths of the host itself', () => {
  for (const path of GOOD) assert.ok(isReturnPath(path), path);
});

for (const path of BAD) {
  test(`a browser is not sent back to ${JSON.stringify(path.slice(0, 40))}`, () => assert.ok(!isReturnPath(path)));
}

test('whatever passes stays on its host for every browser', () => {
  for (const path of [...GOOD, ...BAD]) {
    if (isReturnPath(path)) assert.equal(new URL(path, 'https://app.example').origin, 'https://app.example');
  }
});

test('a request comes back to itself, to its path where its query is too long, else to the front page', () => {
  assert.equal(returnPathOf({ path: '/a', query: 'b=1' }), '/a?b=1');
  assert.equal(returnPathOf({ path: '/a', query: null }), '/a');
  assert.equal(returnPathOf({ path: '/a', query: 'b'.repeat(3_000) }), '/a');
  assert.equal(returnPathOf({ path: `/${'a'.repeat(3_000)}`, query: null }), '/');
});
