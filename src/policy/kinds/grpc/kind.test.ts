import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createGrpcKind } from './kind.ts';

/** One head and what becomes of it. `protocol` is what TLS agreed to; `plain` is no TLS at all. */
interface Golden {
  readonly name: string;
  readonly protocol: string | null;
  readonly query?: string;
  readonly headers: readonly (readonly string[])[];
  readonly verdict: unknown;
}

// The readers are the codec's, and tested there; these are as strict as those in what the files ask of them.
const kind = createGrpcKind({
  isGrpcType: (type) => type !== null && /^application\/grpc(\+proto|\+json)?$/.test(type),
  readTimeout: (text) => (/^[0-9]{1,8}[HMSmun]$/.test(text) ? 1 : null),
});

function operation(name: string, grpc: boolean): Operation {
  return { id: `a/${name}`, described: grpc ? { grpc: 'neither' } : null } as unknown as Operation;
}

const steps = kind.compile(
  {},
  { operations: [operation('call', true), operation('other', false)] } as unknown as CompileAt,
  {} as Sources,
);

function judged({ protocol, query, headers }: Golden): unknown {
  assert.ok(steps.ok);
  const step = steps.value.get('a/call')?.admit;
  const all = (name: string): readonly string[] =>
    headers.flatMap(([own, value]) => (own === name ? [value ?? ''] : []));
  const get = (name: string): string | null => (all(name).length === 0 ? null : all(name).join(', '));
  const tls = protocol === 'plain' ? null : { applicationProtocol: protocol };
  const request = { query: query ?? null, headers: { all, get }, peer: { tls } };
  const verdict = step?.run({ request } as unknown as Exchange) as Verdict;
  return verdict.kind === 'deny' ? { kind: 'deny', code: verdict.problem.code, rule: verdict.rule } : verdict;
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][])
  for (const golden of list) test(`${file}: ${golden.name}`, () => assert.deepEqual(judged(golden), golden.verdict));

test('an operation that is no method of gRPC gets no step', () => {
  assert.ok(steps.ok);
  assert.deepEqual(steps.value.get('a/other'), {});
});
