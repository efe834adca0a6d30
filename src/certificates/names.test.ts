import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorOf, valueOf } from './fake-ports.test.ts';
import { canonicalName, localNames, sameNames } from './names.ts';

test('names become lower case without the trailing dot, addresses the text of RFC 5952', () => {
  const pairs = [
    ['API.Acme.Example', 'api.acme.example'],
    ['api.acme.example.', 'api.acme.example'],
    ['*.Acme.Example', '*.acme.example'],
    ['LOCALHOST', 'localhost'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['127.0.0.1', '127.0.0.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:A', '2001:db8::a'],
  ] as const;
  for (const [given, wanted] of pairs) assert.equal(valueOf(canonicalName(given)), wanted);
});

test('what is neither a host name nor an address is refused', () => {
  const wrong = ['', '.', 'a..b', 'a.example..', '-a.example', 'a-.example', '*', '*.', 'a.*.example', 'w*.example'];
  const more = [
    '**.example',
    'bücher.example',
    '\u212a.example',
    'a b',
    'a\0.example',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
  ];
  const last = [
    'fe80::1%eth0',
    '[::1]',
    'a.example:8443',
    'https://a.example',
    `${'a'.repeat(64)}.example`,
    'a.'.repeat(127) + 'bb',
  ];
  for (const name of [...wrong, ...more, ...last]) assert.ok(!canonicalName(name).ok, name);
});

test('property: a canonical name is its own canonical name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
      const once = canonicalName(text);
      if (once.ok) assert.deepEqual(canonicalName(once.value), once);
    }),
  );
});

test('a local certificate names the own machine first, and each name once', () => {
  const names = valueOf(localNames(['API.example', 'api.example.', 'localhost', '0::1', '10.0.0.7']));
  assert.deepEqual(names, ['localhost', '127.0.0.1', '::1', 'api.example', '10.0.0.7']);
});

test('a wrong name, and more names than a handshake can carry, are errors', () => {
  assert.match(errorOf(localNames(['bad name'])), /bad name/);
  assert.match(errorOf(localNames(Array.from({ length: 600 }, (_, at) => `h${at}.example`))), /too many/);
  const long = Array.from(
    { length: 400 },
    (_, at) => `h${at}.${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(20)}.example`,
  );
  assert.match(errorOf(localNames(long)), /too many/);
});

test('lists of names are compared as sets', () => {
  assert.ok(sameNames(['a', 'b'], ['b', 'a']));
  assert.ok(!sameNames(['a'], ['a', 'b']));
  assert.ok(!sameNames(['a', 'c'], ['a', 'b']));
});
