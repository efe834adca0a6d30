import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemStatus } from '../../../base/index.ts';
import type { Exchange } from '../../exchange.ts';
import { stepsOf } from '../../exchange-fixture.test.ts';
import type { Principal } from '../../principal.ts';
import { type StepUp, type StepUpOffer, stepUpOffer } from '../../step-up.ts';
import type { Verdict } from '../../verdict.ts';
import type { AssuranceConfig, AssuranceRules } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { createAssuranceKind } from './kind.ts';

/** What is asked, who calls, and what becomes of it. Ages are seconds. */
interface Golden {
  readonly name: string;
  readonly rules: {
    readonly acr?: readonly string[];
    readonly amr?: readonly string[];
    readonly maxAge?: number;
    readonly proof?: AssuranceRules['proof'];
  };
  readonly caller: {
    readonly kind?: Principal['kind'];
    readonly acr?: string;
    readonly amr?: readonly string[];
    readonly age?: number;
    readonly skew?: number;
    readonly bound?: readonly ('key' | 'certificate')[];
  } | null;
  readonly verdict: string;
}

const NOW_MS = Date.UTC(2026, 5, 1, 12);

function rulesOf({ acr = [], amr = [], maxAge, proof = null }: Golden['rules']): AssuranceRules {
  return { acr, amr, maxAgeMs: maxAge === undefined ? null : maxAge * 1_000, proof };
}

function principalOf(caller: NonNullable<Golden['caller']>): Principal {
  const { kind = 'user', acr = null, amr = [], age, skew, bound } = caller;
  const authTimeMs = age === undefined ? null : NOW_MS - age * 1_000;
  const to = (name: 'key' | 'certificate') => (bound?.includes(name) === true ? 't' : null);
  const confirmation = bound === undefined ? null : { key: to('key'), certificate: to('certificate') };
  return {
    kind,
    assurance: { acr, amr, authTimeMs, ...(skew === undefined ? {} : { skewMs: skew * 1_000 }) },
    confirmation,
  } as unknown as Principal;
}

function run(config: AssuranceConfig, caller: Golden['caller'], answer: StepUpOffer['answer'] = null): Verdict {
  const { authorize } = stepsOf(createAssuranceKind(), config, '/orders');
  const slot = (asked: unknown): unknown => (asked === stepUpOffer ? { answer } : assert.fail('another slot'));
  const principal = caller === null ? null : principalOf(caller);
  const exchange = { principal, startedAtMs: NOW_MS, slot } as unknown as Exchange;
  return (authorize?.run(exchange) ?? { kind: 'pass' }) as Verdict;
}

function told(verdict: Verdict): string {
  if (verdict.kind !== 'deny') return verdict.kind;
  const { code, headers = [] } = verdict.problem;
  const challenge = headers.map(([name, value]) => (name === 'www-authenticate' ? value : `${name} ${value}`)).join();
  const what = verdict.rule === undefined ? code : `${code} ${verdict.rule}`;
  return `${problemStatus(code)} ${what}: ${challenge.replace('realm="users"', 'realm="orders"')}`;
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const { name, rules, caller, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}: ${verdict}`, () =>
      assert.equal(told(run({ api: rulesOf(rules), operations: {} }, caller)), verdict));
  }
}

test('an operation asks what it says itself, in the place of its API, and one that is freed asks nothing', () => {
  const api = rulesOf({ acr: ['gold'] });
  const own = (rules: AssuranceRules | null): AssuranceConfig => ({ api, operations: { 'GET /orders': rules } });
  assert.equal(run(own(rulesOf({ amr: ['otp'] })), { amr: ['otp'] }).kind, 'pass');
  assert.equal(run(own(rulesOf({ amr: ['otp'] })), { acr: 'gold' }).kind, 'deny');
  assert.equal(run(own(null), {}).kind, 'pass');
  assert.equal(run({ api: null, operations: {} }, {}).kind, 'pass');
  // Names of operations are their authors' own.
  assert.equal(run({ api, operations: {} }, {}).kind, 'deny');
});

test('whoever can be sent to sign in is, with what is wanted, and is refused where that is of no use', () => {
  const response = { status: 303, headers: [], body: '' };
  const wants: StepUp[] = [];
  const answer = (_exchange: Exchange, wanted: StepUp) => (wants.push(wanted), response);
  const config = { api: rulesOf({ acr: ['gold', 'silver'], maxAge: 90, proof: 'mtls' }), operations: {} };
  assert.deepEqual(run(config, {}, answer), { kind: 'reply', response, rule: 'acr' });
  assert.deepEqual(wants, [{ acrValues: ['gold', 'silver'], maxAgeS: 90 }]);
  assert.equal(run(config, {}, () => null).kind, 'deny');
  // No sign-in binds a session to a key.
  assert.match(told(run(config, { acr: 'gold', age: 1 }, answer)), /credential-unbound/);
  assert.equal(run(config, null, answer).kind, 'deny');
});
