import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ApiConfig } from './config.ts';
import type { Comparable } from './config-change.ts';
import { corsWarnings } from './cors-checks.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function parse(cors: string, more = '', source = "routes: ['GET /a']") {
  const said = cors === '' ? '' : `\n    cors: ${cors}`;
  const text = `version: 1\napis:\n  a:\n    ${source}\n    upstream: http://127.0.0.1:1\n    auth: public${said}\n${more}`;
  return parseConfig(text, { file: '/p.yaml', kinds: [] });
}

function sideOf(cors: string): Comparable & { readonly api: ApiConfig } {
  const parsed = parse(cors);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { config } = parsed.value;
  return { config, descriptions: {}, documents: {}, files: {}, secrets: {}, api: config.apis[0] as ApiConfig };
}

const corsOf = (text: string): ApiConfig['cors'] => sideOf(text).api.cors;

function issuesOf(...written: Parameters<typeof parse>): readonly string[] {
  const parsed = parse(...written);
  return parsed.ok ? [] : parsed.error.map(formatIssue);
}

test('origins and fields are a hundred of each', () => {
  const many = (count: number, write: (n: number) => string): string =>
    `[${Array.from({ length: count }, (_, n) => write(n)).join()}]`;
  const origins = (count: number): string => `{ origins: ${many(count, (n) => `https://a${n}.example`)} }`;
  const fields = (key: string, count: number): string => `{ origins: '*', ${key}: ${many(count, (n) => `x-${n}`)} }`;
  for (const write of [
    origins,
    (count: number) => fields('headers', count),
    (count: number) => fields('expose', count),
  ]) {
    assert.deepEqual(issuesOf(write(100)), []);
    assert.match(issuesOf(write(101)).join(), /100/);
  }
});

test('what is not said opens nothing: no credentials, no private network, no fields but those described', () => {
  assert.deepEqual(corsOf('{ origins: [https://app.example] }'), {
    origins: ['https://app.example'],
    methods: null,
    headers: [],
    expose: [],
    credentials: false,
    maxAgeMs: 600_000,
    privateNetwork: false,
  });
  assert.equal(corsOf(''), null);
  assert.equal(corsOf('off'), 'off');
  assert.ok(
    !sideOf('').api.policies.some(({ kind }) => kind === 'cors'),
    'and an API that says nothing has no policy for it',
  );
});

test('all that can be said is taken, fields in lower case', () => {
  const text = `{ origins: [https://app.example:8443, 'https://*.app.example', 'null', 'http://localhost:3000'],
      methods: [GET, PUT], headers: [X-Csrf], expose: [ETag, Location], maxAge: 0s, privateNetwork: true }`;
  assert.deepEqual(corsOf(text), {
    origins: ['https://app.example:8443', 'https://*.app.example', 'null', 'http://localhost:3000'],
    methods: ['GET', 'PUT'],
    headers: ['x-csrf'],
    expose: ['etag', 'location'],
    credentials: false,
    maxAgeMs: 0,
    privateNetwork: true,
  });
  assert.equal((corsOf("{ origins: '*' }") as { origins: unknown }).origins, 'any');
});

const WRONG: readonly (readonly [text: string, issue: RegExp])[] = [
  ['on', /\.cors: expected off, or which origins may call \(such as cors: \{ origins/],
  ['{}', /\.cors\.origins: expected a list of origins/],
  ['{ origins: [] }', /at least one origin is needed/],
  [
    '{ origins: [https://app.example, https://app.example] }',
    /\.cors\.origins\[1\]: this origin stands in the list already/,
  ],
  [
    "{ origins: '*', credentials: true }",
    /^\/p\.yaml:7:22 apis\.a\.cors\.origins: with credentials `\*` would let any page/,
  ],
  [
    "{ origins: [https://app.example, 'null'], credentials: true }",
    /^\/p\.yaml:7:44 apis\.a\.cors\.origins\[1\]: with credentials `null` would let any page/,
  ],
  ["{ origins: ['*'] }", /\.cors\.origins\[0\]: `\*` stands alone/],
  ['{ origins: [app.example] }', /an origin is a scheme, a host and perhaps a port/],
  ['{ origins: [https://app.example/] }', /an origin is a scheme, a host and perhaps a port/],
  ['{ origins: [https://a@app.example] }', /an origin is a scheme, a host/],
  ['{ origins: [https://app.example:443] }', /written as browsers do \(write https:\/\/app\.example\)/],
  ['{ origins: [https://App.example] }', /written as browsers do \(write https:\/\/app\.example\)/],
  ["{ origins: ['https://*.App.example'] }", /written as browsers do \(write https:\/\/\*\.app\.example\)/],
  ["{ origins: ['https://app.*.example'] }", /an origin is a scheme, a host/],
  ["{ origins: ['https://*.*.example'] }", /an origin is a scheme, a host/],
  ["{ origins: ['https://*app.example'] }", /an origin is a scheme, a host/],
  ["{ origins: ['https://*'] }", /an origin is a scheme, a host/],
  ["{ origins: ['https://*.com'] }", /names below com are not one owner’s/],
  ["{ origins: ['https://*.com.'] }", /names below com\. are not one owner’s/],
  ["{ origins: ['https://*.com:8443'] }", /names below com are not one owner’s/],
  ["{ origins: ['https://*.192.0.2.1'] }", /an address has no names below it/],
  ['{ origins: [https://app.example], methods: [get] }', /methods are upper case \(write GET\)/],
  ['{ origins: [https://app.example], methods: [TRACE] }', /CONNECT and TRACE are never passed on/],
  ["{ origins: [https://app.example], headers: ['*'] }", /\.cors\.headers\[0\]: `\*` is not taken \(name each field\)/],
  ["{ origins: [https://app.example], headers: ['x y'] }", /this is no name of a header field/],
  ['{ origins: [https://app.example], headers: [Cookie] }', /browsers let no page send this field/],
  ['{ origins: [https://app.example], headers: [Sec-Fetch-Mode] }', /browsers let no page send this field/],
  ['{ origins: [https://app.example], expose: [Set-Cookie] }', /browsers let no page read this field/],
  [
    `{ origins: [https://app.example], expose: [${Array.from({ length: 60 }, (_, at) => `x${at}-${'a'.repeat(90)}`).join()}] }`,
    /\.cors\.expose: these names are longer than 4096 characters together/,
  ],
  ['{ origins: [https://app.example], maxAge: 25h }', /must be from 0s to 24h/],
  ['{ origins: [https://app.example], credentials: yes }', /\.cors\.credentials: expected true or false/],
  ['{ origin: [https://app.example] }', /did you mean|unknown|not known/i],
];

for (const [text, issue] of WRONG)
  test(`cors: ${text.slice(0, 200)} is an issue`, () => {
    const issues = issuesOf(text);
    assert.ok(
      issues.some((each) => issue.test(each)),
      issues.join('\n') || 'no issue',
    );
  });

test('fields of CORS that a rewrite says are an issue beside cors, and none without', () => {
  const rewrite = '    rewrite: { response: { set: { Access-Control-Allow-Origin: x } } }\n';
  assert.deepEqual(issuesOf('{ origins: [https://app.example] }', rewrite), [
    '/p.yaml:8:16 apis.a.rewrite.response: `cors` of the API says which fields of CORS there are (keep one of both)',
  ]);
  const own = "    operations: { 'GET /a': { rewrite: { response: { add: { access-control-max-age: '1' } } } } }\n";
  assert.match(issuesOf('off', own).join(), /operations\["GET \/a"\]\.rewrite\.response: `cors` of the API/);
  assert.deepEqual(issuesOf('', rewrite), []);
});

test('gRPC is called by no page', () => {
  const source = 'descriptors: ./a.pb';
  assert.match(
    issuesOf('{ origins: [https://app.example] }', '', source).join(),
    /apis\.a\.cors: no page can call gRPC/,
  );
});

test('an origin that is not encrypted is a warning where its pages act for users', () => {
  const warned = (cors: string): readonly string[] => {
    const parsed = parse(cors);
    assert.ok(parsed.ok);
    return corsWarnings(parsed.value.config, parsed.value.places).map(formatIssue);
  };
  assert.deepEqual(warned("{ origins: [https://a.example, 'http://a.example'], credentials: true }"), [
    '/p.yaml:7:42 apis.a.cors.origins[1]: http://a.example is not encrypted, so whoever is in its network can act as its users (write https://)',
  ]);
  assert.equal(warned("{ origins: ['http://*.a.example'], credentials: true }").length, 1);
  assert.equal(warned("{ origins: ['http://127.a.example'], credentials: true }").length, 1);
  assert.deepEqual(warned("{ origins: ['http://a.example'] }"), []);
  const local = "{ origins: ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:80800'], credentials: true }";
  assert.deepEqual(warned(local.replace('80800', '8080')), []);
});

test('lists that keep the question of pages out are a warning', () => {
  const warned = (lists: string, cors = '{ origins: [https://a.example] }'): readonly string[] => {
    const parsed = parse(cors, lists);
    assert.ok(parsed.ok);
    return corsWarnings(parsed.value.config, parsed.value.places).map(formatIssue);
  };
  assert.deepEqual(warned('    allow: { methods: [GET, POST] }\n'), [
    '/p.yaml:8:14 apis.a.allow.methods: pages ask by OPTIONS before they call, and that is kept out here (let OPTIONS in)',
  ]);
  assert.match(warned('    deny: { methods: [OPTIONS] }\n').join(), /apis\.a\.deny\.methods: /);
  assert.match(warned('allow: { methods: [GET] }\n').join(), /:8:10 allow\.methods: /);
  assert.deepEqual(warned('    allow: { methods: [GET, OPTIONS] }\n    deny: { methods: [PUT] }\n'), []);
  for (const cors of ['', 'off']) assert.deepEqual(warned('    allow: { methods: [GET] }\n', cors), []);
});

function changes(before: string, after: string): readonly string[] {
  return diffConfigurations(sideOf(before), sideOf(after)).map(({ effect, message }) => `${effect}: ${message}`);
}

const ONE = '{ origins: [https://a.example] }';
const TWO = '{ origins: [https://a.example, https://b.example] }';

test('the difference tells whose pages may read what', () => {
  assert.deepEqual(changes('', ONE), ['loosens: pages of https://a.example may call it and read its replies']);
  assert.deepEqual(changes(ONE, TWO), [
    'loosens: pages of https://a.example, https://b.example may call it and read its replies',
  ]);
  assert.deepEqual(changes(TWO, ONE), ['tightens: pages of fewer origins may call it and read its replies']);
  assert.deepEqual(changes(TWO, "{ origins: '*' }"), ['loosens: pages of any origin may call it and read its replies']);
  assert.deepEqual(changes("{ origins: '*' }", ONE), [
    'tightens: pages of fewer origins may call it and read its replies',
  ]);
  assert.deepEqual(changes(ONE, 'off'), ['tightens: no page of another origin may read its replies']);
  assert.deepEqual(changes('', 'off'), ['tightens: no page of another origin may read its replies']);
  for (const was of ['off', ONE])
    assert.deepEqual(changes(was, ''), [
      'loosens: which pages of other origins may read its replies is what its upstream says',
    ]);
});

test('the difference tells what pages may do besides', () => {
  const more = (keys: string): string => `{ origins: [https://a.example], ${keys} }`;
  assert.deepEqual(changes(ONE, more('credentials: true')), [
    'loosens: pages of other origins call it with the cookies of whoever looks at them',
  ]);
  assert.equal(changes('', more('credentials: true')).length, 2);
  assert.match(changes(more('credentials: true'), ONE).join(), /^tightens: /);
  assert.deepEqual(changes(ONE, more('methods: [GET]')), ['tightens: pages of other origins may call GET']);
  assert.match(changes(more('methods: [GET]'), ONE).join(), /^loosens: .* all methods of it$/);
  assert.match(changes(more('methods: [GET]'), more('methods: [PUT]')).join(), /^loosens: .* PUT$/);
  assert.deepEqual(changes(ONE, more('headers: [x-a]')), ['loosens: pages may send other header fields']);
  assert.deepEqual(changes(more('expose: [x-a]'), ONE), ['tightens: pages may read fewer header fields']);
  assert.match(changes(ONE, more('privateNetwork: true')).join(), /^loosens: pages of the public internet may call it/);
  assert.match(changes(more('privateNetwork: true'), ONE).join(), /^tightens: .* no longer/);
  assert.deepEqual(changes(ONE, more('maxAge: 1h')), ['changes: browsers go by answers to preflights for 3600 s']);
});
