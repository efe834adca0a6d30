import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable } from '../../role-table.ts';
import type { PermissionConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createPermissionKind } from './kind.ts';

/** Who calls: roles, and the scopes of the token, null where it has none. */
interface Caller {
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | null;
}

interface Golden {
  readonly name: string;
  readonly operation: string;
  readonly caller: Caller | null;
  readonly verdict: string;
}

const CONFIG: PermissionConfig = {
  operations: { refundOrder: ['orders:refund'], ['__proto__']: ['orders:refund'] },
  open: ['health'],
  closed: [],
  openByDefault: false,
};

/** What the description asks for: scopes of schemes of alternatives. */
const SECURITY: Readonly<Record<string, readonly (readonly (readonly string[])[])[]>> = {
  getOrder: [[['orders:read']]],
  shipOrder: [[['orders:ship'], ['stock:take']], [['orders:admin']]],
  listShops: [],
  refundOrder: [[['orders:read']]],
  health: [[['orders:admin']]],
  ['__proto__']: [[['orders:read']]],
};

const ROLES = [
  { name: 'customer', can: ['orders:read'], includes: [] },
  { name: 'support', can: ['orders:refund'], includes: ['customer'] },
  { name: 'warehouse', can: ['orders:ship'], includes: [] },
  { name: 'picker', can: ['stock:take'], includes: [] },
];

function verdictOf({ operation: name, caller }: Golden): string {
  const security = (Object.hasOwn(SECURITY, name) ? (SECURITY[name] ?? []) : []).map((schemes) =>
    schemes.map((scopes, at) => ({ scheme: `s${at}`, scopes })),
  );
  const described = { security } as unknown as NonNullable<Operation['described']>;
  const operation = { id: `orders/${name}`, api: 'orders', name, described } as Operation;
  const roles = createRoleTable(ROLES, ['orders:admin', 'orders:refund']);
  const issuers = { has: () => false, names: () => [] };
  const at = { name: 'orders/permission', api: 'orders', operations: [operation], roles, issuers };
  const compiled = createPermissionKind().compile(CONFIG, at, {} as never);
  assert.ok(compiled.ok);
  const held = caller === null ? null : roles.permissionsOf(caller.roles);
  const permissions = caller?.scopes ? held?.intersect(roles.named(caller.scopes)) : held;
  const principal = caller === null ? null : { permissions };
  const step = compiled.value.get(operation.id)?.authorize;
  const verdict = step?.run({ principal } as unknown as Exchange) ?? { kind: 'pass' };
  assert.ok(!(verdict instanceof Promise));
  if (verdict.kind !== 'deny') return verdict.kind;
  return [verdict.problem.code, verdict.rule].filter((word) => word !== undefined).join(' ');
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, () => {
      assert.equal(verdictOf(golden), golden.verdict);
    });
  }
}
