import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASS, REQUEST_STAGES, type Steps } from '../policy/index.ts';
import { step, valueOf } from './fixture.test.ts';
import { makePlan, type PolicySteps } from './plan.ts';

const policy = (name: string, steps: Steps): PolicySteps => ({
  policy: name,
  path: `apis.a.policies.${name}`,
  steps,
  observed: false,
});

function issuesOf(steps: Steps): readonly string[] {
  const plan = makePlan('a/op', [policy('p', steps)], false);
  return plan.ok ? [] : plan.error.map((issue) => `${issue.path}: ${issue.message}`);
}

test('steps stand in the order of the stages, and within a stage in that of the policies', () => {
  const all: Steps = Object.fromEntries(REQUEST_STAGES.toReversed().map((stage) => [stage, step(() => PASS)]));
  const plan = valueOf(makePlan('a/op', [policy('one', all), policy('two', all)], true));
  assert.deepEqual(
    plan.request.map(({ stage, policy: name }) => `${stage} ${name}`),
    REQUEST_STAGES.flatMap((stage) => [`${stage} one`, `${stage} two`]),
  );
  assert.equal(plan.signInNeeded, true);
});

test('the steps of respond and record stand by themselves', () => {
  const plan = valueOf(
    makePlan('a/op', [policy('p', { respond: step(() => PASS), record: step(() => undefined) })], false),
  );
  assert.deepEqual([plan.request.length, plan.respond.all.length, plan.record.length], [0, 1, 1]);
});

test('a plan knows what its steps together read of both bodies', () => {
  const nothing = { whole: false, parsed: false, parsedObserver: null, wholeObserver: null, tap: false, start: false };
  const bare = valueOf(makePlan('a/op', [policy('p', { admit: step(() => PASS) })], false));
  assert.deepEqual([bare.readsRequest, bare.respond.reads], [nothing, nothing]);
  const steps: Steps = {
    admit: step(() => PASS, { request: 'tap' }),
    inspect: step(() => PASS, { request: 'raw' }),
    respond: step(() => PASS, { request: 'parsed', response: 'parsed' }),
  };
  const plan = valueOf(makePlan('a/op', [policy('p', steps)], false));
  assert.deepEqual(plan.readsRequest, {
    whole: true,
    parsed: true,
    parsedObserver: null,
    wholeObserver: null,
    tap: true,
    start: false,
  });
  assert.deepEqual(plan.respond.reads, {
    whole: true,
    parsed: true,
    parsedObserver: null,
    wholeObserver: null,
    tap: false,
    start: false,
  });
});

test('a body that only observers want parsed is theirs to note; one who enforces makes it sound', () => {
  const reading: Steps = { inspect: step(() => PASS, { request: 'parsed' }) };
  const raw: Steps = { inspect: step(() => PASS, { request: 'raw' }) };
  const observing = { ...policy('watch', reading), observed: true };
  const observerOf = (...policies: readonly PolicySteps[]): string | null =>
    valueOf(makePlan('a/op', policies, false)).readsRequest.parsedObserver;
  assert.equal(observerOf(observing), 'watch');
  assert.equal(observerOf(policy('raw', raw), observing), 'watch');
  assert.equal(observerOf(observing, policy('p', reading)), null);
  assert.equal(observerOf(policy('p', reading)), null);
  assert.equal(observerOf({ ...policy('raw', raw), observed: true }), null);
});

test('a coding that can not be undone is theirs to note too, unless one who enforces reads the body in any way', () => {
  const reads = (request: 'tap' | 'raw' | 'parsed'): Steps => ({ inspect: step(() => PASS, { request }) });
  const watch = (steps: Steps): PolicySteps => ({ ...policy('watch', steps), observed: true });
  const observerOf = (...policies: readonly PolicySteps[]): string | null =>
    valueOf(makePlan('a/op', policies, false)).readsRequest.wholeObserver;
  assert.equal(observerOf(watch(reads('parsed'))), 'watch');
  assert.equal(observerOf(watch(reads('raw')), policy('tap', reads('tap'))), 'watch');
  assert.equal(observerOf(watch(reads('parsed')), policy('p', reads('raw'))), null);
  assert.equal(observerOf(watch(reads('raw')), policy('p', reads('parsed'))), null);
  assert.equal(observerOf(policy('tap', reads('tap'))), null);
});

test('nobody reads the body before inspect', () => {
  for (const stage of ['admit', 'authenticate', 'authorize', 'limit'] as const) {
    for (const request of ['raw', 'parsed'] as const) {
      const steps: Steps = { [stage]: step(() => PASS, { request }) };
      assert.deepEqual(issuesOf(steps), [
        `apis.a.policies.p: p reads the body in ${stage}, before it may be collected (a/op)`,
      ]);
    }
    assert.deepEqual(issuesOf({ [stage]: step(() => PASS, { request: 'tap' }) }), []);
  }
});

test('record can do without a body, and only respond sees a reply', () => {
  assert.equal(issuesOf({ record: step(() => undefined, { request: 'parsed' }) }).length, 1);
  assert.equal(issuesOf({ record: step(() => undefined, { response: 'tap' }) }).length, 1);
  assert.equal(issuesOf({ decide: step(() => PASS, { response: 'parsed' }) }).length, 1);
});

test('a step that chooses bodies reads them whole, and chooses replies before', () => {
  const choosing = (response: 'raw' | 'start' | 'none', concerns: boolean): Steps => ({
    respond: {
      ...step<'respond'>(() => PASS, { response }),
      concernsBody: () => true,
      ...(concerns ? { concerns: () => true } : {}),
    },
  });
  assert.deepEqual(issuesOf(choosing('raw', true)), []);
  assert.match(issuesOf(choosing('raw', false)).join(), /reads the start of every reply/);
  for (const response of ['none', 'start'] as const)
    assert.match(issuesOf(choosing(response, true)).join(), /chooses bodies that it does not read whole/);
});

test('only respond chooses replies, or keeps something of them back', () => {
  assert.equal(issuesOf({ decide: { ...step(() => PASS), rare: true } }).length, 1);
  assert.equal(issuesOf({ decide: { ...step(() => PASS), withholds: ['trailers'] } }).length, 1);
});

test('a step of no stage that there is would never run, so it is refused', () => {
  const steps = { inspekt: step(() => PASS), toString: step(() => PASS) } as unknown as Steps;
  assert.equal(issuesOf(steps).length, 2);
});

test('all that is wrong is told at once', () => {
  const wrong: Steps = {
    admit: step(() => PASS, { request: 'raw', response: 'raw' }),
    limit: step(() => PASS, { request: 'raw' }),
  };
  assert.equal(issuesOf(wrong).length, 3);
});
