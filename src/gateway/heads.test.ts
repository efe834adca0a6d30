import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSTAIN, deny, PASS, type Step, type Steps, type Verdict } from '../policy/index.ts';
import {
  apiText,
  type Bench,
  codeOf,
  gatheredOf,
  kindOf,
  principalNamed,
  snapshotOf,
  startBench,
  step,
  until,
} from './fixture.test.ts';
import { makePlan } from './plan.ts';
import { rehearse } from './rehearse.ts';

/** A head that announces a body which never comes. */
const ANNOUNCED = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: text/plain\r\ncontent-length: 5000000\r\n\r\n';
const WHOLE = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok';

/** A step of `inspect` that reads the body, with a head that says what `verdict` gives. */
function reading(verdict: () => unknown, seen: string[] = [], release?: () => void): Steps {
  const made = step<'inspect'>(() => (seen.push('run'), PASS), {
    request: 'raw',
    ...(release === undefined ? {} : { release }),
  });
  return { inspect: { ...made, head: () => (seen.push('head'), verdict() as Verdict) } };
}

const headed = (made: Step<'inspect'>, head: () => Verdict): Step<'inspect'> => ({ ...made, head });

function observing(bench: Bench): void {
  const gathered = gatheredOf(apiText(bench.upstream.url, [...bench.kinds.keys()]), bench.kinds);
  const apis = gathered.config.apis.map((api) => ({
    ...api,
    policies: api.policies.map((use) => ({ ...use, mode: 'observe' as const })),
  }));
  const observed = { ...gathered, config: { ...gathered.config, apis } };
  assert.ok(bench.gateway.install(snapshotOf(observed, bench.kinds)));
}

test('a head that refuses does so before any of the body has come', async (t) => {
  const seen: string[] = [];
  const verdict = (): Verdict => deny({ code: 'invalid-parameters' }, 'query.a');
  const bench = await startBench(t, { kinds: [kindOf('p', reading(verdict, seen))] });
  const reply = await bench.client().send(ANNOUNCED).reply('POST');
  assert.deepEqual([reply.status, codeOf(reply)], [400, 'invalid-parameters']);
  assert.deepEqual(seen, ['head']);
  const [intent, completion] = bench.records;
  assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
  assert.deepEqual([intent.policy, intent.rule], ['a/p', 'query.a']);
  assert.equal(bench.upstream.connections, 0);
});

test('a head that lets pass is asked once, and then the step runs with the body', async (t) => {
  const seen: string[] = [];
  let released = 0;
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        reading(
          () => PASS,
          seen,
          () => released++,
        ),
      ),
    ],
  });
  assert.equal((await bench.ask(WHOLE)).status, 200);
  assert.deepEqual([seen, released], [['head', 'run'], 1]);
});

test('all heads come before the first step that reads the body', async (t) => {
  const seen: string[] = [];
  const note = (name: string): Verdict => (seen.push(name), PASS);
  const looking = (name: string, request: 'raw' | 'none') => step<'inspect'>(() => note(name), { request });
  const first: Steps = { limit: step(() => note('limit')), inspect: looking('one', 'raw') };
  const second: Steps = {
    inspect: headed(looking('two', 'raw'), () => note('two head')),
    decide: headed(looking('three', 'none'), () => note('three head')) as Step<'decide'>,
  };
  const bench = await startBench(t, { kinds: [kindOf('p', first), kindOf('q', second)] });
  assert.equal((await bench.ask(WHOLE)).status, 200);
  assert.deepEqual(seen, ['limit', 'two head', 'three head', 'one', 'two', 'three']);
});

test('a head that throws, or says what its stage may not, is a fault', async (t) => {
  let verdict: () => unknown = () => {
    throw new Error('hush');
  };
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        reading(() => verdict()),
      ),
    ],
  });
  const ask = async (): Promise<unknown> => codeOf(await bench.client().send(ANNOUNCED).reply('POST'));
  assert.equal(await ask(), 'gateway-fault');
  for (const wrong of [ABSTAIN, { kind: 'identified', principal: principalNamed('ada') }, undefined, { kind: 'yes' }]) {
    verdict = () => wrong;
    assert.equal(await ask(), 'gateway-fault');
  }
  assert.equal(bench.alerts.length, 5);
});

test('a head may answer by itself, or make the request wait', async (t) => {
  let verdict: unknown = { kind: 'reply', response: { status: 203, headers: [], body: 'own' } };
  const seen: string[] = [];
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        reading(() => verdict, seen),
      ),
    ],
  });
  assert.equal((await bench.client().send(ANNOUNCED).reply('POST')).status, 203);
  verdict = { kind: 'wait', untilMs: bench.clock.monotonic() + 1_000 };
  const client = bench.client().send(WHOLE);
  await until(() => seen.length === 2);
  bench.clock.pass(1_000);
  assert.equal((await client.reply('POST')).status, 200);
  assert.deepEqual(seen, ['head', 'head', 'run']);
});

test('a head of a policy that observes is noted, and the request goes on', async (t) => {
  const seen: string[] = [];
  const verdict = (): Verdict => deny({ code: 'invalid-parameters' }, 'query.a');
  const bench = await startBench(t, { kinds: [kindOf('p', reading(verdict, seen))] });
  observing(bench);
  assert.equal((await bench.ask(WHOLE)).status, 200);
  assert.deepEqual(seen, ['head', 'run']);
  const intent = bench.records.find(({ kind }) => kind === 'intent');
  assert.ok(intent?.kind === 'intent');
  assert.deepEqual([intent.verdict, intent.problem, intent.rule], ['observed', 'invalid-parameters', 'query.a']);
});

test('a rehearsal tells what the head met, and what was asked of the body', async (t) => {
  let verdict: Verdict = PASS;
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        reading(() => verdict),
      ),
    ],
  });
  const snapshot = snapshotOf(gatheredOf(apiText(bench.upstream.url, ['p']), bench.kinds), bench.kinds);
  const question = {
    method: 'POST',
    target: '/x',
    host: 'x.example',
    headers: [],
    body: Buffer.from('ok'),
    caller: { kind: 'anonymous' },
  } as const;
  const trail = async (): Promise<readonly string[]> =>
    (await rehearse(snapshot, question, bench.clock)).trail.map(
      (said) => `${said.stage} ${said.head ? 'head' : 'whole'} ${said.verdict}`,
    );
  assert.deepEqual(await trail(), ['inspect head pass', 'inspect whole pass']);
  verdict = deny({ code: 'invalid-parameters' });
  assert.deepEqual(await trail(), ['inspect head deny']);
});

test('behind the upstream there is no head to judge', () => {
  for (const stage of ['respond', 'record']) {
    const steps = { [stage]: { ...step<'admit'>(() => PASS), head: () => PASS } } as Steps;
    const plan = makePlan('a/op', [{ policy: 'p', path: 'p', steps, observed: false }], false);
    assert.match(plan.ok ? '' : (plan.error[0]?.message ?? ''), /judges the head in/, stage);
  }
});
