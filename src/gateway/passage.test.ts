import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { test } from 'node:test';
import { type CompletionRecord, type IntentRecord } from '../base/index.ts';
import { deny, type Outcome, PASS, type PolicyKind, type Step, type Steps, type Verdict } from '../policy/index.ts';
import {
  type Bench,
  combinations,
  codeOf,
  kindOf,
  OK_REPLY,
  replyText,
  rest,
  startBench,
  step,
  until,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
const POST = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: text/plain\r\n';

/** A policy with a step in `admit`, `decide`, `respond` and `record`, each of which notes its release. */
function releasing(notes: string[], decide: () => Verdict | Promise<Verdict> = () => PASS): PolicyKind<never> {
  const release = (stage: string) => ({ release: () => void notes.push(stage) });
  const steps: Steps = {
    admit: step(() => PASS, release('admit')),
    decide: step(decide, release('decide')),
    transform: step(() => PASS, release('transform')),
    respond: step(() => PASS, release('respond')),
    record: step(() => undefined, release('record')),
  };
  return kindOf('p', steps);
}

function intents(bench: Bench): readonly IntentRecord[] {
  return bench.records.flatMap((record) => (record.kind === 'intent' ? [record] : []));
}

function completions(bench: Bench): readonly CompletionRecord[] {
  return bench.records.flatMap((record) => (record.kind === 'completion' ? [record] : []));
}

test('every step that was entered is released once, and no other', async (t) => {
  const notes: string[] = [];
  let verdict: () => Verdict | Promise<Verdict> = () => PASS;
  const bench = await startBench(t, { kinds: [releasing(notes, () => verdict())] });
  const released = async (): Promise<string> => {
    await until(() => bench.gateway.inFlight === 0);
    return notes.splice(0).join(' ');
  };
  const all = 'admit decide transform respond record';
  await bench.ask(GET);
  assert.equal(await released(), all);
  verdict = () => deny({ code: 'forbidden' });
  await bench.ask(GET);
  assert.equal(await released(), 'admit decide respond record');
  verdict = () => ({ kind: 'reply', response: { status: 200, headers: [], body: '' } });
  await bench.ask(GET);
  assert.equal(await released(), 'admit decide respond record');
  verdict = () => {
    throw new Error('boom');
  };
  await bench.ask(GET);
  assert.equal(await released(), 'admit decide respond record');
  verdict = () => PASS;
  bench.upstream.respond = ({ socket }) => void socket.destroy();
  await bench.ask(GET);
  assert.equal(await released(), all);
  bench.upstream.respond = ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx');
  await bench.client().send(GET).end();
  assert.equal(await released(), all);
  bench.ledger.full = true;
  assert.equal(codeOf(await bench.ask(GET)), 'not-recorded');
  assert.equal(await released(), all);
  bench.ledger.full = false;
  bench.upstream.respond = () => {};
  const before = bench.upstream.requests.length;
  const leaving = bench.client().send(GET);
  await until(() => bench.upstream.requests.length > before);
  leaving.socket.resetAndDestroy();
  assert.equal(await released(), 'admit decide transform record');
});

test('what is released late is released when the connection serves its next request', async (t) => {
  let held = 0;
  let refused = 0;
  const slot: Step<'admit'> = step(() => (++held > 1 ? (refused++, deny({ code: 'rate-limited' })) : PASS), {
    release: () => held--,
  });
  const bench = await startBench(t, { kinds: [kindOf('p', { admit: slot })] });
  const client = bench.client().send(GET.repeat(20));
  for (let turn = 0; turn < 20; turn++) assert.equal((await client.reply()).status, 200);
  // Long replies too: the next request is read when the last byte is out.
  bench.upstream.respond = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no');
    setImmediate(() => socket.write('k'));
  };
  client.send(GET.repeat(5));
  for (let turn = 0; turn < 5; turn++) assert.equal((await client.reply()).status, 200);
  assert.deepEqual([refused, held], [0, 0]);
});

test('a release that throws is told, and keeps no other from its release', async (t) => {
  const notes: string[] = [];
  const failing = kindOf('q', {
    admit: step(() => PASS, {
      release: () => {
        throw new Error('boom');
      },
    }),
  });
  const bench = await startBench(t, { kinds: [failing, releasing(notes)] });
  assert.equal((await bench.ask(GET)).status, 200);
  assert.equal(notes.length, 5);
  assert.deepEqual(
    bench.alerts.map(({ kind, key }) => `${kind} ${key}`),
    ['gateway.fault a/q'],
  );
});

test('one step that several policies share is released once', async (t) => {
  let released = 0;
  const shared: Steps = { admit: step(() => PASS, { release: () => released++ }) };
  const bench = await startBench(t, { kinds: [kindOf('p', shared), kindOf('q', shared)] });
  await bench.ask(GET);
  assert.equal(released, 1);
});

test('record is told how it ended, and changes nothing', async (t) => {
  const outcomes: Outcome[] = [];
  let record: () => unknown = () => undefined;
  const bench = await startBench(t, {
    kinds: [kindOf('p', { record: step((_exchange, outcome) => (outcomes.push(outcome), record() as undefined)) })],
  });
  bench.upstream.respond = ({ socket }) => {
    bench.clock.pass(7);
    socket.write(replyText('four', 'a: b', 201));
  };
  await bench.ask(`${POST}content-length: 3\r\n\r\nabc`);
  assert.deepEqual(outcomes.pop(), {
    verdict: 'pass',
    problem: null,
    problemCode: null,
    policy: null,
    rule: null,
    status: 201,
    upstreamStatus: 201,
    requestBytes: 3,
    responseBytes: 4,
    durationUs: 7_000,
    upstreamUs: 7_000,
    grpcStatus: null,
    originalHash: null,
    cleaned: null,
    complete: true,
  });
  record = () => assert.fail('boom');
  assert.equal((await bench.ask(GET)).status, 201);
  record = () => Promise.reject(new Error('boom'));
  assert.equal((await bench.ask(GET)).status, 201);
  await until(() => bench.alerts.length === 2);
  assert.equal(completions(bench).length, 3);
});

test('a tap shows record what has passed, without having held it up', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        record: step(
          (exchange) => {
            const { bytes, totalBytes } = exchange.body('tap');
            seen.push(`${Buffer.from(bytes).toString()} ${totalBytes}`);
            return undefined;
          },
          { request: 'tap' },
        ),
      }),
    ],
  });
  await bench.ask(`${POST}content-length: 3\r\n\r\nabc`);
  assert.deepEqual(seen, ['abc 3']);
});

test('the intent is recorded before anything goes upstream, the completion once', async (t) => {
  const bench = await startBench(t);
  const kinds: string[] = [];
  bench.upstream.respond = ({ socket }) => {
    kinds.push(...bench.records.map((record) => record.kind));
    socket.write(OK_REPLY);
  };
  await bench.ask(GET);
  assert.deepEqual(kinds, ['intent']);
  const [intent] = intents(bench);
  const [completion, ...more] = completions(bench);
  assert.equal(more.length, 0);
  assert.equal(intent?.id, completion?.id);
  assert.deepEqual(intent, {
    version: 1,
    kind: 'intent',
    id: intent?.id,
    at: Date.UTC(2026, 0, 1),
    revision: 1,
    api: 'a',
    operation: 'a/* /{rest...}',
    method: 'GET',
    subject: null,
    address: '127.0.0.1',
    verdict: 'pass',
    problem: null,
    policy: null,
    rule: null,
  });
});

test('what can not be recorded is refused, and nothing of it reaches the upstream', async (t) => {
  const bench = await startBench(t, { kinds: [kindOf('p', { inspect: step(() => PASS, { request: 'raw' }) })] });
  bench.ledger.full = true;
  for (const request of [
    GET,
    `${POST}content-length: 3\r\n\r\nabc`,
    `${POST}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  ]) {
    const reply = await bench.ask(request);
    assert.deepEqual([reply.status, codeOf(reply)], [503, 'not-recorded']);
  }
  assert.equal(bench.upstream.connections, 0);
  bench.ledger.full = false;
  await rest();
  // A completion without its intent would say nothing.
  assert.deepEqual(bench.records, []);
  assert.deepEqual(bench.metrics.refusals, ['not-recorded', 'not-recorded', 'not-recorded']);
});

test('refusals and own replies that can not be recorded are not given', async (t) => {
  let verdict: Verdict = deny({ code: 'forbidden' });
  const bench = await startBench(t, { kinds: [kindOf('p', { admit: step(() => verdict) })] });
  bench.ledger.full = true;
  assert.equal(codeOf(await bench.ask(GET)), 'not-recorded');
  verdict = { kind: 'reply', response: { status: 200, headers: [], body: 'secret' } };
  assert.equal(codeOf(await bench.ask(GET)), 'not-recorded');
});

test('a ledger that fills up while a request is on its way does not break it', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ socket }) => {
    bench.ledger.full = true;
    socket.write(OK_REPLY);
  };
  assert.equal((await bench.ask(GET)).status, 200);
});

test('every exchange ends once, in whatever way client and upstream leave', async (t) => {
  const notes: string[] = [];
  const bench = await startBench(t, { kinds: [releasing(notes)] });
  const replies = [
    OK_REPLY,
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n',
    'HTTP/1.1 200 OK\r\n\r\nab',
    'nonsense\r\n\r\n',
    '',
  ];
  const requests = [GET, `${POST}content-length: 3\r\n\r\nabc`, `${POST}content-length: 3\r\n\r\na`];
  const ways = combinations(requests, replies, ['end', 'reset', 'stay'], ['end', 'reset']);
  for (const [request, reply, upstreamLeaves, clientLeaves] of ways) {
    bench.upstream.onSocket = (socket) => {
      socket.once('data', () => {
        socket.write(reply);
        if (upstreamLeaves === 'end') setImmediate(() => socket.end());
        if (upstreamLeaves === 'reset') setImmediate(() => socket.resetAndDestroy());
      });
    };
    const client = bench.client().send(request);
    await rest();
    if (clientLeaves === 'end') client.socket.destroy();
    else client.socket.resetAndDestroy();
    await until(() => bench.gateway.inFlight === 0 || (bench.clock.pass(1_000), false));
    for (const socket of bench.upstream.sockets) socket.destroy();
  }
  const asked = ways.length;
  await until(() => completions(bench).length === asked);
  assert.equal(intents(bench).length, asked);
  assert.equal(new Set(completions(bench).map(({ id }) => id)).size, asked);
  const counts = Object.entries(Object.groupBy(notes, (note) => note)).map(([name, all]) => [name, all?.length]);
  assert.deepEqual(new Map(counts as [string, number][]).get('admit'), asked);
  assert.equal(bench.metrics.statuses.length, asked);
  assert.equal(bench.metrics.inFlightNow, 0);
  assert.equal(bench.clock.waiting, 0);
  assert.deepEqual(bench.alerts, []);
});

test('a request that needs no waiting makes no promise', async (t) => {
  const bench = await startBench(t, { kinds: [releasing([])] });
  await bench.ask(GET);
  const client = bench.client();
  const count = 50;
  let promises = 0;
  const hook = createHook({ init: (_id, type) => void (promises += type === 'PROMISE' ? 1 : 0) });
  await new Promise<void>((resolve) => {
    let received = '';
    client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.split('HTTP/1.1 200').length <= count) return;
      hook.disable();
      resolve();
    });
    hook.enable();
    client.send(GET.repeat(count));
  });
  // The one is that of the waiting test.
  assert.ok(promises <= 1, `${promises} promises`);
});

test('a reply and its record bear the time at which it went out, also where the clock was set meanwhile', async (t) => {
  const bench = await startBench(t);
  const start = bench.clock.now();
  const answered = async (afterMs: number, set: () => void): Promise<[number, string, number]> => {
    bench.upstream.respond = ({ socket }) => {
      bench.clock.pass(afterMs);
      set();
      socket.write(OK_REPLY);
    };
    const { headers } = await bench.ask(GET);
    await until(() => bench.gateway.inFlight === 0);
    const { at, durationUs } = completions(bench).at(-1) as CompletionRecord;
    return [at - start, String(headers['date']), durationUs];
  };
  const dateOf = (ms: number): string => new Date(start + ms).toUTCString();
  const { clock } = bench;
  const now = clock.now.bind(clock);
  const offset = (ms: number) => () => void (clock.now = () => now() + ms);
  assert.deepEqual(await answered(0, offset(0)), [0, dateOf(0), 0]);
  assert.deepEqual(await answered(800, offset(0)), [800, dateOf(800), 800_000]);
  // What was reckoned holds for a second at most; what took longer is told by the clock as it now stands.
  assert.deepEqual(await answered(700, offset(3_600_000)), [1_500, dateOf(1_500), 700_000]);
  offset(0)();
  assert.deepEqual(await answered(1_001, offset(3_600_000)), [3_602_501, dateOf(3_602_501), 1_001_000]);
});

test('a reply that a step judges at once bears the time at which it came, without another look at a clock', async (t) => {
  const bench = await startBench(t, { kinds: [kindOf('p', { respond: step(() => PASS) })] });
  const { clock } = bench;
  const start = clock.now();
  let looks = 0;
  bench.upstream.respond = ({ socket }) => {
    clock.pass(800);
    const now = clock.now.bind(clock);
    clock.now = () => (looks++, now());
    socket.write(OK_REPLY);
  };
  await bench.ask(GET);
  await until(() => bench.gateway.inFlight === 0);
  const { at, durationUs } = completions(bench).at(-1) as CompletionRecord;
  assert.deepEqual([at - start, durationUs, looks], [800, 800_000, 0]);
});

test('the time for which a step lets a reply wait, or in which it reads its body, is part of what is recorded', async (t) => {
  const verdict = Promise.withResolvers<Verdict>();
  let entered = false;
  const waiting = step<'respond'>(() => ((entered = true), verdict.promise));
  const recorded = async (respond: Step<'respond'>, meanwhile: (bench: Bench) => Promise<void>): Promise<number[]> => {
    const bench = await startBench(t, { kinds: [kindOf('p', { respond })] });
    const start = bench.clock.now();
    const asked = bench.ask(GET);
    await meanwhile(bench);
    const { headers } = await asked;
    await until(() => bench.gateway.inFlight === 0);
    const { at, durationUs } = completions(bench).at(-1) as CompletionRecord;
    return [at - start, Date.parse(String(headers['date'])) - start, durationUs];
  };
  const afterWait = recorded(waiting, async ({ clock }) => {
    await until(() => entered);
    clock.pass(5_000);
    verdict.resolve(PASS);
  });
  assert.deepEqual(await afterWait, [5_000, 5_000, 5_000_000]);
  let pass = (): void => {};
  const reading = step<'respond'>(() => (pass(), PASS), { response: 'raw' });
  const afterReading = recorded(reading, async ({ clock }) => void (pass = () => clock.pass(2_000)));
  assert.deepEqual(await afterReading, [2_000, 2_000, 2_000_000]);
});

test('a request has one time: its id, its record and its steps tell the same', async (t) => {
  const seen: number[] = [];
  const bench = await startBench(t, {
    kinds: [kindOf('p', { admit: step((exchange) => (seen.push(exchange.startedAtMs), PASS)) })],
  });
  const { clock } = bench;
  const now = clock.now.bind(clock);
  let looks = 0;
  clock.now = () => now() + looks++;
  const asked: (number | undefined)[] = [];
  const { ports } = bench;
  const { nextId } = ports;
  Object.assign(ports, { nextId: (atMs?: number) => (asked.push(atMs), nextId(atMs)) });
  await bench.ask(GET);
  assert.deepEqual([asked, [intents(bench).at(-1)?.at]], [seen, seen]);
});

test('steps are told the moment of the head until something is waited for, the upstream too', async (t) => {
  const seen: number[] = [];
  const steps: Steps = {
    admit: step((exchange) => (seen.push(exchange.moment()), PASS)),
    respond: step((exchange) => (seen.push(exchange.moment()), PASS)),
    record: step((exchange) => void seen.push(exchange.moment())),
  };
  const bench = await startBench(t, { kinds: [kindOf('p', steps)] });
  const start = bench.clock.monotonic();
  bench.upstream.respond = ({ socket }) => {
    bench.clock.pass(800);
    socket.write(OK_REPLY);
  };
  await bench.ask(GET);
  await until(() => bench.gateway.inFlight === 0);
  assert.deepEqual(seen, [start, start + 800, start + 800]);
});

test('the time that the first request of an operation takes to build its plan puts no record in the past', async (t) => {
  let build = (): void => {};
  const bench = await startBench(t, { kinds: [kindOf('p', () => (build(), { admit: step(() => PASS) }))] });
  build = () => bench.clock.pass(900);
  const start = bench.clock.now();
  await bench.ask(GET);
  await until(() => bench.gateway.inFlight === 0);
  assert.deepEqual([intents(bench).at(-1)?.at, completions(bench).at(-1)?.at], [start + 900, start + 900]);
});
