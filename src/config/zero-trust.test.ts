import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

/** A configuration that falls short of nothing; `change` makes it do so. */
const GOOD = `version: 1
preset: { zero-trust: { public: { orders.GET /health: tells nobody anything } } }
sessions: { idle: 15m }
issuers:
  acme: { issuer: https://id.acme.example, audience: api, proof: any, maxLifetime: 10m }
  people: { issuer: https://people.example, audience: api, login: { clientId: gateway, clientSecret: '\${file:./secret}' } }
apis:
  orders:
    routes: ['GET /orders/{id}', 'POST /orders', 'GET /health']
    upstream: http://127.0.0.1:3001
    auth: [acme, session]
    operations:
      GET /health: { auth: public }
      POST /orders: { needs: 'orders:create' }
`;

function issuesOf(text: string): readonly string[] {
  const read = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  return read.ok ? [] : read.error.map(formatIssue);
}

function changed(from: string, to: string): string {
  assert.ok(GOOD.includes(from), from);
  return GOOD.replace(from, to);
}

const POST = "POST /orders: { needs: 'orders:create'";
const BAD: readonly (readonly [what: string, text: string, issue: RegExp])[] = [
  ['an API that is open', changed('auth: [acme, session]', 'auth: public'), /orders\.auth: zero trust: nobody calls/],
  [
    'an operation that is open',
    changed(POST, 'POST /orders: { auth: public'),
    /POST \/orders"\]\.auth: zero trust: nobody/,
  ],
  [
    'an exception that is not open',
    changed('GET /health: { auth: public }', "GET /health: { needs: 'orders:read' }"),
    /public: zero trust: orders\.GET \/health is not public/,
  ],
  [
    'an exception of no API',
    changed('tells nobody anything }', 'tells nobody anything, order.x: no }')
      .replace('public:', 'objects: { order.x: no }, public:')
      .replace(', order.x: no } }', ' } }'),
    /no API has "order\.x"/,
  ],
  [
    'an exception of no operation',
    changed('{ public:', '{ objects: { orders.GET /order: no }, public:'),
    /objects: zero trust: there is no operation "orders\.GET \/order"/,
  ],
  ['an exception without a reason', changed('tells nobody anything', '""'), /an exception has a reason/],
  ['no record', `${GOOD}audit: off\n`, /audit: zero trust: what happens is recorded/],
  ['long sessions', changed('idle: 15m', 'idle: 15m, absolute: 13h'), /sessions\.absolute: zero trust/],
  ['idle sessions', changed('idle: 15m', 'idle: 31m'), /sessions\.idle: zero trust/],
  ['sessions by origin alone', changed('idle: 15m', 'idle: 15m, csrf: origin'), /sessions\.csrf: zero trust/],
  ['unbound tokens', changed('proof: any, ', ''), /5:3 issuers\.acme\.proof: zero trust: .*write proof: any/],
  [
    'tokens that live long',
    changed(', maxLifetime: 10m', ''),
    /issuers\.acme\.maxLifetime: zero trust: .*900s or less/,
  ],
  ['keys', changed('[acme, session]', '[acme, api-key]'), /orders\.auth: zero trust: a key is bound to nothing/],
  [
    'credentials that go on',
    changed('auth: [acme', 'credentials: pass\n    auth: [acme'),
    /orders\.credentials: zero trust/,
  ],
  [
    'tokens in the query',
    changed('auth: [acme', 'tokensInQuery: pass\n    auth: [acme'),
    /orders\.tokensInQuery: zero trust/,
  ],
  [
    'a network that is let in',
    `${GOOD}allow: { addresses: [10.0.0.0/8] }\n`,
    /allow: zero trust: no place in a network/,
  ],
  [
    'a country that is let in',
    changed('auth: [acme', 'allow: { addresses: [10.0.0.1] }\n    auth: [acme'),
    /orders\.allow: zero trust/,
  ],
  [
    'rights that are only watched',
    changed(POST, `${POST}, observe: [needs]`),
    /observe: zero trust: `needs` is enforced/,
  ],
  [
    'a right by the address',
    changed(POST, `${POST}, when: 'address.ip == "10.0.0.1"'`),
    /\.when: zero trust: no place in a network/,
  ],
  [
    'a right by a field that says where a request came from',
    changed(POST, `${POST}, when: 'request.headers["x-forwarded-for"] == "10.0.0.1"'`),
    /\.when: zero trust: no place in a network/,
  ],
  [
    'a word that is no preset',
    changed('{ zero-trust: {', '{ zero-rust: {'),
    /unknown key \(did you mean "zero-trust"\?\)/,
  ],
];

test('a configuration that leaves out nothing is read, and one without the preset is held to nothing', () => {
  assert.deepEqual(issuesOf(GOOD), []);
  for (const [, text] of BAD.filter(([what]) => !/exception|preset/.test(what)))
    assert.ok(!issuesOf(text.replace(/^preset:.*\n/m, '')).some((each) => each.includes('zero trust')));
});

for (const [what, text, issue] of BAD) {
  test(`short of zero trust: ${what}`, () => {
    const issues = issuesOf(text);
    const found = issues.filter((each) => issue.test(each));
    assert.equal(found.length, 1, issues.join('\n'));
    assert.ok(issues.filter((each) => each.includes('zero trust')).length <= 1, issues.join('\n'));
    assert.match(found[0] ?? '', /^\/etc\/portcullis\.yaml:\d+:\d+ /);
  });
}

test('the longest lifetime is the author’s to say, up to a day', () => {
  const longer = (to: string): string =>
    changed('maxLifetime: 10m', 'maxLifetime: 1h').replace('{ public:', `{ maxLifetime: ${to}, public:`);
  assert.deepEqual(issuesOf(longer('1h')), []);
  assert.match(issuesOf(longer('59m'))[0] ?? '', /tokens live shortly/);
  assert.match(issuesOf(longer('25h'))[0] ?? '', /maxLifetime/);
});

test('a list of who is kept out trusts no network', () => {
  assert.deepEqual(issuesOf(`${GOOD}deny: { addresses: [10.0.0.0/8] }\n`), []);
  assert.deepEqual(issuesOf(`${GOOD}allow: { methods: [GET, POST] }\n`), []);
});
