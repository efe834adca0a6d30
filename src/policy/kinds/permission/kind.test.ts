import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bitset } from '../../../base/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable, type RoleGrants } from '../../role-table.ts';
import type { Verdict } from '../../verdict.ts';
import type { PermissionConfig } from './config.ts';
import { createPermissionKind } from './kind.ts';

const ROLES: readonly RoleGrants[] = [
  { name: 'customer', can: ['orders:read', 'orders:create'], includes: [] },
  { name: 'support', can: ['orders:refund'], includes: ['customer'] },
];
const PERMISSIONS = ['orders:read', 'orders:create', 'orders:refund', 'orders:delete'];
const TABLE = createRoleTable(ROLES, PERMISSIONS);
const SILENT: PermissionConfig = { operations: {}, open: [], closed: [], openByDefault: false };

type Security = readonly (readonly (readonly string[])[])[] | null;

/** An operation with the scopes of each scheme of each alternative; null for a route, which has no description. */
function operationOf(security: Security, name = 'refundOrder'): Operation {
  const alternatives = security?.map((schemes) => schemes.map((scopes, at) => ({ scheme: `s${at}`, scopes }))) ?? null;
  const described = { security: alternatives } as unknown as NonNullable<Operation['described']>;
  return { id: `orders/${name}`, api: 'orders', name, method: 'POST', template: '/', deprecated: false, described };
}

function stepsOf(operation: Operation, config: Partial<PermissionConfig> = {}): Steps {
  const at = {
    name: 'orders/permission',
    api: 'orders',
    operations: [operation],
    roles: TABLE,
    issuers: { has: () => false, names: () => [] },
  };
  const compiled = createPermissionKind().compile({ ...SILENT, ...config }, at, {} as never);
  assert.ok(compiled.ok);
  return compiled.value.get(operation.id) ?? assert.fail('no steps');
}

/** What becomes of a caller with these permissions; null of one that nobody knows. */
function judge(steps: Steps, permissions: Bitset | null): Verdict {
  const principal = permissions === null ? null : { permissions };
  const verdict = steps.authorize?.run({ principal } as unknown as Exchange) ?? { kind: 'pass' };
  assert.ok(!(verdict instanceof Promise));
  return verdict;
}

const judgeRole = (steps: Steps, ...roles: readonly string[]): string => judge(steps, TABLE.permissionsOf(roles)).kind;

test('a caller passes whose role grants what the operation needs, also through a role it includes', () => {
  const steps = stepsOf(operationOf(null), { operations: { refundOrder: ['orders:refund', 'orders:read'] } });
  assert.equal(judgeRole(steps, 'support'), 'pass');
  assert.equal(judgeRole(steps, 'customer'), 'deny');
  assert.equal(judgeRole(steps), 'deny');
});

test('a refusal is 403 insufficient_scope, with a rule for the record and no word of it for the client', () => {
  const steps = stepsOf(operationOf(null), { operations: { refundOrder: ['orders:refund'] } });
  assert.deepEqual(judge(steps, TABLE.permissionsOf(['customer'])), {
    kind: 'deny',
    problem: {
      code: 'forbidden',
      headers: [['www-authenticate', 'Bearer realm="orders", error="insufficient_scope"']],
    },
    rule: 'needs orders:refund',
  });
});

test('a caller that nobody knows is refused as such, whatever was forgotten before', () => {
  const verdict = judge(stepsOf(operationOf([[['orders:read']]])), null);
  const headers = [['www-authenticate', 'Bearer realm="orders"']];
  assert.deepEqual(verdict.kind === 'deny' && verdict.problem, { code: 'unauthenticated', headers });
});

test('of the security of a description one alternative is enough, and of that one the scopes of all schemes', () => {
  const steps = stepsOf(operationOf([[['orders:delete']], [['orders:read'], ['orders:refund']]]));
  assert.equal(judgeRole(steps, 'support'), 'pass');
  assert.equal(judgeRole(steps, 'customer'), 'deny');
  const verdict = judge(steps, TABLE.permissionsOf([]));
  assert.equal(verdict.kind === 'deny' && verdict.rule, 'needs orders:delete or orders:read and orders:refund');
});

test('`needs` takes the place of what the description says, also where it asks for less', () => {
  const steps = stepsOf(operationOf([[['orders:delete']]]), { operations: { refundOrder: ['orders:read'] } });
  assert.equal(judgeRole(steps, 'customer'), 'pass');
});

test('an operation without scopes needs no permission, and gets no step that could let anybody in', () => {
  for (const security of [null, [], [[]], [[[]]], [[['orders:read']], []], [[['orders:read']], [[]]]] as const) {
    assert.deepEqual(Object.keys(stepsOf(operationOf(security))), [], JSON.stringify(security));
  }
});

test('only operations that anybody may call go without their permission', () => {
  const operation = operationOf([[['orders:delete']]]);
  const has = (config: Partial<PermissionConfig>): boolean => stepsOf(operation, config).authorize !== undefined;
  assert.equal(has({}), true);
  assert.equal(has({ open: ['other'] }), true);
  assert.equal(has({ open: ['refundOrder'] }), false);
  assert.equal(has({ openByDefault: true }), false);
  assert.equal(has({ openByDefault: true, closed: ['refundOrder'] }), true);
  assert.equal(has({ open: ['refundOrder'], closed: ['refundOrder'] }), true);
});

test('what a body names needs its permission by whatever route it is asked for', () => {
  const operation = { ...operationOf([[['orders:delete']]]), inBody: true };
  for (const config of [{ openByDefault: true }, { open: ['refundOrder'] }]) {
    assert.ok(stepsOf(operation, config).authorize !== undefined, JSON.stringify(config));
  }
});

test('names of Object.prototype are operations like any other', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.deepEqual(Object.keys(stepsOf(operationOf(null, name))), [], name);
    const operations = Object.fromEntries([[name, ['orders:delete']]]);
    assert.equal(judgeRole(stepsOf(operationOf(null, name), { operations }), 'support'), 'deny', name);
  }
});

test('a permission that has no number is a fault, for left out it would be asked of nobody', () => {
  assert.throws(() => stepsOf(operationOf([[['orders:unheard']]])), /orders:unheard has no number/);
});

test('over all roles, scopes and needs the verdict is that of the plain rule', () => {
  const scopes = fc.option(fc.subarray([...PERMISSIONS, 'openid']), { nil: null });
  const security = fc.option(fc.array(fc.array(fc.subarray(PERMISSIONS), { maxLength: 2 }), { maxLength: 3 }), {
    nil: null,
  });
  const needs = fc.option(fc.subarray(PERMISSIONS, { minLength: 1 }), { nil: null });
  const grants: Readonly<Record<string, readonly string[]>> = {
    customer: ['orders:read', 'orders:create'],
    support: ['orders:read', 'orders:create', 'orders:refund'],
    stranger: [],
    ['__proto__']: [],
  };
  const roles = fc.subarray(['customer', 'support', 'stranger', '__proto__']);
  fc.assert(
    fc.property(roles, scopes, security, needs, (held, narrowed, described, said) => {
      const all = TABLE.permissionsOf(held);
      const permissions = narrowed === null ? all : all.intersect(TABLE.named(narrowed));
      const steps = stepsOf(operationOf(described), { operations: said === null ? {} : { refundOrder: said } });

      const can = new Set(held.flatMap((role) => (Object.hasOwn(grants, role) ? (grants[role] ?? []) : [])));
      const may = (name: string): boolean => can.has(name) && (narrowed === null || narrowed.includes(name));
      const alternatives = said === null ? (described ?? []).map((schemes) => schemes.flat()) : [said];
      const passes = alternatives.length === 0 || alternatives.some((each) => each.every(may));
      assert.equal(judge(steps, permissions).kind, passes ? 'pass' : 'deny');
    }),
    { numRuns: 500 },
  );
});

test('what one caller may do is never taken for what another one may, in whatever order they come', () => {
  const steps = stepsOf(operationOf(null), { operations: { refundOrder: ['orders:refund'] } });
  const roles = fc.constantFrom<readonly string[]>([], ['customer'], ['support'], ['customer', 'support'], ['nobody']);
  fc.assert(
    fc.property(fc.array(fc.option(roles), { maxLength: 20 }), (callers) => {
      for (const held of callers) {
        const verdict = judge(steps, held === null ? null : TABLE.permissionsOf(held));
        assert.equal(verdict.kind, held?.includes('support') === true ? 'pass' : 'deny');
      }
    }),
  );
});

test('a set of permissions that passes one operation says nothing of another one, nor of one compiled anew', () => {
  const held = TABLE.permissionsOf(['customer']);
  const passes = stepsOf(operationOf(null), { operations: { refundOrder: ['orders:read'] } });
  const refuses = stepsOf(operationOf(null), { operations: { refundOrder: ['orders:refund'] } });
  for (let n = 0; n < 3; n++) {
    assert.equal(judge(passes, held).kind, 'pass');
    assert.equal(judge(refuses, held).kind, 'deny');
  }
});
