import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalizePath, canonicalizeQuery, canonicalizeTarget, type PlainTarget, walkTarget } from './target.ts';

function faultOf(text: string): string | null {
  return canonicalizeTarget(text).fault;
}

function canonical(text: string): string {
  const reading = canonicalizeTarget(text);
  assert.equal(reading.fault, null, text);
  assert.ok(reading.fault === null);
  return reading.query === null ? reading.path : `${reading.path}?${reading.query}`;
}

function walk(text: string): PlainTarget {
  const into: PlainTarget = { pathEnd: 0, end: 0, plain: false };
  walkTarget(Buffer.from(text, 'latin1'), 0, into);
  return into;
}

test('what may stand plainly in a path is decoded once, other escapes are kept in upper case', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/a/', '/a/'],
    ['/adm%69n', '/admin'],
    ['/%7euser/%2D%5F%2e', '/~user/-_.'],
    ['/a%20b', '/a%20b'],
    ['/a%3ab', '/a:b'],
    ['/%40me', '/@me'],
    ['/%21%24%26%27%28%29%2a%2b%2c%3d', "/!$&'()*+,="],
    ['/a%5bb%7c', '/a%5Bb%7C'],
    ['/a%3bb', '/a%3Bb'],
    ['/a%3fb%23', '/a%3Fb%23'],
    ['/%252e%252e', '/%252e%252e'],
    ['/%25252f', '/%25252f'],
    ['/%c3%a9', '/%C3%A9'],
    ['/%e2%82%ac/%F0%9F%98%80', '/%E2%82%AC/%F0%9F%98%80'],
    ["/!$&'()*+,=:@", "/!$&'()*+,=:@"],
    ['/...', '/...'],
    ['/.a/b./..c', '/.a/b./..c'],
    ['/a?', '/a?'],
    ['/a??', '/a??'],
    ['/a?x=%2f%5c', '/a?x=%2F%5C'],
    ['/a?x=/../', '/a?x=/../'],
    ['/a?x[0]=1&y=%5b', '/a?x%5B0%5D=1&y=%5B'],
    ['/a?x=%0d%0a%09', '/a?x=%0D%0A%09'],
    ['/a?a;b', '/a?a;b'],
  ];
  for (const [given, expected] of cases) {
    assert.equal(canonical(given), expected);
    assert.equal(canonical(expected), expected);
  }
});

test('what servers read in different ways is refused', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'dot-segment': ['/.', '/..', '/./a', '/../a', '/a/..', '/a/../', '/%2e', '/%2E%2e/a', '/.%2e', '/%2e./x', '/..?x'],
    'empty-segment': ['//', '//a', '///', '/a//b', '/a//', '//?x'],
    'encoded-separator': ['/%2f', '/a%2Fb', '/..%2fa', '/%5c', '/a%5Cb'],
    'path-parameter': ['/a;b', '/;', '/..;/a', '/;x=y/a', '/%2e%2e;/a'],
    'malformed-target': [
      '',
      'a',
      '*',
      '?x',
      '\\',
      '/a\\b',
      '/a b',
      '/a#b',
      '/#',
      '/a?x#y',
      '/a"',
      '/<',
      '/{',
      '/a|b',
      '/a^',
      '/`',
      '/\x00',
      '/\x7f',
      '/\x80',
      '/é',
      '/漢',
      '/a?\\',
      '/a?"',
      '/a[0]',
    ],
    'malformed-escape': [
      '/%',
      '/%2',
      '/%zz',
      '/%0g',
      '/%00',
      '/%1f',
      '/%0a',
      '/%0d',
      '/%09',
      '/%7f',
      '/%u002e',
      '/%-1',
      '/a?%',
      '/a?%00',
      '/a?%1b',
      '/a?%7f',
      '/%%32e',
    ],
  };
  for (const [fault, texts] of Object.entries(cases))
    for (const text of texts) assert.equal(faultOf(text), fault, text);
});

test('escapes of octets above 7f must be UTF-8', () => {
  const escaped = (text: string): string => encodeURIComponent(text);
  for (const text of [
    '\u0080',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    'é',
    '漢',
    '😀',
  ]) {
    assert.equal(canonical(`/${escaped(text)}`), `/${escaped(text)}`);
  }
  for (const bad of [
    '%80',
    '%bf',
    '%c0%ae',
    '%c1%bf',
    '%c2',
    '%c2%41',
    '%c2a',
    '%e0%80%80',
    '%e0%9f%bf',
    '%e2%82',
    '%e2%82x',
    '%ed%a0%80',
    '%ed%bf%bf',
    '%f0%80%80%80',
    '%f0%8f%bf%bf',
    '%f4%90%80%80',
    '%f5%80%80%80',
    '%ff',
    '%fe%ff',
    '%e2%28%a1',
    '%f0%9f%98',
  ]) {
    assert.equal(faultOf(`/${bad}`), 'malformed-escape', bad);
    assert.equal(faultOf(`/a?x=${bad}`), 'malformed-escape', bad);
  }
});

test('our reading of UTF-8 is that of the platform', () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 6 }),
    fc.string({ minLength: 1, unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(octets, (bytes) => {
      const high = [...bytes].filter((octet) => octet >= 0x80);
      const text = high.map((octet) => `%${octet.toString(16)}`).join('');
      let valid = true;
      try {
        new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(high));
      } catch {
        valid = false;
      }
      assert.equal(faultOf(`/${text}`), valid ? null : 'malformed-escape', text);
    }),
    { numRuns: 500 },
  );
});

test('a method override is taken out of the query, in every spelling that servers take for it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['_method=DELETE', ''],
    ['_method', ''],
    ['a=1&_method=DELETE', 'a=1'],
    ['_method=DELETE&a=1', 'a=1'],
    ['a=1&_method=x&b=2', 'a=1&b=2'],
    ['a;_method=x;b', 'a;b'],
    ['_method=a&_method=b;_method&c', 'c'],
    ['%5Fmetho%64=x', ''],
    ['+_method=x&%20_method=y', ''],
    ['.method=x', ''],
    ['[method=x&b', 'b'],
    ['%5bmethod=x', ''],
    ['_method[]=x&c', 'c'],
    ['_method%20=x', ''],
    ['a_method=1', 'a_method=1'],
    ['x=_method', 'x=_method'],
    ['_methods=1', '_methods=1'],
    ['_METHOD=1', '_METHOD=1'],
    ['&&a', '&&a'],
    ['&_method&&a', '&&a'],
  ];
  for (const [given, expected] of cases) {
    assert.equal(canonicalizeQuery(given), expected, given);
    assert.equal(canonicalizeQuery(expected), expected);
  }
});

const PIECES = [
  '/',
  '.',
  '..',
  '%2e',
  '%2E',
  '%25',
  '%2f',
  '%',
  'a',
  'B',
  '?',
  '&',
  ';',
  '_method',
  '_m',
  '.m',
  '=',
  '[',
  ']',
  '%5B',
  '%5f',
  '%c3%a9',
  '%C3',
  '#',
  '\\',
  ' ',
  '~',
  '+',
  '\xe9',
  '%20',
];
const TARGET = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }).map((pieces) => `/${pieces.join('')}`),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
);

test('canonicalizing twice is canonicalizing once, and nothing throws', () => {
  fc.assert(
    fc.property(TARGET, (text) => {
      const reading = canonicalizeTarget(text);
      if (reading.fault !== null) return;
      const again = canonical(text);
      assert.equal(canonical(again), again);
      assert.equal(canonicalizePath(reading.path), reading.path);
    }),
    { numRuns: 2_000 },
  );
});

test('what the plain walk calls canonical is left as it is by the careful way', () => {
  let plain = 0;
  fc.assert(
    fc.property(TARGET, (text) => {
      const reading = walk(text);
      assert.ok(reading.pathEnd <= reading.end && reading.end <= text.length);
      if (!reading.plain || reading.end !== text.length) return;
      plain++;
      assert.equal(canonical(text), text);
      assert.equal(reading.pathEnd, text.includes('?') ? text.indexOf('?') : text.length);
    }),
    { numRuns: 5_000 },
  );
  assert.ok(plain > 100, `${plain} plain targets were tried`);
});

test('usual targets are plain', () => {
  for (const text of [
    '/',
    '/v1/orders/7',
    '/v1/orders?limit=20&after=a.b',
    '/a/',
    '/a?x=https://b.test/c',
    "/a-b_c~d:@!$&'()*+,=?/?;",
  ]) {
    assert.deepEqual(
      walk(text),
      { pathEnd: text.includes('?') ? text.indexOf('?') : text.length, end: text.length, plain: true },
      text,
    );
  }
  for (const text of ['', 'a', '//', '/a//b', '/a.b', '/%61', '/a?%20', '/a?[]', '/a?_method', '/a?.method'])
    assert.equal(walk(text).plain, false, text);
});

test('a target of 8 KiB of escapes is read without effort', () => {
  const text = `/${'%c3%a9'.repeat(1_365)}`;
  const started = process.cpuUsage();
  for (let round = 0; round < 20; round++) canonical(text);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 1_000_000, `20 readings took ${user} µs`);
});
