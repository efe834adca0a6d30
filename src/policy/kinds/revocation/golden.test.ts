import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange.ts';
import { Notes } from '../../notes.ts';
import type { Operation } from '../../operation.ts';
import type { Principal } from '../../principal.ts';
import { type Revocable, revocationKey, type RevocationRow } from '../../revocations.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createRevocationKind } from './kind.ts';

type Row = readonly [what: Revocable, issuer: string, value: string, before: number | null];

interface Golden {
  readonly name: string;
  /** Null where the table was never filled. */
  readonly revoked: readonly Row[] | null;
  /** What differs from Ada; null for nobody. */
  readonly caller: (Partial<Principal> & { readonly iat?: unknown }) | null;
  readonly verdict: string;
}

function principalOf({ iat = 1_000, ...more }: NonNullable<Golden['caller']>): Principal {
  const ids = { subject: 'ada', clientId: 'app', credentialId: 'j1', sessionId: 's1' };
  const claims = iat === null ? {} : { iat };
  return { kind: 'user', issuer: 'https://id.example', ...ids, claims, notes: new Notes(), ...more } as Principal;
}

/** The steps of an API, and how its table is filled. */
function startStep(config = { api: true, operations: {} }, name = 'getOrder') {
  let table: { rows: ReadonlyMap<string, RevocationRow>; filledAtMs: number | null } = {
    rows: new Map(),
    filledAtMs: null,
  };
  const operation = { id: `orders/${name}`, api: 'orders', name } as Operation;
  const got = { table: () => () => table };
  const compiled = createRevocationKind().compile(
    config,
    { api: 'orders', operations: [operation] } as never,
    got as never,
  );
  assert.ok(compiled.ok);
  const step = compiled.value.get(operation.id)?.authenticate;
  return {
    step,
    fill: (rows: readonly Row[]) => {
      const keyed = rows.map(
        ([what, issuer, value, before]) => [revocationKey(what, issuer, value), { before }] as const,
      );
      table = { rows: new Map(keyed), filledAtMs: 1 };
    },
    ask: (principal: Principal | null): string => {
      const verdict = step?.run({ principal, operation } as unknown as Exchange) ?? { kind: 'pass' };
      assert.ok(!(verdict instanceof Promise));
      return wordsOf(verdict);
    },
  };
}

function wordsOf(verdict: AuthenticateVerdict): string {
  return verdict.kind === 'deny' ? `${verdict.problem.code} ${verdict.rule ?? ''}` : verdict.kind;
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const { name, revoked, caller, verdict } of list as unknown as readonly Golden[]) {
    test(`${file}: ${name}: ${verdict}`, () => {
      const { fill, ask } = startStep();
      if (revoked !== null) fill(revoked);
      const principal = caller === null ? null : principalOf(caller);
      assert.equal(ask(principal), verdict);
      assert.equal(ask(principal), verdict, 'the second time');
    });
  }
}

test('what was said of a caller lasts as long as the table', () => {
  const { fill, ask } = startStep();
  const ada = principalOf({});
  fill([['subject', 'https://id.example', 'eve', null]]);
  assert.equal(ask(ada), 'pass');
  fill([['subject', 'https://id.example', 'ada', null]]);
  assert.equal(ask(ada), 'invalid-token revoked-subject');
  fill([['subject', 'https://id.example', 'eve', null]]);
  assert.equal(ask(ada), 'pass', 'it was lifted');
  fill([]);
  assert.equal(ask(ada), 'pass');
});

test('an operation that anybody may call has no step, and one that says otherwise has what it says', () => {
  const config = { api: true, operations: { open: false } };
  assert.equal(startStep(config, 'open').step, undefined);
  assert.notEqual(startStep(config, 'other').step, undefined);
  assert.notEqual(startStep({ api: false, operations: { own: true } } as never, 'own').step, undefined);
  assert.equal(startStep({ api: false, operations: {} }, 'other').step, undefined);
});
