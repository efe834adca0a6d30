import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readAuthority, readHostName } from './host.ts';

test('a host is lower case, without port and trailing dot', () => {
  const cases: readonly (readonly [string, string, number | null])[] = [
    ['api.test', 'api.test', null],
    ['API.Test.', 'api.test', null],
    ['api.test:443', 'api.test', 443],
    ['api.test.:65535', 'api.test', 65_535],
    ['localhost', 'localhost', null],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['xn--pi-7ka.test', 'xn--pi-7ka.test', null],
    ['a--b.c', 'a--b.c', null],
    ['[::1]', '[::1]', null],
    ['[0:0:0:0:0:0:0:1]:8443', '[::1]', 8443],
    ['[2001:DB8::0:1]', '[2001:db8::1]', null],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]', null],
  ];
  for (const [text, host, port] of cases) assert.deepEqual(readAuthority(text), { host, port }, text);
});

test('anything that is not exactly a host with an optional port is none', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`;
  for (const text of [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a..',
    'a b',
    ' a',
    'a ',
    'u@a',
    'u:p@a',
    'a/b',
    'a\\b',
    'a?b',
    'a#b',
    'a:',
    'a:0',
    'a:65536',
    'a:99999',
    'a:x',
    'a:+1',
    'a:-1',
    'a: 1',
    'a:80:90',
    ':80',
    'a_b',
    '-a',
    'a-',
    'a%2eb',
    '%61',
    'a;b',
    'a,b',
    '*',
    '*.a',
    '"a"',
    '[::1',
    '::1]',
    '::1',
    '[]',
    '[a]',
    '[::1]x',
    '[::1]:',
    '[::1]:x',
    '[fe80::1%eth0]',
    '[fe80::1%25eth0]',
    '[::g]',
    '[1.2.3.4]',
    'a\0',
    'ä',
    long,
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
  ]) {
    assert.equal(readAuthority(text), null, JSON.stringify(text));
  }
});

test('a host name of 253 bytes is the longest', () => {
  const name = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
  assert.equal(name.length, 253);
  assert.equal(readHostName(name), name);
  assert.equal(readHostName(`${name}d`), null);
});

test('reading what was read changes nothing, and nothing throws', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('a', 'B', '.', ':', '[', ']', '1', '-', '%', '@', 'f'), maxLength: 20 }),
    fc.ipV6().map((address) => `[${address}]`),
    fc.domain(),
  );
  fc.assert(
    fc.property(text, (given) => {
      const reading = readAuthority(given);
      if (reading !== null) assert.deepEqual(readAuthority(reading.host), { host: reading.host, port: null });
    }),
  );
});
