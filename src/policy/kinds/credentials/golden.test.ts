import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import type { Carriers, CredentialsConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createCredentialsKind } from './kind.ts';

interface Golden {
  readonly name: string;
  readonly operation: string;
  readonly query: string | null;
  readonly headers: readonly (readonly string[])[];
  readonly verdict: string;
}

const ALL: Carriers = { authorization: true, fields: ['x-api-key'], cookies: ['__Host-s'], query: 'refuse' };
const CONFIG: CredentialsConfig = {
  api: ALL,
  operations: {
    lenient: { ...ALL, query: 'pass' },
    open: { authorization: false, fields: [], cookies: [], query: 'refuse' },
  },
};

function verdictOf({ operation: name, query, headers }: Golden): string {
  const operation = { id: `orders/${name}`, api: 'orders', name } as Operation;
  const compiled = createCredentialsKind().compile(CONFIG, { operations: [operation] } as never, {} as never);
  assert.ok(compiled.ok);
  const get = (field: string): string | null => headers.find(([one]) => one === field)?.[1] ?? null;
  const all = (field: string): readonly string[] =>
    headers.flatMap(([one, value]) => (one === field && value !== undefined ? [value] : []));
  const exchange = { operation, request: { query, headers: { get, all } } } as unknown as Exchange;
  const verdict = compiled.value.get(operation.id)?.authenticate?.run(exchange) ?? { kind: 'pass' };
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

test('where one place alone is looked at, and queries may bear tokens, there is no step', () => {
  const operation = { id: 'orders/x', api: 'orders', name: 'x' } as Operation;
  const api: Carriers = { authorization: true, fields: [], cookies: [], query: 'pass' };
  const compiled = createCredentialsKind().compile(
    { api, operations: {} },
    { operations: [operation] } as never,
    {} as never,
  );
  assert.ok(compiled.ok);
  assert.deepEqual(compiled.value.get(operation.id), {});
});
