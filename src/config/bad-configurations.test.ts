import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

/** Six sound lines; what a case adds below stands in line 7 and later. */
function withApi(more = '', api: Readonly<Record<string, string>> = {}): string {
  const keys = { routes: "['GET /x']", upstream: 'http://127.0.0.1:3001', auth: 'public', ...api };
  const lines = Object.entries(keys).map(([key, value]) => `    ${key}: ${value}`);
  return ['version: 1', 'apis:', '  orders:', ...lines, more].join('\n');
}

/** The same with lines in front of it, so that line 1 is the case's own. */
function withTop(top: string): string {
  return `${top}\n${withApi()}`;
}

type Case = readonly [
  what: string,
  text: string,
  ...issues: (readonly [line: number, column: number, words: string])[],
];

const YAML: readonly Case[] = [
  ['an empty file', '', [1, 1, 'is empty']],
  ['a file of comments', '# nothing\n\n', [1, 1, 'is empty']],
  ['a file of blanks and a tab', '  \n\t\n', [1, 1, 'is empty']],
  ['a single word', 'portcullis', [1, 1, 'expected keys with their values, found text']],
  ['a list', '- version: 1', [1, 1, 'expected keys with their values, found a list']],
  ['a byte order mark', `\ufeff${withApi()}`, [1, 1, 'begins with a byte order mark']],
  ['half a surrogate pair', withTop('data: \ud800'), [1, 1, 'is not UTF-8']],
  ['a NUL', withTop('data: a\0b'), [1, 8, 'invisible control character (U+0000)']],
  ['a carriage return alone', withTop('data: a\rb: c'), [1, 8, 'invisible control character (U+000D)']],
  [
    'a mark that turns the direction of text',
    withTop('data: a\u202eb'),
    [1, 8, 'invisible control character (U+202E)'],
  ],
  ['a tab as indentation', withTop('server:\n\thost: x'), [2, 1, 'a tab is used for indentation (indent with spaces)']],
  ['two keys on one line', withTop('data: a: b'), [1, 7, 'a second `key: value` on one line']],
  [
    'a key that stands twice',
    withApi('    auth: public\n'),
    [7, 5, 'apis.orders.auth: this key stands in line 6 already'],
  ],
  ['two documents', `${withApi()}\n---\nversion: 1\n`, [8, 1, 'a second document begins here']],
  ['an old YAML version', `%YAML 1.1\n---\n${withApi()}`, [1, 1, 'only YAML 1.2 is read']],
  ['an unknown directive', `%FOO\n---\n${withApi()}`, [1, 1, 'this directive is not known']],
  ['a tag', withTop('data: !!str x'), [1, 13, 'data: a tag (`!name`) is not read here']],
  ['a tag of one’s own', withTop('data: !file x'), [1, 13, 'data: a tag (`!name`) is not read here']],
  ['a tag on a key', withTop('!!str data: x'), [1, 7, 'data: a tag (`!name`) is not read here']],
  ['a merge key', withApi('    <<: {}'), [7, 5, 'merge keys (`<<`) are not read']],
  ['a number as key', withApi('    operations: { 1: {} }'), [7, 19, 'apis.orders.operations: a key must be text']],
  ['null as key', withApi('    operations: { ~: {} }'), [7, 19, 'a key must be text']],
  ['a list as key', withTop('? [a]\n: 1'), [1, 3, 'a key must be text']],
  [
    'a key called __proto__',
    withApi('    operations: { __proto__: {} }'),
    [7, 19, 'this name cannot be used as a key'],
  ],
  [
    'an unknown anchor',
    withTop('data: *x'),
    [1, 7, 'data: no anchor of this name stands above the alias'],
    [1, 7, 'data: has no value'],
  ],
  ['an alias inside its own value', withTop('data: &x [*x]'), [1, 11, 'an alias repeats the value that it stands in']],
  ['an alias bomb', bomb(), [4, 8, 'repeats values by alias more than 100 times']],
  ['values beyond measure', withTop(`data: [${'a,'.repeat(200_001)}]`), [1, 400_004, 'has more than 200000 values']],
  ['brackets without end', '['.repeat(100_000), [1, 36, 'is nested deeper than 32 levels']],
  ['dashes without end', '- '.repeat(100_000), [1, 69, 'is nested deeper than 32 levels']],
  [
    'an open bracket',
    withTop('server: { host: ::1'),
    [2, 1, 'flow map in block collection must be sufficiently indented'],
  ],
  ['an open quote', 'version: 1\ndata: "x', [2, 9, 'missing closing "quote']],
  ['a wrong escape', withTop('data: "\\q"'), [1, 8, 'this is no escape sequence']],
  [
    'a bad first character',
    withTop('data: @x'),
    [1, 7, 'this character cannot begin a value (put quotes around the text)'],
  ],
  ['a bracket too many', withTop('admin: {}}'), [1, 10, 'something stands here that YAML does not expect']],
  ['a line that is no key', 'version: 1\nfoo\n', [2, 1, 'implicit map keys need to be followed by map values']],
  [
    'a number in hexadecimal',
    withTop('admin: { port: 0x1F90 }'),
    [1, 16, 'admin.port: is a number in an unusual form'],
  ],
  [
    'a number with a leading zero',
    withTop('admin: { port: 08443 }'),
    [1, 16, 'admin.port: is a number in an unusual form'],
  ],
  [
    'not a number',
    withTop('admin: { port: .nan }'),
    [1, 16, 'admin.port: is no finite number'],
    [1, 16, 'a port is a whole number'],
  ],
];

function bomb(): string {
  const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index, all) => {
    const before = all[index - 1];
    const items = Array.from({ length: 9 }, () => (before === undefined ? 'x' : `*${before}`)).join(', ');
    return `${name}: &${name} [${items}]`;
  });
  return ['version: 1', ...levels.slice(0, 7), 'data:', ...levels.slice(7).map((level) => `  ${level}`)].join('\n');
}

const KEYS: readonly Case[] = [
  [
    'no version',
    withApi().replace('version: 1\n', ''),
    [1, 1, 'version: a configuration says which version of its format'],
  ],
  [
    'a version in quotes',
    withApi().replace('1', '"1"'),
    [1, 10, 'version: the only version of the format is 1 (write `version: 1`)'],
  ],
  ['a version to come', withApi().replace('1', '2'), [1, 10, 'version: the only version of the format is 1']],
  ['an unknown key at the top', withTop('sevrer: {}'), [1, 1, 'sevrer: unknown key (did you mean "server"?)']],
  [
    'a key of a later part',
    withTop('tenants: []'),
    [
      1,
      1,
      'known here: version, server, preset, admin, data, trustedProxies, deny, allow, geo, secrets, issuers, roles, clients, apiKeys, sessions, audit, alerts, cache, values, scanners, apis, egress, tests)',
    ],
  ],
  [
    'an unknown key of an API',
    withApi('    upstreem: x'),
    [7, 5, 'apis.orders.upstreem: unknown key (did you mean "upstream"?)'],
  ],
  ['policies where there are no kinds', withApi('    policies: {}'), [7, 5, 'apis.orders.policies: unknown key']],
  ['a section without a value', withTop('server:'), [1, 8, 'server: has no value; expected keys with their values']],
  ['text for a section', withTop('server: localhost'), [1, 9, 'server: expected keys with their values, found text']],
  [
    'a host name to listen on',
    withTop('server: { host: api.acme.example }'),
    [1, 17, 'server.host: must be an IP address of this machine'],
  ],
  [
    'a port in quotes',
    withTop('admin: { port: "9443" }'),
    [1, 16, 'admin.port: a port is a whole number from 0 to 65535, without quotes'],
  ],
  ['a port with a fraction', withTop('admin: { port: 94.5 }'), [1, 16, 'admin.port: a port is a whole number']],
  ['a port beyond the last', withTop('admin: { port: 65536 }'), [1, 16, 'admin.port: a port is a whole number']],
  ['a negative port', withTop('admin: { port: -1 }'), [1, 16, 'admin.port: a port is a whole number']],
  ['yes for http', withTop('server: { http: yes }'), [1, 17, 'server.http: expected `off`, or a port']],
  [
    'a wrong mode of http',
    withTop('server: { http: { mode: redirekt } }'),
    [1, 25, 'server.http.mode: must be redirect or refuse (did you mean "redirect"?)'],
  ],
  [
    'no connection at all',
    withTop('server: { connectionsPerAddress: 0 }'),
    [1, 34, 'server.connectionsPerAddress: must be at least 1'],
  ],
  [
    'more connections of an address than there are',
    withTop('server: { connectionsPerAddress: 10001 }'),
    [1, 34, 'server.connectionsPerAddress: must be at most 10000'],
  ],
  ['no thread at all', withTop('server: { threads: 0 }'), [1, 20, 'server.threads: must be at least 1']],
  ['too many threads', withTop('server: { threads: 65 }'), [1, 20, 'server.threads: must be at most 64']],
  ['half a thread', withTop('server: { threads: 1.5 }'), [1, 20, 'server.threads: must be auto or 1 to 64']],
  ['threads in a text', withTop("server: { threads: '4' }"), [1, 20, 'server.threads: must be auto or 1 to 64']],
  [
    'a certificate by a word',
    withTop('server: { https: { certificate: acme } }'),
    [1, 33, 'server.https.certificate: expected `local`, a certificate with its key, or `acme`'],
  ],
  [
    'a certificate without its key',
    withTop('server: { https: { certificate: { cert: a.pem } } }'),
    [1, 20, 'server.https.certificate.key: is missing'],
  ],
  [
    'a slip inside a certificate',
    withTop('server: { https: { certificate: { cert: a, key: b, ca: c } } }'),
    [1, 52, 'certificate.ca: unknown key (known here: cert, key)'],
  ],
  [
    'a reference of an unknown kind',
    withTop('server: { https: { certificate: { cert: a, key: "${kms:a#b}" } } }'),
    [1, 49, 'certificate.key: is a reference of an unknown kind; known are ${env:…}, ${file:…}, ${vault:…}'],
  ],
  [
    'a variable that cannot be',
    withTop('server: { https: { certificate: { cert: a, key: "${env:A-B}" } } }'),
    [1, 49, 'certificate.key: must name a variable'],
  ],
  [
    'a reference for a folder',
    withTop('data: ${env:HOME}/x'),
    [1, 7, 'data: a reference is read only where a secret is wanted'],
  ],
  [
    'a reference for an upstream',
    withApi('', { upstream: '${env:UPSTREAM}' }),
    [5, 15, 'apis.orders.upstream: a reference is read only where'],
  ],
  ['a home folder', withTop('data: ~/portcullis'), [1, 7, 'data: this path begins with `~`, which only shells read']],
  ['an empty path', withTop('data: ""'), [1, 7, 'data: this path is empty']],
  ['a database for a folder', withTop('data: { postgres: x }'), [1, 7, 'data: expected text, found keys with values']],
  ['two ports alike', withTop('admin: { port: 8443 }'), [1, 10, 'admin.port: 8443 is the https port already']],
  [
    'two ports alike, one unsaid',
    withTop('server: { http: { port: 9443 } }'),
    [1, 19, 'admin.port: 9443 is the http port already'],
  ],
];

const APIS: readonly Case[] = [
  ['no APIs', 'version: 1\n', [1, 1, 'apis: is missing']],
  ['an empty list of APIs', 'version: 1\napis: {}\n', [2, 7, 'apis: at least one API is needed']],
  ['an API without a value', 'version: 1\napis:\n  a:\n', [3, 5, 'apis.a: has no value']],
  ['an API’s name in capitals', withApi().replace('orders', 'Orders'), [3, 3, 'apis.Orders: an API has a name of a-z']],
  [
    'an API’s name that objects have',
    withApi().replace('orders', 'constructor'),
    [3, 3, 'apis.constructor: this name cannot be used for an API'],
  ],
  [
    'neither routes nor a description',
    withApi().replace(/ {4}routes.*\n/, ''),
    [4, 5, 'apis.orders: an API has either an OpenAPI document, or routes, or gRPC descriptors'],
  ],
  [
    'both routes and a description',
    withApi('    openapi: a.yaml'),
    [4, 5, 'apis.orders: an API has either an OpenAPI document, or routes, or gRPC descriptors'],
  ],
  [
    'no auth',
    withApi().replace(/ {4}auth.*\n/, ''),
    [
      3,
      3,
      'apis.orders.auth: an API needs `auth`: without it nobody has said who may call (write auth: [ISSUER], or `auth:',
    ],
  ],
  [
    'an issuer that stands alone',
    withApi('', { auth: 'acme' }),
    [6, 11, 'apis.orders.auth: expected `public`, or a list of issuers (write auth: [ISSUER], or'],
  ],
  [
    'issuers that are not there',
    withApi('', { auth: '[acme, http-signature]' }),
    [6, 12, 'apis.orders.auth[0]: no issuer named "acme" is configured (there is none below `issuers`)'],
    [6, 18, 'apis.orders.auth[1]: http-signature is not available in this version'],
  ],
  ['public in a list', withApi('', { auth: '[public]' }), [6, 12, 'auth[0]: `public` is no member of a list']],
  ['public beside an issuer', withApi('', { auth: '[public, acme]' }), [6, 12, '`public` is no member of a list']],
  [
    'a slip in public',
    withApi('', { auth: 'publik' }),
    [6, 11, 'expected `public`, or a list of issuers (did you mean "public"?)'],
  ],
  ['true for auth', withApi('', { auth: 'true' }), [6, 11, 'apis.orders.auth: expected `public`']],
  [
    'no upstream',
    withApi().replace(/ {4}upstream.*\n/, ''),
    [3, 3, 'apis.orders.upstream: an API needs its `upstream`'],
  ],
  [
    'an upstream without a scheme',
    withApi('', { upstream: 'localhost:3001' }),
    [5, 15, 'apis.orders.upstream: an upstream is an http or https URL'],
  ],
  [
    'an upstream with a password',
    withApi('', { upstream: 'http://ada:hunter2@x:1' }),
    [5, 15, 'a URL here can hold no user name or password'],
  ],
  [
    'an upstream with a query',
    withApi('', { upstream: 'http://x/?a=1' }),
    [5, 15, "an upstream's URL has no query and no fragment"],
  ],
  [
    'an upstream by a number',
    withApi('', { upstream: '3001' }),
    [5, 15, 'apis.orders.upstream: expected a URL, or an upstream with its settings'],
  ],
  [
    'a list of no targets',
    withApi('', { upstream: '{ targets: [] }' }),
    [5, 26, 'apis.orders.upstream.targets: at least one target is needed'],
  ],
  [
    'a target twice',
    withApi('', { upstream: '{ targets: [http://a, { url: "http://a:80", weight: 2 }] }' }),
    [5, 37, 'apis.orders.upstream.targets[1]: this target stands here already'],
  ],
  [
    'targets of two schemes',
    withApi('', { upstream: '{ targets: [http://a, https://a] }' }),
    [5, 37, 'apis.orders.upstream.targets[1]: all targets have one scheme'],
  ],
  [
    'targets of two paths',
    withApi('', { upstream: '{ targets: [http://a/v1, http://b] }' }),
    [5, 40, 'apis.orders.upstream.targets[1]: all targets have one path'],
  ],
  [
    'a weight of nothing',
    withApi('', { upstream: '{ targets: [{ url: http://a, weight: 0 }] }' }),
    [5, 52, 'apis.orders.upstream.targets[0].weight: a weight is 1 at least'],
  ],
  [
    'a weight that is no whole number',
    withApi('', { upstream: '{ targets: [{ url: http://a, weight: 1.5 }] }' }),
    [5, 52, 'apis.orders.upstream.targets[0].weight: a weight is a whole number from 1 to 1000'],
  ],
  [
    'an unknown rule of balancing',
    withApi('', { upstream: '{ targets: [http://a], balance: best }' }),
    [5, 47, 'apis.orders.upstream.balance: expected a rule of balancing'],
  ],
  ['no targets', withApi('', { upstream: '{ timeout: 3s }' }), [5, 15, 'upstream: an upstream needs its `targets`']],
  [
    'a timeout without a unit',
    withApi('', { upstream: '{ targets: [http://a], timeout: 30 }' }),
    [5, 47, 'upstream.timeout: expected a duration with its unit, such as 250ms, 30s or 10m'],
  ],
  [
    'a timeout of a fraction',
    withApi('', { upstream: '{ targets: [http://a], timeout: 1.5s }' }),
    [5, 47, 'upstream.timeout: expected a duration such as'],
  ],
  [
    'a timeout beyond measure',
    withApi('', { upstream: '{ targets: [http://a], timeout: 2h }' }),
    [5, 47, 'upstream.timeout: must be from 10ms to 1h'],
  ],
  [
    'a CA for plain http',
    withApi('', { upstream: '{ targets: [http://a], ca: ca.pem }' }),
    [5, 38, 'upstream.ca: plain http has no certificate'],
  ],
  [
    'the gateway as its own upstream',
    withApi('', { upstream: 'https://localhost:8443' }),
    [5, 5, 'apis.orders.upstream: this is the https port of the gateway itself'],
  ],
  [
    'the admin port as upstream',
    withApi('', { upstream: 'https://127.0.0.1:9443' }),
    [5, 5, 'this is the admin port of the gateway itself'],
  ],
  [
    'the gateway behind a wildcard',
    `server: { host: 0.0.0.0 }\n${withApi('', { upstream: 'http://127.0.0.9:8080' })}`,
    [6, 5, 'this is the http port of the gateway itself'],
  ],
  ['a body without a unit', withApi('    body: 10'), [7, 11, 'apis.orders.body: expected a size with its unit']],
  ['a body beyond measure', withApi('    body: 2GiB'), [7, 11, 'apis.orders.body: must be from 0B to 1GiB']],
  [
    'a host with a port',
    withApi('    host: api.acme.example:8443'),
    [7, 11, 'apis.orders.host: a host is named without a port'],
  ],
  [
    'a host in capitals',
    withApi('    host: API.acme.example'),
    [7, 11, 'a host is written in its canonical form (write api.acme.example)'],
  ],
  ['a host with umlauts', withApi('    host: bücher.example'), [7, 11, '(write xn--bcher-kva.example)']],
  ['a host with a dot behind it', withApi('    host: api.acme.example.'), [7, 11, '(write api.acme.example)']],
  [
    'a pattern of hosts',
    withApi('    host: "*.acme.example"'),
    [7, 11, 'a host is one full name; patterns are not read'],
  ],
  ['a URL for a host', withApi('    host: https://api.acme.example'), [7, 11, 'this is no host name']],
  [
    'a base path without its slash',
    withApi('    basePath: v1'),
    [7, 15, 'apis.orders.basePath: a base path is plain, such as /v1'],
  ],
  ['a base path with a slash behind it', withApi('    basePath: /v1/'), [7, 15, 'a base path is plain, such as /v1']],
  [
    'a base path of a slash',
    withApi('    basePath: /'),
    [7, 15, 'a base path is a prefix such as /v1 (leave it out for none)'],
  ],
  ['a base path with a parameter', withApi('    basePath: /{tenant}'), [7, 15, 'a base path is plain']],
  ['a base path with dot segments', withApi('    basePath: /v1/../admin'), [7, 15, 'a base path is plain']],
  ['no routes', withApi('', { routes: '[]' }), [4, 13, 'apis.orders.routes: at least one route is needed']],
  ['a route alone', withApi('', { routes: 'GET /x' }), [4, 13, 'apis.orders.routes: expected a list, found text']],
  [
    'a route in small letters',
    withApi('', { routes: "['get /x']" }),
    [4, 14, 'apis.orders.routes[0]: methods are upper case (write GET)'],
  ],
  ['a route without a path', withApi('', { routes: "['GET']" }), [4, 14, 'a route is a method, one space and a path']],
  [
    'a slip in a method',
    withApi('', { routes: "['PSOT /x']" }),
    [4, 14, 'no HTTP method is called "PSOT" (did you mean "POST"?)'],
  ],
  [
    'a method that is never passed on',
    withApi('', { routes: "['TRACE /x']" }),
    [4, 14, 'CONNECT and TRACE are never passed on'],
  ],
  [
    'a route with a broken template',
    withApi('', { routes: "['GET /{id']" }),
    [4, 14, 'the path has a `{` without its `}`'],
  ],
  [
    'a route that stands twice',
    withApi('', { routes: "['GET /x', 'GET /x']" }),
    [4, 24, 'apis.orders.routes[1]: this route stands in routes[0] already'],
  ],
  [
    'an operation that is no route',
    withApi('    operations: { GET /y: {} }'),
    [7, 19, 'apis.orders.operations["GET /y"]: the API has no operation of this name (did you mean "GET /x"?)'],
  ],
  [
    'a priority that there is not',
    withApi('    priority: hihg'),
    [7, 15, 'apis.orders.priority: must be low or normal or high (did you mean "high"?)'],
  ],
  [
    'an unknown key of an operation',
    withApi('    operations: { GET /x: { pagination: 1 } }'),
    [
      7,
      29,
      'operations["GET /x"].pagination: unknown key (known here: auth, body, needs, when, object, fields, accepts, observe, assurance, limit, deny, allow, priority, validate, undescribed, responseHeaders, sanitize, rules, websocket, upstreamErrors, leaks, files, timeout, deadline, rewrite, redirect, respond, maintenance, cache)',
    ],
  ],
  [
    'a password in the URL of a description',
    withApi('    openapi: https://ada:hunter2@x/a').replace(/ {4}routes.*\n/, ''),
    [6, 14, 'a URL here can hold no user name or password'],
  ],
  [
    'a description over ftp',
    withApi('    openapi: ftp://x/a').replace(/ {4}routes.*\n/, ''),
    [6, 14, 'must be a file or an http or https URL'],
  ],
];

for (const [group, cases] of Object.entries({ YAML, KEYS, APIS })) {
  for (const [what, text, ...expected] of cases) {
    test(`${group.toLowerCase()}: ${what} is told with its line and column`, () => {
      const result = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
      assert.equal(result.ok, false);
      const issues = result.ok ? [] : result.error;
      const told = issues.map(formatIssue).join('\n');
      assert.equal(issues.length, expected.length, told);
      for (const [index, [line, column, words]] of expected.entries()) {
        const { place } = issues[index] ?? { place: null };
        assert.deepEqual(place, { file: '/etc/portcullis.yaml', line, column }, told);
        assert.ok(told.split('\n')[index]?.includes(words), told);
      }
      assert.ok(!told.includes('hunter2'), 'a secret that slipped in is not repeated');
    });
  }
}

test('bytes that are not UTF-8 are refused', () => {
  const bytes = new Uint8Array([...new TextEncoder().encode(withApi()), 0x23, 0xff]);
  const result = parseConfig(bytes, { file: '/p.yaml', kinds: [] });
  assert.ok(!result.ok);
  assert.deepEqual(result.error.map(formatIssue), ['/p.yaml:1:1 is not UTF-8 (save it as UTF-8)']);
});

test('a file beyond 1 MiB is refused unread', () => {
  const result = parseConfig(`${withApi()}\n#${'x'.repeat(1024 * 1024)}`, { file: '/p.yaml', kinds: [] });
  assert.ok(!result.ok);
  assert.deepEqual(result.error.map(formatIssue), ['/p.yaml:1:1 is larger than 1024 KiB']);
});

test('a private key in the configuration is refused and never repeated', () => {
  for (const key of [
    '"-----BEGIN PRIVATE KEY-----\\nhunter2"',
    '|\n      hunter2\n      hunter2\n',
    '"${hunter2}"',
    '"$hunter2"',
  ]) {
    const text = withTop(`server:\n  https:\n    certificate:\n     cert: a.pem\n     key: ${key}`);
    const result = parseConfig(text, { file: '/p.yaml', kinds: [] });
    assert.ok(!result.ok, key);
    const told = result.error.map(formatIssue).join('\n');
    assert.match(told, /^\/p\.yaml:5:11 server\.https\.certificate\.key: /, key);
    assert.ok(!told.includes('hunter2'), told);
  }
});

test('all issues are told at once, in the order of the file', () => {
  const text = `version: 2\nserver: { https: { port: x } }\napis:\n  a:\n    auth: x\n    upstream: y\n  B: {}\nzz: 1\n`;
  const result = parseConfig(text, { file: '/p.yaml', kinds: [] });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.error.map(({ path, place }) => `${place?.line} ${path}`),
    ['1 version', '2 server.https.port', '5 apis.a', '5 apis.a.auth', '6 apis.a.upstream', '7 apis.B', '8 zz'],
  );
});
