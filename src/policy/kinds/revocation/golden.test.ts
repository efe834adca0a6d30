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
  /** The field Authorization; nothing where it is left out. */
  readonly field?: string;
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
    ask: (principal: Principal | null, field: string | null = null): string => {
      const request = { headers: { get: () => field } };
      const verdict = step?.run({ principal, operation, request } as unknown as Exchange) ?? { kind: 'pass' };
      assert.ok(!(verdict instanceof Promise));
      return wordsOf(verdict);
    },
  };
}

function wordsOf(verdict: AuthenticateVerdict): string {
  return verdict.kind === 'deny' ? `${verdict.problem.code} ${verdict.rule ?? ''}` : verdict.kind;
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const { name, revoked, caller, field, verdict } of list as unknown as readonly Golden[]) {
    test(`${file}: ${name}: ${verdict}`, () => {
      const { fill, ask } = startStep();
      if (revoked !== null) fill(revoked);
      const principal = caller === null ? null : principalOf(caller);
      assert.equal(ask(principal, field), verdict);
      assert.equal(ask(principal, field), verdict, 'the second time');
    });
  }
}

test('a session is as old as it is by our clock, whatever its issuer says of it later', () => {
  const { fill, ask } = startStep();
  const refreshed = principalOf({ iat: 9_000, startedAtMs: 1_000_000 });
  const behind = principalOf({ iat: 900, startedAtMs: 1_000_001 });
  for (const what of ['subject', 'client'] as const) {
    fill([[what, 'https://id.example', what === 'client' ? 'app' : 'ada', 1_000_000]]);
    assert.equal(ask(refreshed), `invalid-token revoked-${what}`);
    assert.equal(ask(behind), 'pass');
  }
});

test('a logout that an issuer told of reaches its tokens up to then, and no session of ours', () => {
  const { fill, ask } = startStep();
  fill([['logout', 'https://id.example', 'ada', 1_000_000]]);
  assert.equal(ask(principalOf({})), 'invalid-token revoked-logout');
  assert.equal(ask(principalOf({ iat: null })), 'invalid-token revoked-logout');
  assert.equal(ask(principalOf({ iat: 1_001 })), 'pass');
  assert.equal(ask(principalOf({ subject: 'eve' })), 'pass');
  assert.equal(ask(principalOf({ startedAtMs: 1 })), 'pass');
  const mapped = { ...principalOf({ subject: 'tenant|ada' }), claims: { sub: 'ada', iat: 1_000 } };
  assert.equal(ask(mapped), 'invalid-token revoked-logout', 'whatever claims make of the name');
  fill([['logout-session', 'https://id.example', 's1', null]]);
  assert.equal(ask(principalOf({ iat: 9_000 })), 'invalid-token revoked-logout-session');
  assert.equal(ask(principalOf({ sessionId: 's2' })), 'pass');
  assert.equal(ask(principalOf({ startedAtMs: 1 })), 'pass', 'who signed in here again within it is not meant');
  fill([['session', 'https://id.example', 's1', null]]);
  assert.equal(ask(principalOf({ iat: 9_000 })), 'invalid-token revoked-session');
  assert.equal(ask(principalOf({ iat: 9_000, startedAtMs: 9_000_000 })), 'invalid-token revoked-session');
});

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
