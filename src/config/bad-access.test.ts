import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

/** Eight sound lines; what a case adds stands in line 9 and later. `keys` take the place of keys of the API. */
function withApi(keys: Readonly<Record<string, string>> = {}, more = ''): string {
  const api = { routes: "['GET /x', 'GET /y']", upstream: 'http://127.0.0.1:3001', auth: '[acme]', ...keys };
  const lines = Object.entries(api).map(([key, value]) => `    ${key}: ${value}`);
  return ['version: 1', ISSUERS, 'apis:', '  orders:', ...lines, more].join('\n');
}

const ISSUERS = 'issuers: { acme: { issuer: https://id.acme.example, audience: api } }';

/** An issuer called x with these keys; line 1 is the case's own. */
function withIssuer(keys: Readonly<Record<string, string>>, name = 'x'): string {
  const given = Object.entries({ issuer: 'https://x.example', audience: 'api', ...keys });
  const text = given.map(([key, value]) => `${key}: ${value}`).join(', ');
  return `issuers: { acme: { issuer: https://id.acme.example, audience: api }, ${name}: { ${text} } }\n${withApi().replace(`${ISSUERS}\n`, '')}`;
}

/** The same with lines in front of it. */
function withTop(top: string): string {
  return `${top}\n${withApi()}`;
}

const withTest = (test: string): string => withTop(`tests: [{ ${test} }]`);
const withOperation = (own: string, keys: Readonly<Record<string, string>> = {}): string =>
  withApi(keys, `    operations: { GET /x: { ${own} } }`);

type Case = readonly [what: string, text: string, ...issues: (readonly [line: number, words: string])[]];

const NAMES: readonly Case[] = [
  ...['public', 'api-key', 'session', 'mtls', 'http-signature', 'introspection'].map(
    (name): Case => [`the reserved name ${name}`, withIssuer({}, name), [1, 'this name cannot be used for an issuer']],
  ),
  [
    'the built-in authorization server',
    withIssuer({}, 'built-in').replace('{ issuer: https://x.example, audience: api }', '{}'),
    [1, 'the built-in authorization server is not available in this version'],
  ],
  ['a name in capitals', withIssuer({}, 'Acme'), [1, 'an issuer has a name of a-z, 0-9']],
  ['a name of Object.prototype', withIssuer({}, 'constructor'), [1, 'this name cannot be used for an issuer']],
  ['a name called __proto__', withIssuer({}, '__proto__'), [1, 'this name cannot be used as a key']],
];

const TOKENS: readonly Case[] = [
  ['plain http', withIssuer({ issuer: 'http://id.example' }), [1, 'plain http is taken on loopback only']],
  ['no URL', withIssuer({ issuer: 'id.example' }), [1, 'issuers.x.issuer: must be an https URL']],
  ['a query', withIssuer({ issuer: "'https://id.example?a'" }), [1, 'a URL here can hold no query']],
  ['a fragment', withIssuer({ issuer: "'https://id.example#a'" }), [1, 'a URL here can hold no fragment']],
  ['a password', withIssuer({ issuer: 'https://a:hunter2@x.example' }), [1, 'can hold no user name or password']],
  ['a reference', withIssuer({ issuer: '"${env:hunter2}"' }), [1, 'a reference is read only where a secret']],
  [
    'no audience',
    withIssuer({}).replace('https://x.example, audience: api', 'https://x.example'),
    [1, 'issuers.x.audience: an issuer needs the `audience`'],
  ],
  ['an empty list of audiences', withIssuer({ audience: '[]' }), [1, 'at least one audience is needed']],
  ['an empty audience', withIssuer({ audience: '""' }), [1, 'an audience is not empty']],
  ['an audience twice', withIssuer({ audience: '[a, b, a]' }), [1, 'audience[2]: this audience stands in the list']],
  ['a number as audience', withIssuer({ audience: '7' }), [1, 'expected text, or a list of texts']],
  ['a symmetric algorithm', withIssuer({ algorithms: '[ES256, HS256]' }), [1, 'algorithms[1]: is symmetric']],
  ['no signature', withIssuer({ algorithms: '[none]' }), [1, 'tokens without a signature are never taken']],
  ['no signature in other letters', withIssuer({ algorithms: '[nOnE]' }), [1, 'without a signature are never taken']],
  ['an algorithm in small letters', withIssuer({ algorithms: '[es256]' }), [1, 'did you mean "ES256"?']],
  ['no algorithms', withIssuer({ algorithms: '[]' }), [1, 'at least one algorithm is needed']],
  ['an algorithm twice', withIssuer({ algorithms: '[ES256, ES256]' }), [1, 'this algorithm stands in the list']],
  [
    'keys over plain http',
    withIssuer({ jwks: 'http://x.example/keys' }),
    [1, 'issuers.x.jwks: plain http is taken on'],
  ],
  ['keys over ftp', withIssuer({ jwks: 'ftp://x.example/keys' }), [1, 'issuers.x.jwks: must be an https URL']],
  ['an empty path of keys', withIssuer({ jwks: '""' }), [1, 'issuers.x.jwks: this path is empty']],
  ['a claim path with a hole', withIssuer({ claims: '{ roles: a..b }' }), [1, 'a name in this path is empty']],
  ['a claim that is none', withIssuer({ claims: '{ role: a }' }), [1, 'did you mean "roles"?']],
  ['a word for scopes', withIssuer({ scopes: 'widen' }), [1, 'issuers.x.scopes: must be narrow or ignore']],
  ['a type', withIssuer({ typ: 'jwt' }), [1, 'issuers.x.typ: must be any or at+jwt']],
  ['clocks far apart', withIssuer({ skew: '121s' }), [1, 'issuers.x.skew: must be from 0s to 2m']],
  ['tokens that never end', withIssuer({ maxLifetime: '9999d' }), [1, 'must be from 1s to 366d']],
  [
    'tenants without a place',
    withIssuer({ tenants: '[t1]' }),
    [1, 'issuers.x.tenants: the identifier has no place for a tenant'],
  ],
  [
    'a place without tenants',
    withIssuer({ issuer: "'https://x.example/{tenantid}/v2.0'" }),
    [1, 'issuers.x.issuer: anybody can have a tenant of an issuer like this'],
  ],
  [
    'a tenant that says who is asked for keys',
    withIssuer({ issuer: "'https://{tenantid}.example/v2.0'", tenants: '[t1]' }),
    [1, 'issuers.x.issuer: '],
  ],
  [
    'two places',
    withIssuer({ issuer: "'https://x.example/{tenantid}/{tenantid}'", tenants: '[t1]' }),
    [1, 'issuers.x.issuer: a tenant stands in the path of an identifier, and once'],
  ],
  ['no tenants', withIssuer({ tenants: '[]' }), [1, 'at least one tenant is needed']],
  ['a tenant with a slash', withIssuer({ tenants: '[a/b]' }), [1, 'issuers.x.tenants[0]: a tenant is told by its id']],
  ['no domains', withIssuer({ hd: '[]' }), [1, 'at least one domain is needed']],
  [
    'a domain with an address',
    withIssuer({ hd: "['a@acme.example']" }),
    [1, 'issuers.x.hd[0]: a domain is a host name'],
  ],
];

const ROLES: readonly Case[] = [
  ['a wildcard', withTop('roles: { a: { can: [orders:*] } }'), [1, 'roles.a.can[0]: wildcards are not read']],
  ['a blank in a permission', withTop('roles: { a: { can: [orders read] } }'), [1, 'a permission has letters, digits']],
  ['an empty permission', withTop('roles: { a: { can: [""] } }'), [1, 'a permission has letters, digits']],
  ['a permission twice', withTop('roles: { a: { can: [x, x] } }'), [1, 'this permission stands in the list already']],
  ['text for permissions', withTop('roles: { a: { can: x } }'), [1, 'roles.a.can: expected a list, found text']],
  [
    'a stranger',
    withTop('roles: { ab: {}, b: { includes: [ac] } }'),
    [1, 'includes[0]: there is no role of this name (did you mean "ab"?)'],
  ],
  [
    'itself',
    withTop('roles: { a: { includes: [a] } }'),
    [1, 'roles.a.includes: these roles include each other: a → a'],
  ],
  [
    'a circle',
    withTop('roles: { z: { includes: [a] }, a: { includes: [b] }, b: { includes: [c] }, c: { includes: [a] } }'),
    [1, 'roles.a.includes: these roles include each other: a → b → c → a'],
  ],
  ['a name with a comma', withTop('roles: { "a,b": {} }'), [1, 'a role has a name of letters, digits']],
  ['a name called __proto__', withTop('roles: { __proto__: {} }'), [1, 'this name cannot be used as a key']],
];

const APIS: readonly Case[] = [
  [
    'an issuer misspelt',
    withApi({ auth: '[acne]' }),
    [7, 'no issuer named "acne" is configured (did you mean "acme"?)'],
  ],
  [
    'sessions where nobody can sign in',
    withApi({ auth: '[acme, session]' }),
    [7, 'auth[1]: nobody can sign in: no issuer has a `login`'],
  ],
  ['no issuers', withApi({ auth: '[]' }), [7, 'at least one issuer is needed']],
  ['an issuer twice', withApi({ auth: '[acme, acme]' }), [7, 'auth[1]: this issuer stands in the list already']],
  ['a number in the list', withApi({ auth: '[1]' }), [7, 'auth[0]: an issuer is called by its name']],
  ['an unknown issuer of an operation', withOperation('auth: [acne]'), [8, '.auth[0]: no issuer named "acne"']],
  [
    'two names of one issuer in one list',
    withIssuer({ issuer: 'https://id.acme.example' }).replace('auth: [acme]', 'auth: [acme, x]'),
    [7, 'auth[1]: this is the same issuer as acme'],
  ],
  ['validation of replies without a document', withApi({ validate: 'strict' }), [8, 'routes have no description']],
  [
    'a slip in validate',
    withApi({ validate: 'observ' }),
    [8, 'must be requests, strict or observe (did you mean "observe"?)'],
  ],
  ['validation without a document', withApi({ validate: 'requests' }), [8, 'routes have no description']],
  ['help without a document', withApi({ errors: 'helpful' }), [8, 'errors: routes have no description']],
  ['validation of a route', withOperation('validate: requests'), [8, 'operations["GET /x"].validate: routes have no']],
  ['true for security headers', withApi({ securityHeaders: 'true' }), [8, 'securityHeaders: must be on or off']],
  ['a slip in errors', withApi({ errors: 'helpfull' }), [8, 'did you mean "helpful"?']],
  ['needs where anybody may call', withOperation('auth: public, needs: a'), [8, 'so no permission can be needed']],
  ['needs of a public API', withOperation('needs: a', { auth: 'public' }), [8, 'so no permission can be needed']],
  ['needs with a wildcard', withOperation("needs: 'orders:*'"), [8, 'wildcards are not read in permissions']],
  ['no needs', withOperation('needs: []'), [8, 'at least one permission is needed']],
];

const LIMITS: readonly Case[] = [
  ['nobody', withApi({ limit: '10/min' }), [8, 'apis.orders.limit: a limit says whom it counts']],
  ['a day', withApi({ limit: '10/day per user' }), [8, 'calendar quotas are not available in this version']],
  ['months', withApi({ limit: '10/months per user' }), [8, 'calendar quotas are not available in this version']],
  [
    'minutes in other words',
    withApi({ limit: '10/m per user' }),
    [8, 'this is no unit of a limit (the units are s, min'],
  ],
  ['none', withApi({ limit: '0/s per user' }), [8, 'the number of a limit is from 1 to 1000000']],
  ['too many', withApi({ limit: '1000001/s per user' }), [8, 'the number of a limit is from 1 to 1000000']],
  ['a fraction', withApi({ limit: '1.5/s per user' }), [8, 'a limit is a number, a unit and whom it counts']],
  ['keys', withApi({ limit: '1/s per key' }), [8, 'this is not whom a limit can count']],
  ['a number alone', withApi({ limit: '10' }), [8, 'a limit is text, or a list of texts']],
  ['an empty list', withApi({ limit: '[]' }), [8, 'at least one limit is needed']],
  [
    'the same twice',
    withApi({ limit: '[1/s per user, 1/s per user]' }),
    [8, 'limit[1]: this limit stands in the list'],
  ],
  [
    'seventeen',
    withApi({ limit: `[${Array.from({ length: 17 }, (_, n) => `${n + 1}/s per user`).join(', ')}]` }),
    [8, 'at most 16 of them are read'],
  ],
  [
    'callers of a public API',
    withApi({ auth: 'public', limit: '[1/s per address, 1/s per user]' }),
    [8, 'apis.orders.limit[1]: `per user` counts callers, and nobody is known'],
  ],
  [
    'callers of a public operation',
    withOperation('auth: public, limit: 1/s per app'),
    [8, '.limit: `per app` counts callers'],
  ],
  [
    'no limit that holds where anybody may call',
    withOperation('auth: public', { limit: '1/s per user' }),
    [9, 'operations["GET /x"]: no limit of the API holds for this operation'],
  ],
];

const REST: readonly Case[] = [
  ['audit that is to come', withTop('audit: durable'), [1, 'audit: durable is not available in this version']],
  ['audit in other words', withTop('audit: maybe'), [1, 'audit: must be required or off']],
  [
    'a secret itself',
    withTop('alerts: { webhook: { url: https://x.example, secret: hunter2 } }'),
    [1, 'alerts.webhook.secret: must be a reference'],
  ],
  [
    'a webhook over plain http',
    withTop('alerts: { webhook: { url: http://x.example, secret: "${env:A}" } }'),
    [1, 'alerts.webhook.url: plain http'],
  ],
  [
    'a webhook without a secret',
    withTop('alerts: { webhook: { url: https://x.example } }'),
    [1, 'alerts.webhook.secret: '],
  ],
  ['a test without a method', withTest('do: /x, expect: 401'), [1, 'a request is a method, one space and a path']],
  ['a test of every method', withTest("do: '* /x', expect: 401"), [1, 'no HTTP method is called "*"']],
  ['a test in small letters', withTest('do: get /x, expect: 401'), [1, 'write GET']],
  ['a blank in a target', withTest('do: GET /x y, expect: 401'), [1, 'a target holds no blanks']],
  ['a test that expects nothing', withTest('do: GET /x'), [1, 'tests[0].expect: a test says what it expects']],
  [
    'a reason for what passes',
    withTest('do: GET /x, expect: pass, because: a-rule'),
    [1, 'tests[0].because: only a refusal has a reason'],
  ],
  [
    'what comes back of no reply',
    withTest('do: GET /x, expect: pass, returns: {}'),
    [1, 'tests[0].returns: nobody says what the upstream answers'],
  ],
  ['a time without a zone', withTest('do: GET /x, expect: 401, at: 2026-11-24T09:00:00'), [1, 'a time with its zone']],
  ['a time that is none', withTest('do: GET /x, expect: 401, at: 2026-13-24T09:00:00Z'), [1, 'a time with its zone']],
  ['an upstream that continues', withTest('do: GET /x, expect: 401, given: { status: 100 }'), [1, 'from 200 to 599']],
  [
    'a break in a given header',
    withTest('do: GET /x, expect: 401, given: { headers: { a: "b\\r\\nc: d" } }'),
    [1, 'this is no value of a header'],
  ],
  ['a test that expects 101', withTest('do: GET /x, expect: 101'), [1, 'expected `pass`, the status or the code']],
  ['a test that expects 600', withTest('do: GET /x, expect: 600'), [1, 'such as pass, 403']],
  ['a code misspelt', withTest('do: GET /x, expect: forbiden'), [1, 'did you mean "forbidden"?']],
  ['a code of Object.prototype', withTest('do: GET /x, expect: constructor'), [1, 'is neither `pass` nor the code']],
  ['somebody by name', withTest('do: GET /x, as: ada, expect: pass'), [1, 'expected `anonymous`, or who calls']],
  ['a caller with a key too many', withTest('do: GET /x, as: { role: a }, expect: pass'), [1, 'did you mean "roles"?']],
  [
    'a header with a line break',
    withTest('do: GET /x, with: { headers: { a: "b\\r\\nc: d" } }, expect: pass'),
    [1, 'this is no value of a header'],
  ],
  [
    'a name of a header with a blank',
    withTest('do: GET /x, with: { headers: { "a b": c } }, expect: pass'),
    [1, 'this is no name of a header'],
  ],
];

for (const [group, cases] of Object.entries({ NAMES, TOKENS, ROLES, APIS, LIMITS, REST })) {
  for (const [what, text, ...expected] of cases) {
    test(`${group.toLowerCase()}: ${what} is refused with its line`, () => {
      const result = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
      const told = result.ok ? [] : result.error.map(formatIssue);
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, [line, words]] of expected.entries()) {
        const issue = told[index] ?? '';
        assert.ok(issue.startsWith(`/etc/portcullis.yaml:${line}:`), issue);
        assert.ok(issue.includes(words), issue);
      }
      assert.ok(!told.join('\n').includes('hunter2'), 'a secret that slipped in is not repeated');
    });
  }
}

test('the frame that the cases stand in is sound by itself', () => {
  for (const text of [withApi(), withIssuer({}), withOperation('needs: a'), withTest('do: GET /x, expect: pass')]) {
    const result = parseConfig(text, { file: '/p.yaml', kinds: [] });
    assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  }
});
