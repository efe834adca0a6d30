import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableVersion } from '../../../ports/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import { OVERLAY_TABLE, overlayKey, type OverlayRow, type OverlayRule, type OverlayTarget } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createOverlayKind } from './kind.ts';

/** What is said of whom, who calls, and what is left of its rights. `endsIn` is milliseconds. */
interface Golden {
  readonly name: string;
  readonly rules: readonly (OverlayTarget & {
    readonly effect: OverlayRule['effect'];
    readonly roles?: readonly string[];
    readonly permissions?: readonly string[];
    readonly endsIn?: number;
  })[];
  readonly caller: {
    readonly subject: string;
    readonly roles: readonly string[];
    readonly client?: string;
    readonly tenant?: string;
    readonly scopes?: readonly string[];
    readonly scopesNarrow?: boolean;
    readonly permissions?: readonly string[];
  } | null;
  readonly verdict: string;
}

const NOW_MS = Date.UTC(2026, 5, 1);
const NAMES = ['orders:read', 'orders:refund', 'stock:take'] as const;
const ROLES = createRoleTable(
  [
    { name: 'customer', can: ['orders:read'], includes: [] },
    { name: 'support', can: ['orders:refund'], includes: ['customer'] },
  ],
  NAMES,
);

function rowsOf(rules: Golden['rules']): Map<string, OverlayRow> {
  const rows = new Map<string, OverlayRow>();
  for (const { effect, roles = [], permissions = [], endsIn, ...target } of rules) {
    const expiresAtMs = endsIn === undefined ? null : NOW_MS + endsIn;
    const key = overlayKey(target);
    rows.set(key, [...(rows.get(key) ?? []), { effect, roles, permissions, expiresAtMs }]);
  }
  return rows;
}

function principalOf(caller: NonNullable<Golden['caller']>): Principal {
  const { subject, roles, client = null, tenant = null, scopes = null, permissions = [], ...more } = caller;
  const held = ROLES.permissionsOf(roles).union(ROLES.named(permissions));
  return {
    ...{ kind: 'user', issuer: 'https://id.acme.example', subject, clientId: client, tenant, roles, scopes, ...more },
    expiresAtMs: NOW_MS + 60_000,
    permissions: scopes === null || more.scopesNarrow === false ? held : held.intersect(ROLES.named(scopes)),
    notes: new Notes(),
  } as unknown as Principal;
}

/** The step of an operation, over a table that a test may replace. */
function stepOver(table: () => Map<string, OverlayRow>) {
  const operation = { id: 'orders/x', api: 'orders', name: 'x' } as unknown as Operation;
  const issuers = { has: () => false, names: () => [] };
  const at = { name: 'orders/overlay', api: 'orders', operations: [operation], roles: ROLES, issuers };
  const version = () => ({ declaration: OVERLAY_TABLE, version: 1, filledAtMs: 0, rows: table() });
  const got = { table: () => version as unknown as () => TableVersion<never> };
  const compiled = createOverlayKind().compile({ signIn: true, operations: {} }, at, got as never);
  assert.ok(compiled.ok);
  const step = compiled.value.get('orders/x')?.authenticate ?? assert.fail('no step');
  return (principal: Principal | null, startedAtMs = NOW_MS): AuthenticateVerdict => {
    const verdict = step.run({ principal, startedAtMs } as unknown as Exchange);
    return verdict instanceof Promise ? assert.fail('it waits') : verdict;
  };
}

function told(verdict: AuthenticateVerdict): string {
  if (verdict.kind === 'deny') return `${verdict.problem.code} ${verdict.rule ?? ''}`;
  if (verdict.kind !== 'adjusted') return verdict.kind;
  const { roles, permissions } = verdict.principal;
  const may = NAMES.filter((name) => permissions.has(ROLES.permission(name) ?? -1));
  return `${roles.join(' ')}: ${may.join(' ')}`;
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const { name, rules, caller, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}: ${verdict}`, () => {
      const rows = rowsOf(rules);
      const run = stepOver(() => rows);
      assert.equal(told(run(caller === null ? null : principalOf(caller))), verdict);
    });
  }
}

test('what is said of a caller is worked out once for each version of the table, and anew when it ends', () => {
  const rule = { effect: 'add', kind: 'subject', issuer: 'https://id.acme.example', name: 'ada' } as const;
  let rows = rowsOf([{ ...rule, roles: ['support'], endsIn: 1_000 }]);
  const run = stepOver(() => rows);
  const ada = principalOf({ subject: 'ada', roles: ['customer'] });
  const first = run(ada);
  assert.equal(run(ada, NOW_MS + 999), first);
  assert.equal(run(ada, NOW_MS + 1_000).kind, 'abstain');
  rows = new Map(rows);
  assert.notEqual(run(ada), first, 'another version is judged anew');
  rows = rowsOf([{ ...rule, effect: 'deny' }]);
  assert.equal(told(run(ada)), 'access-denied denied');
  rows = new Map();
  assert.equal(run(ada).kind, 'abstain');
});

test('the caller stays who it is, and only its rights change', () => {
  const rows = rowsOf([
    { effect: 'add', kind: 'subject', issuer: 'https://id.acme.example', name: 'ada', roles: ['support'] },
  ]);
  const ada = principalOf({ subject: 'ada', roles: ['customer'], client: 'shop', tenant: 't1' });
  const verdict = stepOver(() => rows)(ada);
  assert.ok(verdict.kind === 'adjusted');
  const { roles: _r, permissions: _p, notes, ...same } = verdict.principal;
  const { roles: _or, permissions: _op, notes: own, ...was } = ada;
  assert.deepEqual(same, was);
  assert.notEqual(notes, own, 'what was noted of the one is not true of the other');
  assert.ok(Object.isFrozen(verdict.principal) && Object.isFrozen(verdict.principal.roles));
});

test('a table that was never filled refuses whoever has signed in', () => {
  const run = stepOver(() => {
    throw new Error('the table overlay was never filled');
  });
  assert.throws(() => run(principalOf({ subject: 'ada', roles: [] })), /never filled/);
  assert.equal(run(null).kind, 'abstain');
});

test('an operation that anybody may call has no step', () => {
  const named = (name: string) => ({ id: `orders/${name}`, api: 'orders', name }) as unknown as Operation;
  const issuers = { has: () => false, names: () => [] };
  const operations = [named('x'), named('open'), named('__proto__')];
  const at = { name: 'orders/overlay', api: 'orders', operations, roles: ROLES, issuers };
  const got = { table: () => () => assert.fail('not read') } as never;
  const compiled = createOverlayKind().compile({ signIn: true, operations: { open: false } }, at, got);
  assert.ok(compiled.ok);
  assert.deepEqual(
    operations.map(({ id }) => Object.keys(compiled.value.get(id) ?? {})),
    [['authenticate'], [], ['authenticate']],
  );
});
