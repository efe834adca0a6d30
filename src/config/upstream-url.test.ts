import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPlainPath, parseUpstreamUrl } from './upstream-url.ts';

test('a URL gives scheme, host, port and path prefix', () => {
  for (const [text, ...parts] of [
    ['http://127.0.0.1:3001', 'http', '127.0.0.1', 3001, ''],
    ['https://api.internal', 'https', 'api.internal', 443, ''],
    ['http://API.Internal/', 'http', 'api.internal', 80, ''],
    ['http://[::1]:8080/v1/', 'http', '::1', 8080, '/v1'],
    ['http://order_service:80/internal/v1', 'http', 'order_service', 80, '/internal/v1'],
    ['https://a:65535/~x/a.b', 'https', 'a', 65_535, '/~x/a.b'],
  ] as const) {
    const [scheme, host, port, pathPrefix] = parts;
    assert.deepEqual(parseUpstreamUrl(text), { ok: true, value: { scheme, host, port, pathPrefix } }, text);
  }
});

test('what the URL parser would mend or misread is refused', () => {
  for (const text of [
    '',
    'http://',
    'http:/a',
    'http:a',
    'HTTP://a',
    'ws://a',
    'file:///a',
    'http://a b',
    'http://a\n',
    ' http://a',
    'http:\\\\a',
    'http://a\\b',
    'http://u@a',
    'http://u:p@a',
    'http://@a',
    'http://a?',
    'http://a?b',
    'http://a#',
    'http://a/#b',
    'http://0x7f.1',
    'http://2130706433',
    'http://127.1',
    'http://a%62c',
    'http://a:0',
    'http://a:65536',
    'http://a:x',
    'http://a./',
    'http://-a',
    'http://a..b',
    'http://bücher',
    'http://[::1',
    'http://[::1%25lo]',
    'http://[0:0:0:0:0:0:0:1]',
    'http://a//b',
    'http://a/./b',
    'http://a/b/..',
    'http://a/%2e',
    'http://a/{x}',
    'http://a/b;c',
    `http://${'a'.repeat(3000)}`,
  ]) {
    assert.equal(parseUpstreamUrl(text).ok, false, text);
  }
});

test('the words of an error never hold what stands before the @', () => {
  const result = parseUpstreamUrl('http://ada:hunter2@internal:1/x');
  assert.ok(!result.ok && !result.error.includes('hunter2'));
});

test('a URL that is taken says the same to the standard parser', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl({ validSchemes: ['http', 'https'] }),
        fc.string().map((text) => `http://${text}`),
      ),
      (text) => {
        const result = parseUpstreamUrl(text);
        if (!result.ok) return;
        const url = new URL(text);
        assert.equal(url.hostname.replace(/^\[|\]$/g, ''), result.value.host);
        assert.equal(url.pathname.replace(/\/$/, ''), result.value.pathPrefix);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a plain path has one reading', () => {
  for (const path of ['/v1', '/a/b', '/.well-known', '/a..b', "/a!$&'()*+,=:@~"]) assert.ok(isPlainPath(path), path);
  for (const path of [
    '',
    '/',
    'v1',
    '/v1/',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/a/../b',
    '/%41',
    '/a b',
    '/é',
    '/a;b',
    '/a?b',
    '/a\n',
  ]) {
    assert.ok(!isPlainPath(path), path);
  }
});
