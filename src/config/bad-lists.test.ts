import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

/** What is wrong with lists that stand in the first line, as a person reads it. */
function issuesOf(top: string): readonly string[] {
  const text = `${top}
version: 1
apis:
  orders: { routes: ['GET /x'], upstream: http://127.0.0.1:3001, auth: public }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  return parsed.ok ? [] : parsed.error.map(formatIssue);
}

const CASES: readonly (readonly [what: string, text: string, words: RegExp])[] = [
  [
    'a list without entries',
    'deny: { addresses: [] }',
    /^\/etc\/portcullis\.yaml:1:\d+ deny\.addresses: at least one entry is needed/,
  ],
  ['no list at all', 'deny: {}', /deny: at least one list is needed/],
  ['an unknown list', 'deny: { adresses: [192.0.2.1] }', /unknown key \(did you mean "addresses"\?\)/],
  [
    'bits behind a prefix',
    'deny: { addresses: [192.0.2.1/24] }',
    /1:\d+ deny\.addresses\[0\]: has bits set behind the first 24/,
  ],
  ['no address', 'allow: { addresses: [localhost] }', /allow\.addresses\[0\]: expected a block such as/],
  ['a number for an address', 'allow: { addresses: [1] }', /expected an address, or a block .*, or a file with them/],
  ['a file of nothing', 'deny: { addresses: [{ file: "" }] }', /this path is empty/],
  ['a file and more', 'deny: { addresses: [{ file: ./a, kind: b }] }', /deny\.addresses\[0\]/],
  [
    'an entry that stands twice',
    'deny: { addresses: [192.0.2.1, 192.0.2.1] }',
    /this entry stands in the list already/,
  ],
  [
    'a country in small letters',
    'deny: { countries: [de] }',
    /code of two capital letters \(ISO 3166-1\) \(write DE\)/,
  ],
  ['a country by its name', 'deny: { countries: [Germany] }', /such as DE or KP/],
  [
    'a country without a database',
    'deny: { countries: [KP] }',
    /deny\.countries: no database says .*`geo\.country` is missing/,
  ],
  [
    'a system without a database',
    'geo: { country: ./c.mmdb }\nallow: { asns: [64496] }',
    /allow\.asns: .*`geo\.asn` is missing/,
  ],
  ['a system with letters', 'geo: { asn: ./a.mmdb }\ndeny: { asns: [AS64496] }', /a system is the number of it/],
  ['a name with a star inside', 'deny: { hosts: [a.*.example] }', /expected a domain name/],
  ['a host with a port', 'deny: { hosts: ["a.example:8443"] }', /expected a domain name/],
  ['an origin with a path', 'deny: { origins: [https://a.example/x] }', /expected an origin/],
  ['a method in small letters', 'deny: { methods: [get] }', /methods are upper case/],
  ['no method', 'deny: { methods: [FETCH] }', /no HTTP method is called "FETCH" \(such as GET\)/],
  ['exceptions of those allowed', 'allow: { addresses: [192.0.2.1], except: [192.0.2.2] }', /unknown key/],
];

for (const [what, text, words] of CASES)
  test(`lists: ${what} is told`, () => {
    const issues = issuesOf(text);
    assert.ok(issues.length > 0, 'it was taken');
    assert.ok(
      issues.some((issue) => words.test(issue)),
      issues.join('\n'),
    );
  });

test('an operation has no lists of hosts and methods, which it has itself', () => {
  const text = `version: 1
apis:
  orders:
    routes: ['GET /x']
    upstream: http://127.0.0.1:3001
    auth: public
    operations: { GET /x: { deny: { methods: [GET] } } }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(!parsed.ok && parsed.error.some((issue) => /methods: unknown key/.test(formatIssue(issue))));
});

test('a test says where its request comes from by an address', () => {
  assert.ok(
    issuesOf('tests: [{ do: GET /x, from: nowhere, expect: pass }]').some((issue) =>
      /expected an IP address/.test(issue),
    ),
  );
  assert.deepEqual(issuesOf('tests: [{ do: GET /x, from: "2001:DB8::1", expect: pass }]'), []);
});
