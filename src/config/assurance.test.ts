import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { AssuranceConfig } from '../policy/index.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function text(api: string, operations: string, auth = '[acme]'): string {
  return `version: 1
server: { https: { certificate: local, clientCa: ./ca.pem } }
issuers: { acme: { issuer: https://id.acme.example, audience: api, login: { clientId: gateway, clientSecret: '\${env:S}' } } }
apis:
  orders:
    routes: [GET /x, GET /y, GET /open]
    upstream: http://127.0.0.1:3001
    auth: ${auth}
    ${api === '' ? '' : `assurance: ${api}`}
    operations: { GET /open: { auth: public }, ${operations} }
`;
}

function parse(source: string): Comparable {
  const parsed = parseConfig(source, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

function policyOf(source: string): AssuranceConfig | null {
  const use = parse(source).config.apis[0]?.policies.find(({ kind }) => kind === 'assurance');
  return (use?.config as AssuranceConfig | undefined) ?? null;
}

const FULL = '{ acr: [gold, silver], amr: mfa, maxAge: 10m, proof: any }';
const RULES = { acr: ['gold', 'silver'], amr: ['mfa'], maxAgeMs: 600_000, proof: 'any' };
const GOLD = { acr: ['gold'], amr: [], maxAgeMs: null, proof: null };

test('what an API asks holds of all that sign in, what an operation asks takes its place', () => {
  assert.deepEqual(policyOf(text(FULL, '')), { api: RULES, operations: { 'GET /open': null } });
  assert.deepEqual(policyOf(text(FULL, 'GET /x: { assurance: { acr: gold } }, GET /y: { assurance: off }')), {
    api: RULES,
    operations: { 'GET /open': null, 'GET /x': GOLD, 'GET /y': null },
  });
  assert.deepEqual(policyOf(text('', 'GET /x: { assurance: { acr: gold } }')), {
    api: null,
    operations: { 'GET /open': null, 'GET /x': GOLD },
  });
  assert.equal(policyOf(text('', '')), null);
  assert.equal(policyOf(text('', 'GET /x: { assurance: off }')), null);
});

for (const [what, source, words] of [
  ['nothing', text('{}', ''), /an assurance says something/],
  ['another word', text('on', ''), /apis\.orders\.assurance/],
  ['an acr with a quote', text(`{ acr: 'a"b' }`, ''), /an acr is plain ASCII/],
  ['an acr with a space', text(`{ acr: 'a b' }`, ''), /an acr is plain ASCII/],
  ['an acr with a backslash', text(`{ acr: 'a\\b' }`, ''), /an acr is plain ASCII/],
  ['no acr', text('{ acr: [] }', ''), /at least one acr/],
  ['an acr twice', text('{ acr: [a, a] }', ''), /stands in the list already/],
  ['no age', text('{ maxAge: 0s }', ''), /from 1s to 366d/],
  ['a part of a second', text('{ maxAge: 100ms }', ''), /from 1s to 366d/],
  ['an unknown proof', text('{ proof: sms }', ''), /assurance\.proof/],
  ['an unknown key', text('{ age: 5m }', ''), /assurance/],
  ['an API that is open', text('{ acr: a }', '', 'public'), /anybody may call this API/],
  [
    'an operation that is open',
    text('', 'GET /x: { auth: public, assurance: { acr: a } }'),
    /this operation, so nobody/,
  ],
] as const) {
  test(`${what} is refused`, () => assert.match(issuesOf(source), words));
}

function issuesOf(source: string): string {
  const parsed = parseConfig(source, { file: '/etc/portcullis.yaml', kinds: [] });
  return parsed.ok ? '' : parsed.error.map(formatIssue).join('\n');
}

for (const [auth, can] of [
  ['api-key', { acr: false, amr: false, maxAge: false, dpop: false, mtls: false, any: false }],
  ['mtls', { acr: false, amr: false, maxAge: false, dpop: false, mtls: true, any: true }],
  ['session', { acr: true, amr: true, maxAge: true, dpop: false, mtls: false, any: false }],
  ['acme', { acr: true, amr: true, maxAge: true, dpop: true, mtls: true, any: true }],
] as const) {
  test(`what nobody who signs in by ${auth} can have is refused where there is no other way`, () => {
    const asked = { acr: 'acr: gold', amr: 'amr: otp', maxAge: 'maxAge: 10m' } as const;
    for (const [what, has] of Object.entries(can)) {
      const rules = `{ ${what in asked ? asked[what as keyof typeof asked] : `proof: ${what}`} }`;
      const nobody = (key: string) =>
        has ? /^$/ : new RegExp(`apis\\.orders${key}: nobody who signs in by ${auth} ever has`);
      assert.match(issuesOf(text(rules, '', `[${auth}]`)), nobody('\\.assurance'), rules);
      const own = `GET /x: { auth: [${auth}], assurance: ${rules} }`;
      assert.match(issuesOf(text('', own)), nobody('\\.operations\\["GET /x"\\]\\.assurance'), own);
      assert.match(
        issuesOf(text(rules, `GET /x: { auth: [${auth}] }`)),
        nobody('\\.operations\\["GET /x"\\]\\.auth'),
        rules,
      );
      assert.equal(
        issuesOf(text('', own.replace(auth, auth === 'mtls' ? 'acme' : [...new Set(['acme', auth])].join()))),
        '',
      );
    }
  });
}

test('a certificate is no sign-in, whatever else is asked', () => {
  assert.match(issuesOf(text('{ proof: any, maxAge: 1h }', '', '[mtls]')), /nobody who signs in by mtls ever has/);
  assert.match(issuesOf(text('{ proof: dpop }', '', '[session, api-key]')), /by session or api-key ever has/);
});

test('asking less loosens, asking more tightens, and what an API asks is told of once', () => {
  const told = (before: string, after: string): readonly string[] =>
    diffConfigurations(parse(before), parse(after)).map(
      ({ effect, operation, message }) => `${effect} ${operation ?? 'API'}: ${message}`,
    );
  assert.deepEqual(told(text('', ''), text(FULL, '')), [
    'tightens API: callers must now show acr gold or silver, amr mfa, a sign-in of the last 600 s, a bound credential',
  ]);
  assert.deepEqual(
    told(text('{ acr: gold, amr: [mfa], maxAge: 1m }', ''), text('{ acr: [gold, tin], maxAge: 2m }', '')),
    [
      'loosens API: the acr tin is enough too',
      'loosens API: the amr mfa is no longer needed',
      'loosens API: the sign-in may be 120 s old',
    ],
  );
  assert.deepEqual(told(text('{ acr: gold }', ''), text('{ amr: mfa }', '')), [
    'loosens API: any acr is enough',
    'tightens API: the amr mfa is needed',
  ]);
  assert.deepEqual(told(text('{ acr: gold }', ''), text('{ acr: gold }', 'GET /x: { assurance: off }')), [
    'loosens GET /x: callers must no longer show acr gold',
  ]);
  const proofs = ['any', 'dpop', 'mtls', null].map(
    (proof) => `{ acr: gold${proof === null ? '' : `, proof: ${proof}`} }`,
  );
  const effects = proofs.map((was) =>
    proofs.map((is) => told(text(was, ''), text(is, '')).map((line) => line.split(' ')[0])).join(),
  );
  assert.deepEqual(effects, [
    ',tightens,tightens,loosens',
    'loosens,,changes,loosens',
    'loosens,changes,,loosens',
    'tightens,tightens,tightens,',
  ]);
});
