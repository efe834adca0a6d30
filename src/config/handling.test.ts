import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ApiConfig } from './config.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { maintenanceWarnings } from './maintenance-warnings.ts';
import { parseConfig } from './parse.ts';

const OPERATION = 'GET /u/{id}';

/** A configuration whose API and one operation say these things besides. */
function parse(api: string, operation: string, more: { readonly auth?: string; readonly source?: string } = {}) {
  const { auth = 'public', source = `routes: ['${OPERATION}']` } = more;
  const name = source.startsWith('descriptors') ? 'acme.Users/Get' : OPERATION;
  const lines = [
    'version: 1',
    'issuers: { acme: { issuer: https://id.acme.example, audience: x, jwks: discovery } }',
    'roles: { tester: {}, admin: {} }',
    'apis:',
    '  a:',
    `    ${source}`,
    '    upstream: http://127.0.0.1:1',
    `    auth: ${auth}`,
    ...(api === '' ? [] : [`    ${api}`]),
    ...(operation === '' ? [] : [`    operations: { '${name}': { ${operation} } }`]),
  ];
  return parseConfig(`${lines.join('\n')}\n`, { file: '/etc/portcullis.yaml', kinds: [] });
}

function apiOf(...given: Parameters<typeof parse>): ApiConfig {
  const parsed = parse(...given);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.apis[0] ?? assert.fail();
}

const own = (operation: string) => apiOf('', operation).operations[OPERATION];

test('without a word nothing is rewritten, closed, or answered by the gateway', () => {
  const api = apiOf('', 'body: 1KiB');
  assert.deepEqual([api.rewrite, api.maintenance], [null, null]);
  const { rewrite, redirect, respond, maintenance } = api.operations[OPERATION] ?? assert.fail();
  assert.deepEqual([rewrite, redirect, respond, maintenance], [null, null, null, null]);
  assert.deepEqual(
    api.policies.map(({ kind }) => kind),
    ['upstream-errors', 'output-encoding'],
  );
});

test('a rewrite is read whole: names of fields in lower case, texts with what they refer to', () => {
  const rewrite = own(
    `rewrite: { path: '/x/{id}', host: 'a.example:81', query: { remove: [a], rename: { b: c }, set: { 'd e': '1 {params.id}' } },
      request: { set: { X-A: '{{{request.id}}}' }, add: { X-B: [a, '{principal.subject}'] }, remove: [x-b, X-C] } }`,
  )?.rewrite;
  assert.equal(rewrite?.path?.text, '/x/{id}');
  assert.deepEqual(rewrite.host, { text: 'a.example:81', pieces: ['a.example:81'] });
  assert.deepEqual(rewrite.query, {
    remove: ['a'],
    rename: [{ from: 'b', to: 'c' }],
    set: [{ name: 'd e', value: { text: '1 {params.id}', pieces: ['1 ', { kind: 'param', name: 'id' }] } }],
  });
  assert.deepEqual(rewrite.request, {
    set: [{ name: 'x-a', value: { text: '{{{request.id}}}', pieces: ['{', { kind: 'request-id' }, '}'] } }],
    add: [
      { name: 'x-b', value: { text: 'a', pieces: ['a'] } },
      { name: 'x-b', value: { text: '{principal.subject}', pieces: [{ kind: 'principal-subject' }] } },
    ],
    remove: ['x-b', 'x-c'],
  });
  assert.equal(rewrite.keyPath, 'apis.a.operations["GET /u/{id}"].rewrite');
  assert.deepEqual(apiOf("rewrite: { host: '{request.host}' }", '').rewrite?.host?.pieces, [{ kind: 'request-host' }]);
});

test('a redirect alone is for good and keeps method and query', () => {
  const { path, ...rest } = own("redirect: 'https://new.example:8443/u/{id}?a=b'")?.redirect ?? assert.fail();
  const keyPath = 'apis.a.operations["GET /u/{id}"].redirect';
  assert.equal(path.text, '/u/{id}');
  assert.deepEqual(rest, { origin: 'https://new.example:8443', query: 'a=b', keepsQuery: true, status: 308, keyPath });
  const settled = own('redirect: { to: https://new.example, status: 302, query: drop }')?.redirect;
  assert.deepEqual(
    [settled?.origin, settled?.path.text, settled?.keepsQuery, settled?.status],
    ['https://new.example', '/', false, 302],
  );
  assert.equal(own('redirect: /new')?.redirect?.origin, '');
});

test('a fixed reply has a type where it has a body, and the path of its file is absolute', () => {
  assert.deepEqual(own('respond: { body: hello }')?.respond, {
    status: 200,
    headers: [['content-type', 'text/plain; charset=utf-8']],
    body: { kind: 'text', text: 'hello' },
  });
  assert.deepEqual(
    own('respond: { status: 404, bodyFile: ./x.json, contentType: application/json, headers: { X-A: b } }')?.respond,
    {
      status: 404,
      headers: [
        ['content-type', 'application/json'],
        ['x-a', 'b'],
      ],
      body: { kind: 'file', path: '/etc/x.json' },
    },
  );
  assert.deepEqual(own('respond: { status: 204 }')?.respond?.headers, []);
});

test('a maintenance is on, off, or on with settings; off is the same as nothing for an API', () => {
  const usual = { message: null, retryAfterMs: 300_000, roles: [], addresses: [] };
  assert.deepEqual(apiOf('maintenance: on', '').maintenance, usual);
  assert.deepEqual(apiOf('maintenance: {}', '').maintenance, usual);
  assert.equal(apiOf('maintenance: off', '').maintenance, null);
  assert.equal(apiOf('maintenance: { on: false, message: later }', '').maintenance, null);
  assert.equal(own('maintenance: off')?.maintenance, 'off');
  // An operation opens in an API that is closed only where that is what it says.
  assert.equal(own('maintenance: { on: false }')?.maintenance, null);
  const allow = 'allow: { roles: [tester], addresses: [10.0.0.0/8] }';
  assert.deepEqual(
    apiOf(`maintenance: { message: Noon, retryAfter: 10m, ${allow} }`, '', { auth: '[acme]' }).maintenance,
    {
      message: 'Noon',
      retryAfterMs: 600_000,
      roles: ['tester'],
      addresses: ['10.0.0.0/8'],
    },
  );
});

test('policies stand where requests meet them, at the key that makes them', () => {
  const { policies } = apiOf('maintenance: on', 'rewrite: { host: x.example }');
  assert.deepEqual(
    policies.map(({ kind, path }) => `${kind} ${path}`),
    [
      'maintenance apis.a.maintenance',
      'upstream-errors apis.a.upstreamErrors',
      'output-encoding apis.a.encode',
      'rewrite apis.a.operations["GET /u/{id}"].rewrite',
    ],
  );
  assert.deepEqual(
    apiOf('', 'redirect: /x').policies.map(({ kind }) => kind),
    ['upstream-errors', 'redirect', 'output-encoding'],
  );
});

const GRPC = { source: 'descriptors: ./a.pb' };

for (const [what, api, operation, words, more] of [
  ['nothing to rewrite', 'rewrite: {}', '', /nothing is rewritten here/],
  ['a path for a whole API', "rewrite: { path: '/x' }", '', /unknown key/],
  ['a path without its slash', '', "rewrite: { path: 'x' }", /does not begin with `\/`/],
  ['a path with dots', '', "rewrite: { path: '/a/../b' }", /dot segment/],
  ['a path with a query', '', "rewrite: { path: '/a?b' }", /holds a `\?`/],
  ['a path that names a parameter twice', '', "rewrite: { path: '/{id}/{id}' }", /two parameters with the name/],
  ['a host with a user', 'rewrite: { host: a@b.example }', '', /no host name/],
  ['a host with a path', 'rewrite: { host: b.example/x }', '', /no host name/],
  ['a host with another reference', "rewrite: { host: '{params.id}' }", '', /no host name/],
  ['a host without its port', "rewrite: { host: 'b.example:' }", '', /a port is a number/],
  ['a host with port 0', "rewrite: { host: 'b.example:0' }", '', /a port is a number/],
  ['a host in capitals', 'rewrite: { host: B.example }', '', /write b\.example/],
  ['Host as a field', 'rewrite: { request: { set: { Host: x } } }', '', /write `host` in the rewrite itself/],
  ['a framing field', 'rewrite: { request: { set: { Content-Length: 0 } } }', '', /only the gateway itself writes/],
  ['a hop-by-hop field', 'rewrite: { request: { remove: [Connection] } }', '', /only the gateway itself writes/],
  [
    'an identity field',
    'rewrite: { request: { set: { X-Portcullis-Subject: root } } }',
    '',
    /only the gateway itself writes/,
  ],
  [
    'a field like those',
    'rewrite: { request: { add: { x-portcullis-admin: yes } } }',
    '',
    /only the gateway itself writes|expected text/,
  ],
  [
    'what proxies say',
    'rewrite: { request: { add: { X-Forwarded-For: 10.0.0.1 } } }',
    '',
    /only the gateway itself writes/,
  ],
  ['a trace', 'rewrite: { request: { remove: [traceparent] } }', '', /only the gateway itself writes/],
  [
    'the type of what was judged',
    'rewrite: { request: { set: { Content-Type: text/plain } } }',
    '',
    /how a body is read/,
  ],
  ['the coding of a reply', 'rewrite: { response: { remove: [Content-Encoding] } }', '', /how a body is read/],
  ['the date of a reply', 'rewrite: { response: { set: { Date: now } } }', '', /only the gateway itself writes/],
  ['the id of a reply', 'rewrite: { response: { set: { X-Request-ID: a } } }', '', /only the gateway itself writes/],
  ['no name of a field', "rewrite: { response: { set: { 'a b': c } } }", '', /no name of a header field/],
  ['a name with an underscore', 'rewrite: { request: { set: { x_team: c } } }', '', /no name of a header field/],
  [
    'a line break in a value',
    'rewrite: { response: { set: { X-A: "a\\r\\nX-B: c" } } }',
    '',
    /what no header field may/,
  ],
  ['a value that is no ASCII', 'rewrite: { response: { set: { X-A: é } } }', '', /what no header field may/],
  ['an empty value', "rewrite: { response: { set: { X-A: '' } } }", '', /name it in `remove`/],
  [
    'a secret reference',
    "rewrite: { request: { set: { X-A: '${env:A}' } } }",
    '',
    /a reference is read only where a secret/,
  ],
  [
    'an unknown reference',
    "rewrite: { response: { set: { X-A: '{request.path}' } } }",
    '',
    /begins or ends no reference/,
  ],
  ['an open brace', "rewrite: { response: { set: { X-A: 'a{b' } } }", '', /begins or ends no reference/],
  ['a closing brace', "rewrite: { response: { set: { X-A: 'a}b' } } }", '', /begins or ends no reference/],
  ['a field twice', 'rewrite: { response: { set: { X-A: a, x-a: b } } }', '', /"x-a" stands here twice/],
  [
    'a field set and removed',
    'rewrite: { response: { set: { X-A: a }, remove: [x-a] } }',
    '',
    /"x-a" stands here twice/,
  ],
  [
    'a parameter removed and renamed',
    'rewrite: { query: { remove: [a], rename: { a: b } } }',
    '',
    /"a" stands here twice/,
  ],
  [
    'a parameter that is the method',
    'rewrite: { query: { set: { _method: DELETE } } }',
    '',
    /read this parameter as the method/,
  ],
  [
    'one that becomes the method',
    'rewrite: { query: { rename: { a: "[method]" } } }',
    '',
    /read this parameter as the method/,
  ],
  [
    'a caller beside what the client says of itself',
    "rewrite: { request: { add: { X-User: [a, '{principal.subject}'] } } }",
    '',
    /X-User[^]*would stand beside who calls/,
  ],
  ['a redirect to another scheme', '', "redirect: 'javascript://x/%0aalert(1)'", /fixed http or https host/],
  ['a redirect without a scheme', '', "redirect: '//evil.example/x'", /holds `\/\/`/],
  ['a redirect to a host in a parameter', '', "redirect: 'https://{id}/x'", /fixed http or https host/],
  ['a redirect to part of a host', '', "redirect: 'https://a.{id}.example/x'", /fixed http or https host/],
  ['a redirect with a user', '', "redirect: 'https://a:b@c.example/x'", /fixed http or https host/],
  ['a redirect with a parameter in its query', '', "redirect: '/x?a={id}'", /fixed text, encoded/],
  ['a redirect with a fragment', '', "redirect: '/x#a'", /no fragment/],
  ['a redirect with a backslash', '', "redirect: '/\\evil.example'", /no spaces, backslashes/],
  ['a relative redirect', '', 'redirect: x/y', /does not begin with `\/`/],
  ['a redirect with no status of one', '', 'redirect: { to: /x, status: 200 }', /301, 302, 307 or 308/],
  ['a redirect longer than clients follow', '', `redirect: '/${'x'.repeat(2_048)}'`, /longer than 2048/],
  [
    'a reply of too many fields',
    '',
    `respond: { headers: { ${Array.from({ length: 65 }, (_, at) => `X-${at}: a`).join(', ')} } }`,
    /at most 64 fields/,
  ],
  ['a reply of 3xx', '', 'respond: { status: 302 }', /from 200 to 299 or from 400 to 599/],
  ['an interim reply', '', 'respond: { status: 101 }', /from 200 to 299/],
  ['two bodies', '', 'respond: { body: a, bodyFile: ./b, contentType: text/plain }', /one body/],
  ['a body of 204', '', 'respond: { status: 204, body: a }', /has no body/],
  ['a type of nothing', '', 'respond: { contentType: text/plain }', /no body of this type/],
  ['a file of no type', '', 'respond: { bodyFile: ./a }', /what the file holds/],
  ['a type among the fields', '', 'respond: { body: a, headers: { Content-Type: a } }', /write `contentType`/],
  ['a framing field of a reply', '', 'respond: { headers: { Transfer-Encoding: chunked } }', /only the gateway itself/],
  ['a break in a field of a reply', '', 'respond: { headers: { X-A: "a\\nb" } }', /no value of a header field/],
  ['a redirect and a reply', '', 'redirect: /x, respond: { status: 200 }', /answered by its `redirect` already/],
  ['a rewrite of what goes nowhere', '', 'redirect: /x, rewrite: { path: /y }', /nothing goes upstream/],
  ['the same of a reply', '', 'respond: {}, rewrite: { request: { remove: [a] } }', /nothing goes upstream/],
  [
    'a role nobody knows',
    'maintenance: { allow: { roles: [testr] } }',
    '',
    /no role of this name[^]*tester/,
    { auth: '[acme]' },
  ],
  ['a role where nobody is known', 'maintenance: { allow: { roles: [tester] } }', '', /nobody here has a role/],
  ['an address that is none', 'maintenance: { allow: { addresses: [10.0.0.1/8] } }', '', /maintenance/],
  ['a time that is too short', 'maintenance: { retryAfter: 1ms }', '', /from 1s to 7d/],
  ['an empty message', "maintenance: { message: ' ' }", '', /1 to 500 characters/],
  ['an unknown word', 'maintenance: true', '', /expected on, off/],
  ['a path of a gRPC method', '', 'rewrite: { path: /x }', /by its path alone/, GRPC],
  ['a redirect of a gRPC method', '', 'redirect: /x', /by its path alone/, GRPC],
  ['a reply to a gRPC method', '', 'respond: {}', /in its own words/, GRPC],
  ['the query of a gRPC service', 'rewrite: { query: { remove: [a] } }', '', /by its path alone/, GRPC],
] as const) {
  test(`${what} is refused, with its place`, () => {
    const parsed = parse(api, operation, more);
    assert.ok(!parsed.ok, 'it was taken');
    const said = parsed.error.map(formatIssue).join('\n');
    assert.match(said, words);
    for (const { place } of parsed.error) assert.ok((place?.line ?? 0) >= 9, said);
  });
}

function read(api: string, operation: string): Comparable {
  const parsed = parse(api, operation, { auth: '[acme]' });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

for (const [what, before, after, expected] of [
  ['closing an API', ['', ''], ['maintenance: on', ''], ['tightens it is closed for maintenance']],
  ['opening it again', ['maintenance: on', ''], ['', ''], ['loosens it is no longer closed for maintenance']],
  [
    'letting others in',
    ['maintenance: on', ''],
    ['maintenance: { allow: { roles: [tester] } }', ''],
    ['loosens others may call it while it is closed for maintenance'],
  ],
  [
    'letting fewer in',
    ['maintenance: { allow: { addresses: [10.0.0.0/8] } }', ''],
    ['maintenance: on', ''],
    ['tightens fewer may call it while it is closed for maintenance'],
  ],
  [
    'another message',
    ['maintenance: on', ''],
    ['maintenance: { message: later }', ''],
    ['changes it is closed for maintenance with another message or time'],
  ],
  [
    'an exception',
    ['', ''],
    ['', 'maintenance: off'],
    ['loosens it stays open while its API is closed for maintenance'],
  ],
  [
    'no exception any more',
    ['', 'maintenance: off'],
    ['', ''],
    ['tightens it is closed when its API is, for maintenance'],
  ],
  [
    'a rewrite',
    ['', ''],
    ['rewrite: { host: x.example }', ''],
    ['changes what goes upstream, or comes back, is rewritten'],
  ],
  [
    'another rewrite',
    ['', 'rewrite: { path: /x }'],
    ['', 'rewrite: { path: /y }'],
    ['changes what goes upstream, or comes back, is rewritten otherwise'],
  ],
  [
    'a redirect',
    ['', ''],
    ['', 'redirect: https://new.example/x'],
    ['tightens its requests are answered with a redirect to https://new.example/x instead of going upstream'],
  ],
  [
    'a reply instead of it',
    ['', 'redirect: /x'],
    ['', 'respond: { status: 410 }'],
    ['changes its requests are answered with a fixed reply (410) instead of a redirect to /x'],
  ],
  [
    'another status of a redirect',
    ['', 'redirect: /x'],
    ['', 'redirect: { to: /x, status: 301 }'],
    ['changes its requests are answered otherwise, still with a redirect to /x'],
  ],
  [
    'another text of a fixed reply',
    ['', 'respond: { body: one }'],
    ['', 'respond: { body: other }'],
    ['changes its requests are answered otherwise, still with a fixed reply (200)'],
  ],
  [
    'the upstream again',
    ['', 'respond: { status: 410 }'],
    ['', ''],
    ['loosens its requests go upstream, and are no longer answered with a fixed reply (410)'],
  ],
] as const) {
  test(`diff tells of ${what}`, () => {
    const changes = diffConfigurations(read(before[0], before[1]), read(after[0], after[1]));
    assert.deepEqual(
      changes.map(({ effect, message }) => `${effect} ${message}`),
      expected,
    );
  });
}

test('diff tells of another body in the file of a fixed reply', () => {
  const side = (text: string): Comparable => ({
    ...read('', 'respond: { bodyFile: ./a, contentType: text/plain }'),
    files: { '/etc/a': Buffer.from(text) },
  });
  assert.deepEqual(diffConfigurations(side('one'), side('other')), [
    {
      api: 'a',
      operation: OPERATION,
      about: 'replies',
      effect: 'changes',
      message: 'the file of its fixed reply has changed',
    },
  ]);
});

test('what is closed for maintenance is told, and what only seems to be', () => {
  const warned = (api: string, operation: string): readonly string[] => {
    const parsed = parse(api, operation);
    assert.ok(parsed.ok);
    return maintenanceWarnings(parsed.value.config, parsed.value.places).map(
      ({ severity, path, message, place }) => `${severity} ${place?.line} ${path}: ${message}`,
    );
  };
  const own = 'apis.a.operations["GET /u/{id}"].maintenance';
  assert.deepEqual(warned('', ''), []);
  assert.deepEqual(warned('maintenance: { on: false }', 'maintenance: off'), []);
  assert.deepEqual(warned('maintenance: on', 'maintenance: { message: later }'), [
    'warning 9 apis.a.maintenance: this is closed for maintenance',
    `warning 10 ${own}: this is closed for maintenance`,
  ]);
  assert.deepEqual(warned('', 'maintenance: { allow: { addresses: [10.0.0.0/8, "::/0"] } }'), [
    `warning 9 ${own}.allow.addresses: ::/0 is everybody, so nothing is closed here`,
  ]);
});
