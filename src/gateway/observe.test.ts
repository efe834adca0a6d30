import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import {
  deny,
  PASS,
  type PolicyKind,
  type ReplyView,
  REQUEST_STAGES,
  type Stage,
  type Steps,
  type Verdict,
} from '../policy/index.ts';
import {
  apiText,
  type Bench,
  codeOf,
  type GivenReply,
  gatheredOf,
  kindOf,
  principalNamed,
  replyText,
  snapshotOf,
  startBench,
  step,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';

/** A bench whose policies of these names only observe. */
async function observingBench(
  t: Parameters<typeof startBench>[0],
  kinds: readonly PolicyKind<never>[],
  observing: readonly string[] = ['p'],
): Promise<Bench> {
  const bench = await startBench(t, { kinds });
  const gathered = gatheredOf(apiText(bench.upstream.url, [...bench.kinds.keys()]), bench.kinds);
  assert.ok(bench.gateway.install(snapshotOf(observed(gathered, observing), bench.kinds)));
  return bench;
}

function observed(gathered: Gathered, kinds: readonly string[]): Gathered {
  const apis = gathered.config.apis.map((api) => ({
    ...api,
    policies: api.policies.map((use) => (kinds.includes(use.kind) ? { ...use, mode: 'observe' as const } : use)),
  }));
  return { ...gathered, config: { ...gathered.config, apis } };
}

test('a policy that observes keeps nothing of a reply back', async (t) => {
  const bench = await observingBench(t, [
    kindOf('p', { respond: { ...step<'respond'>(() => PASS), withholds: ['hints'] } }),
  ]);
  bench.upstream.respond = ({ socket }) => {
    socket.write('HTTP/1.1 103 X\r\nlink: </a>\r\n\r\n');
    socket.write(replyText('x'));
  };
  assert.equal((await bench.ask(GET)).status, 103);
});

const refusing = (code: Problem['code'], rule: string) => step<'admit'>(() => deny({ code }, rule));
const inStage = (stage: Stage, made = refusing('forbidden', 'r')): Steps => ({ [stage]: made }) as Steps;

function post(body: string, type = 'application/json'): string {
  return `POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** What is recorded of the last request: verdict, problem, policy and rule, and the problem of its end. */
function recorded(bench: Bench): readonly unknown[] {
  const [intent, completion] = bench.records.slice(-2);
  assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
  return [intent.verdict, intent.problem, intent.policy, intent.rule, completion.problem];
}

/** The rules that observed, as the intent and the end of the last request name them. */
function observations(bench: Bench): readonly (readonly string[])[] {
  return bench.records
    .slice(-2)
    .map((record) =>
      record.kind === 'change' ? [] : (record.observed ?? []).map(({ problem, rule }) => `${problem} ${rule}`),
    );
}

for (const stage of REQUEST_STAGES) {
  test(`what an observing policy refuses in ${stage} goes on, and is recorded and counted`, async (t) => {
    const bench = await observingBench(t, [kindOf('p', inStage(stage))]);
    assert.equal((await bench.ask(GET)).status, 200);
    assert.deepEqual(recorded(bench), ['observed', 'forbidden', 'a/p', 'r', 'forbidden']);
    assert.deepEqual([bench.metrics.observations, bench.metrics.refusals], [['forbidden'], []]);
    assert.deepEqual(bench.alerts, []);
    const enforcing = await observingBench(t, [kindOf('p', inStage(stage))], []);
    assert.equal((await enforcing.ask(GET)).status, 403);
    assert.deepEqual(recorded(enforcing), ['deny', 'forbidden', 'a/p', 'r', 'forbidden']);
  });
}

test('what passes names no policy', async (t) => {
  const bench = await observingBench(t, [
    kindOf(
      'p',
      inStage(
        'decide',
        step<'admit'>(() => PASS),
      ),
    ),
  ]);
  await bench.ask(GET);
  assert.deepEqual(recorded(bench), ['pass', null, null, null, null]);
});

test('of several that observe the first is what is told to have decided, and all are recorded and counted', async (t) => {
  const kinds = [
    kindOf('p', inStage('decide')),
    kindOf('q', inStage('admit', refusing('rate-limited', 'first'))),
    kindOf('r', inStage('transform', refusing('invalid-body', 'last'))),
  ];
  const bench = await observingBench(t, kinds, ['p', 'q', 'r']);
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(recorded(bench), ['observed', 'rate-limited', 'a/q', 'first', 'rate-limited']);
  assert.deepEqual(bench.metrics.observations, ['rate-limited', 'forbidden', 'invalid-body']);
  assert.deepEqual(observations(bench), [['rate-limited first', 'forbidden r', 'invalid-body last'], []]);
});

test('one that enforces wins, before or after', async (t) => {
  for (const stage of ['admit', 'decide'] as const) {
    const kinds = [kindOf('p', inStage('limit')), kindOf('q', inStage(stage, refusing('rate-limited', 'hard')))];
    const bench = await observingBench(t, kinds);
    assert.equal((await bench.ask(GET)).status, 429);
    assert.deepEqual(recorded(bench), ['deny', 'rate-limited', 'a/q', 'hard', 'rate-limited']);
    assert.equal(bench.upstream.connections, 0);
    assert.deepEqual(observations(bench), [stage === 'admit' ? [] : ['forbidden r'], []]);
  }
});

test('all that only observe stand beside a refusal, each in the record of its time, and what observes nothing in none', async (t) => {
  const also = [{ problem: { code: 'forbidden' as const }, rule: 'second' }];
  const both = step<'admit'>(() => ({ kind: 'deny', problem: { code: 'forbidden' }, rule: 'first', also }));
  const refuse = (rule: string) => {
    let asked = 0;
    // The refusal itself is a reply that steps see.
    return step<'respond'>(() => (asked++ === 0 ? deny({ code: 'rule-not-met' }, rule) : PASS));
  };
  const kinds = [
    kindOf('p', { authorize: both as never, respond: refuse('reply') }),
    kindOf('q', { respond: refuse('hard') }),
  ];
  const bench = await observingBench(t, kinds);
  assert.equal((await bench.ask(GET)).status, 400);
  const [before = [], behind = []] = observations(bench);
  assert.deepEqual(before, ['forbidden first', 'forbidden second']);
  assert.deepEqual(behind, ['rule-not-met reply']);
  const plain = await observingBench(t, [kindOf('p', { respond: step(() => PASS) })]);
  await plain.ask(GET);
  for (const record of plain.records) assert.equal(Object.hasOwn(record, 'observed'), false);
});

test('one that observes answers nothing, lets nobody wait and edits nothing', async (t) => {
  const steps: Steps = {
    admit: step(() => ({ kind: 'reply', response: { status: 200, headers: [], body: 'own' } })),
    limit: step(() => ({ kind: 'wait', untilMs: 50_000 })),
    transform: step((_exchange, editor) => {
      editor.setHeader('edited', '1');
      editor.removeHeader('kept');
      return PASS;
    }),
    respond: step(
      (_exchange, _reply, editor) => {
        editor.setHeader('edited', '1');
        editor.appendHeader('edited', '2');
        editor.removeHeader('content-type');
        editor.replaceBody(Buffer.from('gone'));
        return PASS;
      },
      { response: 'raw' },
    ),
  };
  const bench = await observingBench(t, [kindOf('p', steps)]);
  const reply = await bench.ask(GET.replace('\r\n\r\n', '\r\nkept: 1\r\n\r\n'));
  assert.deepEqual(
    [reply.body.toString(), reply.headers['edited'], reply.headers['content-type']],
    ['ok', undefined, 'text/plain'],
  );
  assert.match(bench.upstream.last.head, /kept: 1/);
  assert.doesNotMatch(bench.upstream.last.head, /edited/);
});

test('a throw of one that observes is a fault all the same', async (t) => {
  const failing = step<'admit'>(() => {
    throw new Error('hush');
  });
  for (const stage of ['admit', 'transform'] as const) {
    const bench = await observingBench(t, [kindOf('p', inStage(stage, failing))]);
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
    assert.deepEqual(
      bench.alerts.map(({ kind }) => kind),
      ['gateway.fault'],
    );
  }
});

test('a promise is waited for, and then only noted', async (t) => {
  const later = step<'admit'>(() => Promise.resolve(deny({ code: 'forbidden' }, 'r')));
  const bench = await observingBench(t, [kindOf('p', inStage('decide', later))]);
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(recorded(bench), ['observed', 'forbidden', 'a/p', 'r', 'forbidden']);
});

test('a second credential that only an observer found is noted, and the first caller stays', async (t) => {
  const knows = (subject: string): Steps => ({
    authenticate: step(() => ({ kind: 'identified', principal: principalNamed(subject) })),
  });
  const bench = await observingBench(t, [kindOf('q', knows('ada')), kindOf('p', knows('eve'))]);
  assert.equal((await bench.ask(GET)).status, 200);
  assert.match(bench.upstream.last.head, /x-portcullis-subject: ada\r\n/);
  assert.deepEqual(recorded(bench).slice(0, 3), ['observed', 'several-credentials', 'a/p']);
});

const UNREADABLE = [
  ['{"a":1,"a":2}', 'application/json', 'malformed-body'],
  ['{', 'application/json', 'malformed-body'],
  ['x', 'application/x-unheard-of; =', 'unsupported-media-type'],
] as const;

for (const [body, type] of UNREADABLE) {
  test(`the body ${body} as ${type}, which only an observer wants to read, goes on as it came`, async (t) => {
    let ran = 0;
    const reading = step<'inspect'>((exchange) => (ran++, exchange.body('parsed'), PASS), { request: 'parsed' });
    const kinds = [kindOf('p', { inspect: reading, respond: step(() => (ran++, PASS), { request: 'parsed' }) })];
    const bench = await observingBench(t, kinds);
    assert.equal((await bench.ask(post(body, type))).status, 200);
    assert.equal(bench.upstream.last.body.toString(), body);
    const [verdict, , policy, rule] = recorded(bench);
    assert.deepEqual([verdict, policy, rule, ran], ['observed', 'a/p', 'body', 0]);
    assert.equal((await bench.ask(post('{"a":1}'))).status, 200);
    assert.equal(ran, 2);
    const enforcing = await observingBench(t, kinds, []);
    assert.equal((await enforcing.ask(post(body, type))).status >= 400, true);
    assert.equal(enforcing.upstream.connections, 0);
  });
}

test('an observer of replies sees nothing of a request in a coding that can not be undone', async (t) => {
  let ran = 0;
  const bench = await observingBench(t, [
    kindOf('p', { respond: step((exchange) => (exchange.body('raw'), ran++, PASS), { request: 'raw' }) }),
  ]);
  const coded = post('x').replace('\r\n\r\n', '\r\ncontent-encoding: compress\r\n\r\n');
  assert.equal((await bench.ask(coded)).status, 200);
  assert.equal(ran, 0);
  await bench.ask(post('x'));
  assert.equal(ran, 1);
});

test('what was noted of a reply is recorded too where something was noted of its request', async (t) => {
  const refuse = (code: 'forbidden' | 'upstream-reply-invalid') => (): Verdict => deny({ code }, code);
  const bench = await observingBench(t, [
    kindOf('p', { admit: step(refuse('forbidden')), respond: step(refuse('upstream-reply-invalid')) }),
  ]);
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(
    bench.records.map((record) => (record.kind === 'change' ? null : [record.problem, record.policy, record.rule])),
    ['forbidden', 'upstream-reply-invalid'].map((code) => [code, 'a/p', code]),
  );
});

test('a body that one who enforces reads too is refused, whoever else observes', async (t) => {
  const reading = { inspect: step<'inspect'>(() => PASS, { request: 'parsed' }) };
  const bench = await observingBench(t, [kindOf('p', reading), kindOf('q', reading)]);
  assert.equal((await bench.ask(post('{'))).status, 400);
  const raw = { inspect: step<'inspect'>((exchange) => (exchange.body('raw'), PASS), { request: 'raw' }) };
  const looking = await observingBench(t, [kindOf('p', reading), kindOf('q', raw)]);
  assert.equal((await looking.ask(post('{'))).status, 200);
});

test('a reply that an observer refuses, or can not read, leaves all the same', async (t) => {
  const judge = (reply: ReplyView) => (reply.body('parsed').kind === 'json' ? deny({ code: 'forbidden' }, 'r') : PASS);
  const steps: Steps = { respond: step((_exchange, reply) => judge(reply), { response: 'parsed' }) };
  const bench = await observingBench(t, [kindOf('p', steps)]);
  const replies: GivenReply[] = [];
  for (const body of ['{"a":1}', '{']) {
    bench.upstream.respond = ({ socket }) => void socket.write(replyText(body));
    replies.push(await bench.ask(GET));
    assert.equal(replies.at(-1)?.body.toString(), body);
  }
  assert.deepEqual(bench.metrics.observations, ['forbidden', 'upstream-refused-body']);
  const completions = bench.records.filter((record) => record.kind === 'completion');
  assert.deepEqual(
    completions.map(({ problem, status }) => [problem, status]),
    [
      ['forbidden', 200],
      ['upstream-refused-body', 200],
    ],
  );
});

test('whoever enforces by the start of a reply reads it also behind an observer that can not read all', async (t) => {
  const all = step<'respond'>(() => PASS, { response: 'raw' });
  const start = step<'respond'>(
    (_exchange, reply) =>
      Buffer.from(reply.body('start').bytes).includes('secret') ? deny({ code: 'forbidden' }, 'r') : PASS,
    { response: 'start' },
  );
  const bench = await observingBench(t, [
    kindOf('p', { respond: all }),
    kindOf('q', { respond: { ...start, concerns: () => true } }),
  ]);
  for (const text of ['data: secret', 'data: open']) {
    bench.upstream.respond = ({ socket }) => void socket.write(replyText(text, 'content-type: text/event-stream'));
    const { status } = await bench.ask(GET);
    assert.equal(status, text.includes('secret') ? 403 : 200, text);
  }
  assert.deepEqual(bench.metrics.observations, ['upstream-refused-body', 'upstream-refused-body']);
});

test('sign-in is nobody’s to observe', async (t) => {
  const bench = await observingBench(t, [kindOf('p', { authenticate: refusing('invalid-token', 'r') as never })]);
  const snapshot = bench.gateway.current;
  const target = snapshot?.operations[0];
  const plan = target?.plan();
  assert.ok(snapshot !== null && target !== undefined && plan?.ok === true);
  const closed = { ...target, plan: () => ({ ok: true, value: { ...plan.value, signInNeeded: true } }) as const };
  bench.gateway.install({ ...snapshot, router: { find: () => ({ kind: 'matched', target: closed, params: {} }) } });
  assert.equal(codeOf(await bench.ask(GET)), 'unauthenticated');
  assert.deepEqual(recorded(bench), ['deny', 'unauthenticated', null, 'sign-in', 'unauthenticated']);
});
