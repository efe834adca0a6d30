import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok } from '../base/index.ts';
import { isAsked, type IntrospectingConfig, type JwtConfig } from '../policy/index.ts';
import { gather } from './gather.ts';
import { parseConfig } from './parse.ts';

const SECRET = "client: { id: gateway, secret: '${env:SECRET}' }";

/** Two issuers with what is said of their introspection, and an API that takes tokens of both. */
function text(acme: string, other: string | null = null, more = ''): string {
  const introspection = (said: string | null): string => (said === null ? '' : `, introspection: { ${said} }`);
  return `version: 1
issuers:
  acme: { issuer: 'https://id.acme.example', audience: a${more}${introspection(acme)} }
  other: { issuer: 'https://id.other.example', audience: a${introspection(other)} }
apis:
  orders:
    routes: ['GET /orders', 'GET /mine']
    upstream: http://127.0.0.1:1
    auth: [acme, other]
    operations: { 'GET /mine': { auth: [other] } }
`;
}

function parse(written: string) {
  const parsed = parseConfig(written, { file: '/etc/portcullis/portcullis.yaml', kinds: [] });
  return parsed.ok ? ok(parsed.value.config) : err(parsed.error.map(formatIssue).join('\n'));
}

function issuesOf(written: string): string {
  const parsed = parse(written);
  return parsed.ok ? 'nothing' : parsed.error;
}

test('what is said becomes how an issuer is asked, with every default filled in', () => {
  const parsed = parse(text(SECRET));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  assert.deepEqual(parsed.value.issuers[0]?.introspection, {
    url: null,
    clientId: 'gateway',
    client: { kind: 'secret', secret: '${env:SECRET}', place: 'header' },
    tokens: 'opaque',
    prefix: null,
    cacheMs: 30_000,
    timeoutMs: 2_000,
    signed: false,
    caFile: null,
    path: 'issuers.acme.introspection',
  });
  assert.equal(parsed.value.issuers[1]?.introspection, null);
  const signs = parse(text('client: { id: g, key: ./k.pem, kid: k1 }, endpoint: https://x.example/a?b=1, jwt: true'));
  assert.ok(signs.ok);
  const { client, url, signed } = signs.value.issuers[0]?.introspection ?? assert.fail('nothing');
  assert.deepEqual(client, { kind: 'key', key: '${file:/etc/portcullis/k.pem}', kid: 'k1' });
  assert.deepEqual([url, signed], ['https://x.example/a?b=1', true]);
  const shows = parse(text('client: { id: g, key: ./k.pem, cert: ./c.pem }, ca: ./ca.pem, for: all'));
  assert.ok(shows.ok);
  const shown = shows.value.issuers[0]?.introspection;
  assert.deepEqual(shown?.client, {
    ...{ kind: 'certificate', certificate: '/etc/portcullis/c.pem', key: '${file:/etc/portcullis/k.pem}' },
  });
  assert.deepEqual([shown?.caFile, shown?.tokens], ['/etc/portcullis/ca.pem', 'all']);
});

test('the policy stands behind that of JWTs, and has the issuers that are asked, for each operation its own', () => {
  const parsed = parse(text(SECRET));
  assert.ok(parsed.ok);
  const policies = parsed.value.apis[0]?.policies ?? [];
  const kinds = policies.map(({ kind }) => kind);
  assert.deepEqual(kinds.slice(0, 3), ['credentials', 'jwt', 'introspection']);
  const { issuers, operations } = (policies[2] ?? assert.fail('no policy')).config as IntrospectingConfig;
  assert.deepEqual(
    issuers.map(({ name }) => name),
    ['acme'],
  );
  assert.deepEqual(operations, { 'GET /mine': [] });
  const jwt = (policies[1] ?? assert.fail('no policy')).config as JwtConfig;
  assert.ok(jwt.issuers.find(isAsked) === issuers[0], 'they share one object');
});

test('without an issuer that is asked there is no such policy', () => {
  const parsed = parse(text(SECRET).replace(/, introspection: .*$/m, ' }'));
  assert.ok(parsed.ok);
  assert.ok(parsed.value.apis[0]?.policies.every(({ kind }) => kind !== 'introspection'));
});

const WRONG: readonly (readonly [name: string, written: string, expected: RegExp])[] = [
  ['no client', text('cache: 1s'), /introspection\.client/],
  ['a client without a proof', text('client: { id: g }'), /nothing says how the gateway shows who it is/],
  ['a secret itself', text('client: { id: g, secret: hunter2 }'), /must be a reference/],
  ['a key itself', text("client: { id: g, key: '-----BEGIN X' }"), /never written into the configuration/],
  ['two proofs', text("client: { id: g, secret: '${env:A}', key: ./k }"), /one way to show who it is/],
  ['a certificate without a key', text("client: { id: g, secret: '${env:A}', cert: ./c }"), /with its key alone/],
  ['the name of a key that signs nothing', text("client: { id: g, secret: '${env:A}', kid: k }"), /name of a key/],
  ['a method without a secret', text('client: { id: g, key: ./k, method: post }'), /this is about a `secret`/],
  ['a name with a line break', text('client: { id: "a\\nb", key: ./k }'), /plain ASCII/],
  ['an endpoint in clear', text(`${SECRET}, endpoint: http://id.acme.example/ask`), /loopback only/],
  ['an endpoint with a password', text(`${SECRET}, endpoint: 'https://a:b@id.acme.example/'`), /no user name/],
  ['too long a cache', text(`${SECRET}, cache: 6m`), /from 0s to 5m/],
  ['too long a wait', text(`${SECRET}, timeout: 5s`), /from 100ms to 4s/],
  ['a prefix of JWTs', text(`${SECRET}, prefix: eyJ`), /how JWTs begin/],
  ['a prefix of two characters', text(`${SECRET}, prefix: ab`), /3 to 64 characters/],
  ['a prefix with a blank', text(`${SECRET}, prefix: 'a b c'`), /3 to 64 characters/],
  ['a key of nobody', text(`${SECRET}, cashe: 1s`), /cashe: unknown key/],
  [
    'two who are asked about all tokens',
    text(SECRET, SECRET),
    /acme and other are both asked about opaque tokens here/,
  ],
  ['one of two without a prefix', text(`${SECRET}, prefix: abc`, SECRET), /both asked/],
  [
    'two prefixes of which one begins the other',
    text(`${SECRET}, prefix: abc`, `${SECRET}, prefix: abcd`),
    /both asked/,
  ],
  [
    'many tenants',
    text(SECRET, null, ', tenants: [t1]').replace("acme.example'", "acme.example/{tenantid}'"),
    /many tenants/,
  ],
];

for (const [name, written, expected] of WRONG) {
  test(`refused: ${name}`, () => {
    const issues = issuesOf(written);
    assert.match(issues, expected);
    assert.doesNotMatch(issues, /hunter2/);
    assert.match(issues, /portcullis\.yaml:\d+:\d+/);
  });
}

test('two who are asked are told apart by prefixes', () => {
  assert.equal(issuesOf(text(`${SECRET}, prefix: acme_`, `${SECRET}, prefix: other_`)), 'nothing');
});

test('what it shows is read with the configuration, and what is wrong with it is told at its key', async () => {
  const parsed = parseConfig(text(`client: { id: g, secret: '${'${env:SECRET}'}' }`), { file: '/p.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const kinds = ['credentials', 'jwt', 'introspection', 'permission', 'output-encoding', 'upstream-errors'].map(
    (kind) => ({
      ...{ kind, summary: kind, schema: null },
      sources: () => [],
      compile: () => ok(new Map()),
    }),
  );
  const wired = { ...parsed.value, kinds };
  const gathered = await gather(wired as never, {
    files: {} as never,
    egress: {} as never,
    secrets: { resolve: async () => await Promise.resolve(err('SECRET is not set')) },
    revision: 1,
  });
  assert.ok(!gathered.ok);
  assert.match(gathered.error.map(formatIssue).join('\n'), /introspection\.client\.secret: SECRET is not set/);
});
