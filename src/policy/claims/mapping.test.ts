import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JwtClaims } from '../../credential/index.ts';
import type { Principal } from '../principal.ts';
import { createRoleTable } from '../role-table.ts';
import type { ClaimMapping } from './config.ts';
import { principalOf } from './principal-of.ts';

const TABLE = createRoleTable(
  [
    { name: 'support', can: ['orders:refund'], includes: [] },
    { name: 'auditor', can: ['orders:audit'], includes: [] },
  ],
  [],
);
const PLAIN: ClaimMapping = { roles: ['roles'], tenant: ['tid'], permissions: null };

function read(claims: object, mapping: Partial<ClaimMapping> = {}, scopes: 'narrow' | 'ignore' = 'narrow') {
  const issuer = { issuer: 'https://id.example', claims: { ...PLAIN, ...mapping }, scopes };
  // As the parser makes it: of nothing else.
  const parsed = JSON.parse(JSON.stringify(claims)) as JwtClaims;
  return principalOf({ claims: parsed, issuer: 'https://id.example', subject: 'ada', expiresAtMs: 1 }, issuer, TABLE);
}

function principal(...given: Parameters<typeof read>): Principal {
  const made = read(...given);
  return made.ok ? made.value : assert.fail(made.error);
}

function rightsOf(...given: Parameters<typeof read>): readonly [roles: readonly string[], may: readonly string[]] {
  const { roles, permissions } = principal(...given);
  return [roles, ['orders:refund', 'orders:audit'].filter((name) => permissions.has(TABLE.permission(name) ?? -1))];
}

test('names of roles become those of the configuration, and what nobody has named is dropped', () => {
  const map = { 'Support.Agent': ['support'], Boss: ['support', 'auditor'] };
  const roleNames = { prefix: '', map };
  assert.deepEqual(rightsOf({ roles: ['Support.Agent', 'auditor', 'Other'] }, { roleNames }), [
    ['support'],
    ['orders:refund'],
  ]);
  assert.deepEqual(rightsOf({ roles: 'Boss Support.Agent' }, { roleNames }), [
    ['support', 'auditor'],
    ['orders:refund', 'orders:audit'],
  ]);
  for (const roles of [['__proto__'], ['constructor'], ['support.agent'], []])
    assert.deepEqual(rightsOf({ roles }, { roleNames }), [[], []], String(roles));
});

test('a prefix is taken off, and names without it stand for nothing', () => {
  const roleNames = { prefix: 'ROLE_', map: null };
  assert.deepEqual(rightsOf({ roles: ['ROLE_support', 'auditor', 'role_auditor'] }, { roleNames })[0], ['support']);
  const both = { prefix: 'ROLE_', map: { A: ['auditor'] } };
  assert.deepEqual(rightsOf({ roles: ['ROLE_A', 'A'] }, { roleNames: both })[0], ['auditor']);
});

test('groups add the roles that they stand for, and no others', () => {
  const groups = { path: ['groups'], map: { g1: ['support'] }, overage: 'refuse' } as const;
  assert.deepEqual(rightsOf({ roles: ['auditor'], groups: ['g1', 'g2', 'auditor'] }, { groups }), [
    ['auditor', 'support'],
    ['orders:refund', 'orders:audit'],
  ]);
  assert.deepEqual(rightsOf({ groups: ['support', '__proto__'] }, { groups }), [[], []]);
  assert.equal(read({ groups: [['g1']] }, { groups }).ok, false);
  // A token's scope takes away from what groups give as from all else.
  assert.deepEqual(rightsOf({ groups: ['g1'], scope: 'orders:audit' }, { groups })[1], []);
  assert.deepEqual(rightsOf({ groups: ['g1'], scope: 'orders:audit' }, { groups }, 'ignore')[1], ['orders:refund']);
});

test('who it is can be said by several claims together, all of which must be there', () => {
  const subject = [['tid'], ['oid']];
  assert.equal(principal({ tid: 't', oid: 'o' }, { subject }).subject, 't/o');
  assert.equal(principal({ oid: 'o/o' }, { subject: [['oid']] }).subject, 'o/o');
  for (const claims of [
    { tid: 't' },
    { oid: 'o' },
    { tid: 't', oid: '' },
    { tid: 't', oid: ['o'] },
    { tid: 't/o', oid: '' },
  ])
    assert.equal(read(claims, { subject }).ok, false, JSON.stringify(claims));
  // Of two callers none can be named as the other is.
  assert.equal(read({ tid: 'a/b', oid: 'c' }, { subject }).ok, false);
  assert.equal(read({ tid: 'a', oid: 'b/c' }, { subject }).ok, false);
});

test('attributes are plain and bounded: anything else refuses the token', () => {
  const attributes = { level: ['l'], teams: ['t', 'names'] };
  assert.deepEqual(principal({ l: 3, t: { names: ['a'] } }, { attributes }).attributes, { level: 3, teams: ['a'] });
  assert.deepEqual(principal({ l: true }, { attributes }).attributes, { level: true });
  assert.deepEqual(principal({}, { attributes }).attributes, {});
  assert.equal(principal({}).attributes, undefined);
  for (const claims of [{ l: {} }, { l: null }, { l: [[1]] }, { l: 'x'.repeat(257) }, { t: 'x' }, { t: { names: {} } }])
    assert.equal(read(claims, { attributes }).ok, false, JSON.stringify(claims));
});

test('scopes stand in the claim that is named, and then in no other', () => {
  const scopes = ['rights', 'scope'];
  assert.deepEqual(principal({ rights: { scope: 'a b' }, scope: 'c' }, { scopes }).scopes, ['a', 'b']);
  assert.equal(principal({ scope: 'c' }, { scopes }).scopes, null);
  assert.equal(read({ rights: 'a' }, { scopes }).ok, false);
});
