import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ABSTAIN,
  type AuthenticateVerdict,
  createSlot,
  deny,
  PASS,
  REQUEST_STAGES,
  type Steps,
  type Verdict,
} from '../policy/index.ts';
import { makePlan, type Plan } from './plan.ts';
import { codeOf, kindOf, principalNamed, rest, startBench, step, until, valueOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { gatheredOf, apiText, snapshotOf } from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';

/** A policy with the same step in one stage; stages differ in type only by what a verdict may say. */
function inStage(stage: string, run: () => unknown, release?: () => void): Steps {
  const made = step<'admit'>(run as () => Verdict, release === undefined ? {} : { release });
  return { [stage]: made } as Steps;
}

const identified = (subject: string): AuthenticateVerdict => ({
  kind: 'identified',
  principal: principalNamed(subject),
});

test('steps run in the order of the stages, and pass', async (t) => {
  const seen: string[] = [];
  const steps = Object.fromEntries(
    [...REQUEST_STAGES, 'respond', 'record'].toReversed().map((stage) => [
      stage,
      step<'admit'>(() => {
        seen.push(stage);
        return PASS;
      }),
    ]),
  );
  const bench = await startBench(t, { kinds: [kindOf('p', steps)] });
  const reply = await bench.ask(GET);
  assert.equal(reply.status, 200);
  assert.deepEqual(seen, [...REQUEST_STAGES, 'respond', 'record']);
  assert.deepEqual(bench.alerts, []);
});

for (const stage of REQUEST_STAGES) {
  test(`a deny in ${stage} is a refusal, and nothing reaches the upstream`, async (t) => {
    const verdict = deny({ code: 'forbidden', headers: [['x-why', 'b']], internal: 'hush' }, 'rule-1');
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, () => verdict),
        ),
      ],
    });
    const reply = await bench.ask(GET);
    assert.equal(reply.status, 403);
    assert.equal(codeOf(reply), 'forbidden');
    assert.equal(reply.headers['x-why'], 'b');
    assert.ok(!reply.body.includes('hush'));
    assert.equal(bench.upstream.connections, 0);
    const [intent, completion] = bench.records;
    assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
    assert.deepEqual(
      [intent.verdict, intent.problem, intent.policy, intent.rule],
      ['deny', 'forbidden', 'a/p', 'rule-1'],
    );
    assert.deepEqual([completion.status, completion.problem, completion.complete], [403, 'forbidden', true]);
    assert.deepEqual(bench.alerts, []);
    assert.deepEqual(bench.metrics.refusals, ['forbidden']);
  });

  test(`a reply in ${stage} takes the upstream's place`, async (t) => {
    const response = { status: 302, headers: [['Location', '/login']] as const, body: 'go' };
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, () => ({ kind: 'reply', response })),
        ),
      ],
    });
    const reply = await bench.ask(GET);
    assert.deepEqual([reply.status, reply.headers['location'], reply.body.toString()], [302, '/login', 'go']);
    assert.equal(bench.upstream.connections, 0);
    assert.ok(bench.records[0]?.kind === 'intent' && bench.records[0].verdict === 'reply');
  });

  test(`a throw in ${stage} is a refusal and an alarm, and the step is released`, async (t) => {
    let released = 0;
    const fail = (): never => {
      throw new Error('hush');
    };
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, fail, () => released++),
        ),
      ],
    });
    const reply = await bench.ask(GET);
    assert.equal(reply.status, 503);
    assert.equal(codeOf(reply), 'gateway-fault');
    assert.ok(!reply.body.includes('hush'));
    assert.deepEqual(
      bench.alerts.map(({ kind, key }) => `${kind} ${key}`),
      ['gateway.fault a/p'],
    );
    assert.equal(bench.upstream.connections, 0);
    assert.equal(released, 1);
  });

  test(`a promise in ${stage} may pass, deny, fail, or never say anything`, async (t) => {
    let next = (): Promise<unknown> => Promise.resolve(PASS);
    let released = 0;
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(
            stage,
            () => next(),
            () => released++,
          ),
        ),
      ],
    });
    assert.equal((await bench.ask(GET)).status, 200);
    next = () => Promise.resolve(deny({ code: 'forbidden' }));
    assert.equal(codeOf(await bench.ask(GET)), 'forbidden');
    next = () => Promise.reject(new Error('boom'));
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
    assert.equal(bench.alerts.length, 1);
    assert.equal(bench.clock.waiting, 0);
    next = () => new Promise(() => {});
    const client = bench.client().send(GET);
    await until(() => bench.clock.waiting === 1);
    bench.clock.pass(9_999);
    await rest();
    assert.equal(client.received, '');
    bench.clock.pass(1);
    assert.equal(codeOf(await client.reply()), 'gateway-fault');
    assert.equal(bench.alerts.length, 2);
    assert.equal(bench.upstream.requests.length, 1);
    assert.equal(released, 4);
  });

  test(`${stage} may let a request wait for a while, but not for ever`, async (t) => {
    let untilMs = 0;
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, () => ({ kind: 'wait', untilMs })),
        ),
      ],
    });
    untilMs = 5_000;
    const client = bench.client().send(GET);
    await until(() => bench.clock.waiting === 1);
    bench.clock.pass(4_999);
    await rest();
    assert.equal(bench.upstream.requests.length, 0);
    bench.clock.pass(1);
    assert.equal((await client.reply()).status, 200);
    for (const endless of [bench.clock.monotonic() + 60_001, Number.POSITIVE_INFINITY, Number.NaN]) {
      untilMs = endless;
      assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
    }
    untilMs = -1;
    const late = bench.client().send(GET);
    await until(() => bench.clock.waiting === 1);
    bench.clock.pass(0);
    assert.equal((await late.reply()).status, 200);
  });

  test(`what is no verdict does not pass in ${stage}`, async (t) => {
    let verdict: unknown;
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, () => verdict),
        ),
      ],
    });
    for (const given of [
      undefined,
      null,
      {},
      { kind: 'fine' },
      true,
      'pass',
      { kind: 'deny' },
      { kind: 'deny', problem: { code: 'no-such' } },
    ]) {
      verdict = given;
      assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault', JSON.stringify(given));
    }
    assert.equal(bench.upstream.connections, 0);
    assert.equal(bench.alerts.length, 8);
  });
}

test('only authenticate may say who is calling', async (t) => {
  let verdict: unknown = identified('ada');
  for (const stage of REQUEST_STAGES.filter((each) => each !== 'authenticate')) {
    const bench = await startBench(t, {
      kinds: [
        kindOf(
          'p',
          inStage(stage, () => verdict),
        ),
      ],
    });
    verdict = identified('ada');
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
    verdict = ABSTAIN;
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
  }
});

test('the one who was identified is the principal of later steps and of the record', async (t) => {
  const seen: (string | undefined)[] = [];
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        authenticate: step(() => ABSTAIN),
        admit: step((exchange) => (seen.push(exchange.principal?.subject), PASS)),
      }),
      kindOf('q', {
        authenticate: step(() => identified('ada')),
        authorize: step((exchange) => (seen.push(exchange.principal?.subject), PASS)),
      }),
    ],
  });
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(seen, [undefined, 'ada']);
  assert.ok(bench.records[0]?.kind === 'intent' && bench.records[0].subject === 'pseudonym of ada');
});

test('two who are identified are one too many', async (t) => {
  const both = { authenticate: step<'authenticate'>(() => identified('ada')) };
  const bench = await startBench(t, { kinds: [kindOf('p', both), kindOf('q', both)] });
  const reply = await bench.ask(GET);
  assert.deepEqual([reply.status, codeOf(reply)], [400, 'several-credentials']);
});

test('where sign-in is needed and nobody was identified, no step behind authenticate runs', async (t) => {
  const seen: string[] = [];
  const note = (stage: string, verdict: unknown = PASS) => step<'admit'>(() => (seen.push(stage), verdict as Verdict));
  let verdict: unknown = ABSTAIN;
  const steps: Steps = {
    admit: note('admit'),
    authenticate: step(() => (seen.push('authenticate'), verdict as AuthenticateVerdict)),
    limit: note('limit'),
  };
  const bench = await startBench(t, { kinds: [kindOf('p', steps)] });
  needSignIn(bench, [{ policy: 'a/p', path: '', steps, observed: false }]);
  const reply = await bench.ask(GET);
  assert.deepEqual([reply.status, codeOf(reply)], [401, 'unauthenticated']);
  assert.deepEqual(seen, ['admit', 'authenticate']);
  verdict = PASS;
  assert.equal((await bench.ask(GET)).status, 401);
  verdict = identified('ada');
  assert.equal((await bench.ask(GET)).status, 200);
  needSignIn(bench, []);
  assert.equal((await bench.ask(GET)).status, 401);
  assert.equal(bench.upstream.requests.length, 1);
});

/** Installs the bench's API once more, as one that nobody may call without signing in. */
function needSignIn(bench: Awaited<ReturnType<typeof startBench>>, policies: Parameters<typeof makePlan>[1]): void {
  const kinds = kindTable([]);
  const snapshot = snapshotOf(gatheredOf(apiText(bench.upstream.url, []), kinds), kinds);
  const plan: Plan = valueOf(makePlan('a/op', policies, true));
  const target = snapshot.operations[0];
  assert.ok(target !== undefined);
  const closed = { ...target, plan: () => ({ ok: true, value: plan }) as const };
  const router = { find: () => ({ kind: 'matched', target: closed, params: {} }) as const };
  assert.ok(bench.gateway.install({ ...snapshot, router: router as unknown as typeof snapshot.router }));
}

test('a slot is made once for each exchange, and never shared', async (t) => {
  let made = 0;
  const slot = createSlot('test', () => ({ number: ++made }));
  const seen: number[] = [];
  const look = step<'admit'>((exchange) => (seen.push(exchange.slot(slot).number), PASS));
  const bench = await startBench(t, { kinds: [kindOf('p', { admit: look }), kindOf('q', { decide: look })] });
  await bench.ask(GET);
  await bench.ask(GET);
  assert.deepEqual(seen, [1, 1, 2, 2]);
});

test('an exchange tells what was asked, and where it leads', async (t) => {
  const seen: unknown[] = [];
  const bench = await startBench(t, {
    api: "routes: ['GET /things/{id}']",
    kinds: [
      kindOf('p', {
        admit: step(({ id, request, operation, params, startedAtMs }) => {
          seen.push(id, request.path, request.query, operation.id, { ...params }, startedAtMs);
          return PASS;
        }),
      }),
    ],
  });
  await bench.ask('GET /things/%C3%A9?a=b HTTP/1.1\r\nhost: x.example\r\n\r\n');
  const [id, ...others] = seen;
  assert.equal(id, bench.records[0]?.id);
  assert.deepEqual(others, ['/things/%C3%A9', 'a=b', 'a/GET /things/{id}', { id: 'é' }, Date.UTC(2026, 0, 1)]);
});

test('a client that leaves while a step makes up its mind is not waited for', async (t) => {
  const pending = Promise.withResolvers<Verdict>();
  let entered = false;
  let released = 0;
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        inStage(
          'admit',
          () => ((entered = true), pending.promise),
          () => released++,
        ),
      ),
    ],
  });
  const client = bench.client().send(GET);
  await until(() => entered);
  assert.equal(bench.metrics.inFlightNow, 1);
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.deepEqual([released, bench.clock.waiting, bench.metrics.inFlightNow], [1, 0, 0]);
  pending.reject(new Error('too late'));
  await rest();
  bench.clock.pass(20_000);
  assert.deepEqual([released, bench.alerts.length, bench.upstream.connections], [1, 0, 0]);
  const [intent, completion] = bench.records;
  assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion' && bench.records.length === 2);
  assert.deepEqual([completion.status, completion.complete], [0, false]);
});

test('a client that leaves while it waits is forgotten at once', async (t) => {
  let released = 0;
  const wait = (): Verdict => ({ kind: 'wait', untilMs: 50_000 });
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        inStage('limit', wait, () => released++),
      ),
    ],
  });
  const client = bench.client().send(GET);
  await until(() => bench.clock.waiting === 1);
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.deepEqual([released, bench.clock.waiting], [1, 0]);
});

test('a policy whose own reply could break the framing has failed', async (t) => {
  let response: unknown;
  const bench = await startBench(t, {
    kinds: [
      kindOf(
        'p',
        inStage('decide', () => ({ kind: 'reply', response })),
      ),
    ],
  });
  for (const given of [
    { status: 200, headers: [['content-length', '0']], body: 'x' },
    { status: 200, headers: [['a', 'b\r\nc: d']], body: 'x' },
    { status: 100, headers: [], body: '' },
    { status: 200, headers: [] },
    undefined,
  ]) {
    response = given;
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
  }
  assert.equal(bench.alerts.length, 5);
});
