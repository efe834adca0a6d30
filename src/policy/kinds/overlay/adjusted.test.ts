import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import { adjustedBy, isKeptOut, saidOf } from './adjusted.ts';
import { overlayKey, type OverlayRule, type OverlayTarget } from './config.ts';

const NOW_MS = 1_000_000;
const ISSUER = 'https://id.acme.example';
/** What each role grants by itself, and by the chain of roles by which it comes to that. */
const GRANTS: Readonly<Record<string, readonly (readonly [permission: string, ...by: string[]])[]>> = {
  customer: [['read', 'customer']],
  support: [
    ['refund', 'support'],
    ['read', 'support', 'customer'],
  ],
  auditor: [
    ['audit', 'auditor'],
    ['refund', 'auditor', 'support'],
    ['read', 'auditor', 'support', 'customer'],
  ],
  clerk: [
    ['stock', 'clerk'],
    ['read', 'clerk'],
  ],
};
const ROLES = Object.keys(GRANTS);
const NAMES = ['read', 'refund', 'audit', 'stock', 'export'];
const TABLE = createRoleTable(
  [
    { name: 'customer', can: ['read'], includes: [] },
    { name: 'support', can: ['refund'], includes: ['customer'] },
    { name: 'auditor', can: ['audit'], includes: ['support'] },
    { name: 'clerk', can: ['stock', 'read'], includes: [] },
  ],
  NAMES,
);

const some = (names: readonly string[]) => fc.subarray([...names]);

interface Told extends OverlayTarget, OverlayRule {}

const rule: fc.Arbitrary<Told> = fc
  .record({
    target: fc.constantFrom(
      { kind: 'subject', issuer: ISSUER, name: 'ada' } as const,
      { kind: 'client', issuer: ISSUER, name: 'shop' } as const,
      { kind: 'tenant', issuer: ISSUER, name: 't1' } as const,
      // Somebody else's.
      { kind: 'subject', issuer: ISSUER, name: 'shop' } as const,
      { kind: 'client', issuer: ISSUER, name: 'ada' } as const,
      { kind: 'subject', issuer: 'https://id.other.example', name: 'ada' } as const,
    ),
    effect: fc.constantFrom('add', 'deny', 'deny'),
    roles: some(ROLES),
    permissions: some(NAMES),
    expiresAtMs: fc.constantFrom(null, null, NOW_MS, NOW_MS + 1, NOW_MS - 1),
  })
  .map(({ target, effect, roles, permissions, expiresAtMs }) => {
    const isAdd = effect === 'add';
    return { ...target, effect: isAdd ? 'add' : 'deny', roles, permissions: isAdd ? [] : permissions, expiresAtMs };
  });

const token = fc.record({
  roles: some(ROLES),
  permissions: some(NAMES),
  scopes: fc.option(some(NAMES)),
  narrow: fc.boolean(),
});

type Token = typeof token extends fc.Arbitrary<infer T> ? T : never;

function principalOf({ roles, permissions, scopes, narrow }: Token): Principal {
  const held = TABLE.permissionsOf(roles).union(TABLE.named(permissions));
  return {
    ...{ kind: 'user', issuer: ISSUER, subject: 'ada', clientId: 'shop', tenant: 't1', expiresAtMs: 2 * NOW_MS },
    ...{ roles, scopes, ...(narrow ? {} : { scopesNarrow: false }) },
    permissions: scopes === null || !narrow ? held : held.intersect(TABLE.named(scopes)),
    notes: new Notes(),
  } as unknown as Principal;
}

/** What becomes of a caller by rules in the order in which they were said: its roles and what it may do; null if kept out. */
function rightsOf(given: Token, rules: readonly Told[]): readonly [roles: string[], may: string[]] | null {
  const rows = new Map<string, OverlayRule[]>();
  for (const { effect, roles, permissions, expiresAtMs, ...target } of rules) {
    const key = overlayKey(target);
    rows.set(key, [...(rows.get(key) ?? []), { effect, roles, permissions, expiresAtMs }]);
  }
  const principal = principalOf(given);
  const said = saidOf(principal, rows, NOW_MS);
  if (isKeptOut(said.rules)) return null;
  const { roles, permissions } = adjustedBy(principal, said.rules, TABLE);
  return [roles.toSorted(), NAMES.filter((name) => permissions.has(TABLE.permission(name) ?? -1))];
}

/** The same by the words of the guide, name by name. */
function expected(token: Token, rules: readonly Told[]): ReturnType<typeof rightsOf> {
  const mine = rules.filter(
    ({ issuer, kind, name, expiresAtMs }) =>
      issuer === ISSUER &&
      { subject: 'ada', client: 'shop', tenant: 't1' }[kind] === name &&
      (expiresAtMs === null || expiresAtMs > NOW_MS),
  );
  const denials = mine.filter(({ effect }) => effect === 'deny');
  if (denials.some(({ roles, permissions }) => roles.length === 0 && permissions.length === 0)) return null;
  const granted = mine.flatMap(({ effect, roles }) => (effect === 'add' ? roles : []));
  const held = ROLES.filter((role) => token.roles.includes(role) || granted.includes(role));
  const isDenied = (role: string): boolean => denials.some((each) => each.roles.includes(role));
  const roles = held.filter((role) => !isDenied(role));
  const byRole = (all: readonly string[], name: string, isLeft = (_role: string): boolean => true): boolean =>
    all.some((role) => GRANTS[role]?.some(([permission, ...by]) => permission === name && by.every(isLeft)));
  const may = NAMES.filter((name) => {
    if (denials.some(({ permissions }) => permissions.includes(name))) return false;
    if (token.scopes !== null && token.narrow && !token.scopes.includes(name)) return false;
    return (
      byRole(roles, name, (role) => !isDenied(role)) || (token.permissions.includes(name) && !byRole(token.roles, name))
    );
  });
  return [roles.toSorted(), may];
}

test('whatever is said of a caller in whatever order, denials win over grants, and grants over the token', () => {
  fc.assert(
    fc.property(token, fc.array(rule, { maxLength: 12 }), fc.nat(), (given, rules, seed) => {
      const wanted = expected(given, rules);
      assert.deepEqual(rightsOf(given, rules), wanted);
      const turned = [...rules.slice(seed % (rules.length + 1)), ...rules.slice(0, seed % (rules.length + 1))];
      assert.deepEqual(rightsOf(given, turned.toReversed()), wanted);
    }),
    { numRuns: 3_000 },
  );
});

test('a rule more never gives back what another one denies', () => {
  fc.assert(
    fc.property(token, fc.array(rule, { maxLength: 8 }), rule, (given, rules, more) => {
      const denied = {
        ...more,
        effect: 'deny',
        issuer: ISSUER,
        kind: 'tenant',
        name: 't1',
        expiresAtMs: null,
      } as const;
      const [roles, may] = rightsOf(given, [...rules, denied]) ?? [[], []];
      for (const role of denied.roles) assert.ok(!roles.includes(role));
      for (const name of denied.permissions) assert.ok(!may.includes(name));
    }),
  );
});
