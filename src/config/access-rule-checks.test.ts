import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { AccessRulesConfig } from '../policy/index.ts';
import { accessRuleWarnings } from './access-rule-checks.ts';
import { parseConfig } from './parse.ts';

const configOf = (deny: string, api: string, operations: string): string => `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: orders } }
${deny}
apis:
  orders:
    routes: ['GET /a', 'GET /b']
    upstream: http://127.0.0.1:3001
    ${api}
    operations: { ${operations} }
`;

function issuesOf(deny: string, api: string, operations = ''): string {
  const read = parseConfig(configOf(deny, api, operations), { file: '/p.yaml', kinds: [] });
  return read.ok ? '' : read.error.map(formatIssue).join('\n');
}

function warningsOf(deny: string, api: string, operations = ''): string {
  const read = parseConfig(configOf(deny, api, operations), { file: '/p.yaml', kinds: [] });
  assert.ok(read.ok, read.ok ? '' : read.error.map(formatIssue).join('\n'));
  return accessRuleWarnings(read.value.config, read.value.places).map(formatIssue).join('\n');
}

const ABOUT_CALLERS = 'deny: [{ id: c, when: "\'contractor\' in principal.roles" }]';

test('two rules of one name are an issue, wherever they stand', () => {
  const rule = "{ id: c, when: request.method == 'GET' }";
  assert.match(
    issuesOf(`deny: [${rule}]`, 'auth: [acme]', `GET /a: { deny: [${rule}] }`),
    /`deny\[0\]` is called c already/,
  );
  assert.match(
    issuesOf('', `deny: [${rule}]\n    auth: [acme]`, `GET /a: { when: { rule: "request.method == 'GET'", id: c } }`),
    /called c already/,
  );
  assert.equal(issuesOf(`deny: [${rule}]`, 'auth: [acme]'), '');
});

test('a rule on callers where nobody is ever known is an issue', () => {
  assert.match(issuesOf(ABOUT_CALLERS, 'auth: public'), /deny\[0\].*nobody is known here/);
  assert.match(issuesOf('', `${ABOUT_CALLERS}\n    auth: public`), /nobody is known here/);
  assert.match(
    issuesOf('', 'auth: [acme]', `GET /a: { auth: public, when: tenant == 'acme' }`),
    /GET \/a.*nobody is known here/,
  );
  assert.match(
    issuesOf('', 'auth: [acme]', `GET /a: { auth: public, when: assurance.bound != 'none' }`),
    /nobody is known here/,
  );
});

test('one for all operations is not asked where nobody is known, and a warning says where that is', () => {
  const warned = warningsOf(ABOUT_CALLERS, 'auth: [acme]', 'GET /a: { auth: public }');
  assert.match(warned, /deny\[0\].*it is not asked where nobody is known: orders\/GET \/a/);
  assert.equal(warningsOf(ABOUT_CALLERS, 'auth: [acme]'), '');
  const asking = 'deny: [{ id: c, when: "has(principal.subject) && \'contractor\' in principal.roles" }]';
  assert.equal(warningsOf(asking, 'auth: [acme]', 'GET /a: { auth: public }'), '');
});

test('rules of the gateway are about clients, and not about what our own APIs call', () => {
  const read = parseConfig(
    `${configOf("deny: [{ id: c, when: request.method == 'GET' }]", 'auth: [acme]', '')}egress:
  port: 9000
  callers: any
  parties: { pay: { url: https://pay.example, allow: ['POST /charges'] } }
`,
    { file: '/p.yaml', kinds: [] },
  );
  assert.ok(read.ok, read.ok ? '' : read.error.map(formatIssue).join('\n'));
  const rules = read.value.config.apis.map(({ name, policies }) => [
    name,
    policies.flatMap(({ kind, config }) =>
      kind === 'access-rules' ? (config as AccessRulesConfig).deny.map(({ id }) => id) : [],
    ),
  ]);
  assert.deepEqual(rules[0], ['orders', ['c']]);
  assert.deepEqual(rules[1]?.[1], []);
});
