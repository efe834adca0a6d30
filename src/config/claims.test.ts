import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ClaimMapping } from '../policy/index.ts';
import { parseConfig } from './parse.ts';

function parse(claims: string) {
  const text = `version: 1
issuers:
  acme:
    issuer: https://id.acme.example
    audience: api
    claims: ${claims}
roles: { support: {}, auditor: {} }
apis: { orders: { routes: [GET /x], upstream: 'http://127.0.0.1:3001', auth: [acme] } }
`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function mappingOf(claims: string): ClaimMapping | undefined {
  const parsed = parse(claims);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.issuers[0]?.claims;
}

test('a claim is enough where nothing more is said, and else all of it is read', () => {
  assert.deepEqual(mappingOf('{}'), { roles: ['roles'], tenant: null, permissions: null });
  assert.deepEqual(
    mappingOf(`{ subject: [tid, oid], roles: { from: a.b, prefix: R_, map: { X: support } }, scopes: s,
      groups: { map: { g: [support, auditor] } }, attributes: { level: l } }`),
    {
      ...{ roles: ['a', 'b'], tenant: null, permissions: null },
      subject: [['tid'], ['oid']],
      roleNames: { prefix: 'R_', map: { X: ['support'] } },
      groups: { path: ['groups'], map: { g: ['support', 'auditor'] }, overage: 'refuse' },
      scopes: ['s'],
      attributes: { level: ['l'] },
    },
  );
  assert.deepEqual(mappingOf('{ subject: ids.oid }')?.subject, [['ids', 'oid']]);
  const graph = mappingOf("{ groups: { map: {}, overage: { graph: { clientId: c, secret: '${env:S}' } } } }");
  assert.deepEqual(graph?.groups?.overage, {
    ...{ clientId: 'c', secret: '${env:S}' },
    ...{ url: 'https://graph.microsoft.com', authority: 'https://login.microsoftonline.com' },
  });
});

for (const [what, claims, words] of [
  ['a mail address as a name', '{ subject: email }', /email names nobody for good/],
  ['a mail address among names', '{ subject: [tid, preferred_username] }', /preferred_username names nobody for good/],
  [
    'a role that there is not',
    '{ roles: { map: { X: suport } } }',
    /"X" stands for a role that there is not: suport.*did you mean "support"/s,
  ],
  [
    'a role of a group that there is not',
    '{ groups: { map: { g: boss } } }',
    /"g" stands for a role that there is not: boss/,
  ],
  ['groups without roles', '{ groups: {} }', /claims\.groups\.map/],
  ['a secret as it is', '{ groups: { map: {}, overage: { graph: { clientId: c, secret: hunter2 } } } }', /secret/],
  ['an attribute in capitals', '{ attributes: { Level: l } }', /an attribute has a name/],
  ['an attribute of Object.prototype', '{ attributes: { constructor: l } }', /cannot be used/],
  ['an unknown key', '{ role: x }', /claims\.role: unknown key/],
] as const) {
  test(`${what} is refused`, () => {
    const parsed = parse(claims);
    assert.ok(!parsed.ok);
    const told = parsed.error.map(formatIssue).join('\n');
    assert.match(told, words);
    assert.ok(!told.includes('hunter2'));
  });
}
