import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../base/index.ts';
import type { Exchange } from '../../exchange.ts';
import { issuesOf, stepsOf } from '../../exchange-fixture.test.ts';
import type { AuthenticateVerdict, Verdict } from '../../verdict.ts';
import type { CallersConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import calls from './golden/calls.json' with { type: 'json' };
import { createCallersKind } from './kind.ts';

/** Whom a third party is open to, what is shown, and what becomes of it: a caller, or a code. */
interface Golden {
  readonly name: string;
  readonly from: readonly string[] | null;
  readonly keys: readonly string[];
  readonly verdict: string;
}

const KEYS: Readonly<Record<string, string>> = {
  '${env:ORDERS}': 'orders-key-0123456789\n',
  '${env:BILLING}': 'billing-key-0123456789',
};

function secretsOf(keys: Readonly<Record<string, string>>) {
  return { secret: (reference: string) => new Secret(Buffer.from(keys[reference] ?? assert.fail(reference))) };
}

function configOf(from: CallersConfig['from']): CallersConfig {
  const callers = [
    { name: 'orders', key: '${env:ORDERS}' },
    { name: 'billing', key: '${env:BILLING}' },
  ];
  return { callers, from };
}

function outcome({ from, keys }: Golden): string {
  const { authenticate, authorize } = stepsOf(createCallersKind(), configOf(from), '/u', secretsOf(KEYS));
  const request = { headers: { all: (name: string) => (name === 'x-portcullis-key' ? keys : []) } };
  const exchange = { request, operation: { api: 'users' }, principal: null } as unknown as Exchange;
  const verdict = authenticate?.run(exchange) as AuthenticateVerdict;
  if (verdict.kind !== 'identified') return verdict.kind === 'deny' ? verdict.problem.code : verdict.kind;
  const judged = authorize?.run({ ...exchange, principal: verdict.principal }) as Verdict | undefined;
  return judged?.kind === 'deny' ? judged.problem.code : verdict.principal.subject;
}

for (const [file, list] of Object.entries({ calls, bypass })) {
  for (const golden of list as readonly Golden[])
    test(`${file}: ${golden.name}`, () => assert.equal(outcome(golden), golden.verdict));
}

test('keys that are too short, that two share, or that no field can hold are refused', () => {
  const tried = (orders: string): string => {
    const keys = secretsOf({ ...KEYS, '${env:ORDERS}': orders });
    return issuesOf(createCallersKind(), configOf(null), '/u', keys);
  };
  assert.match(tried('short'), /the key of orders has less than 16 characters/);
  assert.match(tried('billing-key-0123456789'), /billing has the same key as orders/);
  assert.match(tried('orders key 0123456789'), /other characters than a header field can hold/);
});
