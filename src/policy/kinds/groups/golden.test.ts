import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JwtClaims } from '../../../credential/index.ts';
import type { ClaimMapping } from '../../claims/config.ts';
import { principalOf } from '../../claims/principal-of.ts';
import { type Desk, EMPTY_DESK, type Told } from '../../desk.ts';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import { graphSource } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createGroupsKind } from './kind.ts';

/** What a token says, what the control side answers, and what becomes of the caller. */
interface Golden {
  readonly name: string;
  readonly claims: object;
  readonly answer: Told;
  readonly verdict: string;
}

const GRAPH = { clientId: 'app', secret: '${env:S}', url: 'https://graph.example', authority: 'https://login.example' };
const ROLES = createRoleTable(
  [
    { name: 'support', can: ['orders:refund'], includes: [] },
    { name: 'auditor', can: [], includes: [] },
  ],
  [],
);

function principalFrom(claims: object, overage: 'refuse' | typeof GRAPH = GRAPH): Principal {
  const groups = { path: ['groups'], map: { g1: ['support'], g2: ['auditor'] }, overage };
  const mapping: ClaimMapping = { roles: null, tenant: null, permissions: null, groups };
  const parsed = JSON.parse(JSON.stringify(claims)) as JwtClaims;
  const rules = { issuer: 'https://id.example', claims: mapping, scopes: 'narrow' } as const;
  const made = principalOf({ claims: parsed, issuer: rules.issuer, subject: 'ada', expiresAtMs: 1 }, rules, ROLES);
  return made.ok ? made.value : assert.fail(made.error);
}

/** Lists are whole answers, and stand for a while; all else is told as it is. */
function answered(answer: Told, nowMs: number): Told {
  return Array.isArray(answer) ? { groups: answer, untilMs: nowMs + 300_000 } : answer;
}

/** The step of an operation, beside a control side that answers so; what it was asked is noted. */
function bench(answer: () => Told) {
  const asked: Told[] = [];
  const clock = { nowMs: 0, now: () => clock.nowMs, monotonic: () => 0 };
  const desk: Desk = {
    ...EMPTY_DESK,
    ask: (_subject, question) => (asked.push(question), Promise.resolve(answered(answer(), clock.nowMs))),
  };
  const operation = { id: 'orders/x', api: 'orders', name: 'x' } as unknown as Operation;
  const issuers = { has: () => false, names: () => [] };
  const at = { name: 'orders/groups', api: 'orders', operations: [operation], roles: ROLES, issuers };
  const compiled = createGroupsKind({ desk, clock }).compile({ signIn: true, operations: {} }, at, {} as never);
  assert.ok(compiled.ok);
  const step = compiled.value.get('orders/x')?.authenticate ?? assert.fail('no step');
  const run = async (principal: Principal | null): Promise<AuthenticateVerdict> =>
    await step.run({ principal, startedAtMs: clock.nowMs } as unknown as Exchange);
  return { run, asked, clock };
}

function told(verdict: AuthenticateVerdict): string {
  if (verdict.kind === 'deny') return `${verdict.problem.code} ${verdict.rule ?? ''}`;
  return verdict.kind === 'adjusted' ? `adjusted ${verdict.principal.roles.join(' ')}` : verdict.kind;
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const { name, claims, answer, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}: ${verdict}`, async () => {
      assert.equal(told(await bench(() => answer).run(principalFrom(claims))), verdict);
    });
  }
}

const IDS = { tid: '11111111-2222-3333-4444-555555555555', oid: '66666666-7777-8888-9999-000000000000' };

test('without a word on it, callers whose groups are left out are refused, and nobody is asked', async () => {
  const { run, asked } = bench(() => ['g1']);
  const verdict = await run(principalFrom({ ...IDS, hasgroups: true }, 'refuse'));
  assert.equal(told(verdict), 'access-denied groups-overage');
  assert.equal(told(await run(null)), 'abstain');
  assert.deepEqual(asked, []);
});

test('an answer is gone by for five minutes, and one that failed is asked for again', async () => {
  let answer: Told = null;
  const { run, asked, clock } = bench(() => answer);
  const ada = principalFrom({ ...IDS, hasgroups: true });
  assert.equal((await run(ada)).kind, 'deny');
  answer = ['g1'];
  const first = await run(ada);
  assert.equal(told(first), 'adjusted support');
  clock.nowMs = 299_999;
  assert.equal(await run(ada), first);
  assert.equal(asked.length, 2);
  clock.nowMs = 300_000;
  answer = [];
  assert.equal(told(await run(ada)), 'adjusted ');
  assert.deepEqual(asked[0], { source: graphSource(GRAPH), tenant: IDS.tid, object: IDS.oid });
});

test('an answer that was kept elsewhere is gone by no longer than it holds', async () => {
  let answer: Told = { groups: ['g1'], untilMs: 1_000 };
  const { run, asked, clock } = bench(() => answer);
  const ada = principalFrom({ ...IDS, hasgroups: true });
  assert.equal(told(await run(ada)), 'adjusted support');
  clock.nowMs = 999;
  await run(ada);
  assert.equal(asked.length, 1);
  clock.nowMs = 1_000;
  answer = { groups: [], untilMs: Number.MAX_SAFE_INTEGER };
  assert.equal(told(await run(ada)), 'adjusted ');
  clock.nowMs += 300_000;
  await run(ada);
  assert.equal(asked.length, 3, 'five minutes at most');
});
