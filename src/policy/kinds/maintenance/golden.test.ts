import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruled, stepsOf } from '../../exchange-fixture.test.ts';
import type { MaintenanceRules } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import closed from './golden/closed.json' with { type: 'json' };
import { createMaintenanceKind } from './kind.ts';

/** What is closed, who comes, and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly api: MaintenanceRules | null;
  readonly address: string;
  readonly roles: readonly string[] | null;
  readonly verdict: string;
}

for (const [file, list] of Object.entries({ closed, bypass })) {
  for (const { name, api, address, roles, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const steps = stepsOf(createMaintenanceKind(), { api, operations: {} }, '/u');
      const caller = roles === null ? null : { subject: 'ada', roles };
      assert.equal(ruled(steps, { address, caller }), verdict);
    });
  }
}

const RULES: MaintenanceRules = { message: null, retryAfterMs: 1_000, roles: [], addresses: [] };

test('an operation has its own word: another maintenance, or none', () => {
  const kind = createMaintenanceKind();
  const own = { ...RULES, retryAfterMs: 9_000 };
  assert.equal(
    ruled(stepsOf(kind, { api: RULES, operations: { 'GET /u': own } }, '/u'), {}),
    'under-maintenance retry-after 9',
  );
  assert.deepEqual(stepsOf(kind, { api: RULES, operations: { 'GET /u': 'off' } }, '/u'), {});
  assert.deepEqual(stepsOf(kind, { api: null, operations: { 'GET /other': RULES } }, '/u'), {});
  assert.equal(
    ruled(stepsOf(kind, { api: RULES, operations: {} }, '/constructor'), {}),
    'under-maintenance retry-after 1',
  );
});

test('strangers are told at once, and only where roles may pass callers sign in first', () => {
  const kind = createMaintenanceKind();
  assert.deepEqual(Object.keys(stepsOf(kind, { api: RULES, operations: {} }, '/u')), ['admit']);
  const roles = { ...RULES, roles: ['tester'] };
  const steps = stepsOf(kind, { api: roles, operations: {} }, '/u');
  assert.deepEqual(Object.keys(steps), ['authorize']);
  assert.equal(steps.authorize?.standing, false, 'streams that stand are not judged by it again');
});
