import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ASKED_OPERATIONS,
  type AuthenticateVerdict,
  deny,
  PASS,
  type Principal,
  type Verdict,
} from '../policy/index.ts';
import {
  type Bench,
  type BenchOptions,
  codeOf,
  gatheredOf,
  kindOf,
  principalNamed,
  type RawClient,
  rest,
  snapshotOf,
  startBench,
  step,
  until,
} from './fixture.test.ts';
import type { Walk } from './walk.ts';

const GET = 'GET /events HTTP/1.1\r\nhost: x.example\r\n\r\n';
const EVENTS_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';
const SOON_MS = 1_000;

type T = Parameters<typeof startBench>[0];
type Rule = () => AuthenticateVerdict | Promise<AuthenticateVerdict>;

/** What the one policy of a bench does; each may be changed while streams stand. */
interface Rules {
  authenticate: Rule;
  authorize: () => Verdict | Promise<Verdict>;
  /** How often each stage ran. */
  readonly runs: { authenticate: number; authorize: number; limit: number; released: number };
}

function rulesFor(principal: Principal | null = null): Rules {
  const verdict: AuthenticateVerdict = principal === null ? { kind: 'abstain' } : { kind: 'identified', principal };
  return {
    authenticate: () => verdict,
    authorize: () => PASS,
    runs: { authenticate: 0, authorize: 0, limit: 0, released: 0 },
  };
}

/** A bench whose upstream begins a stream of events with each request. */
async function startEvents(t: T, rules: Rules = rulesFor(), options: BenchOptions = {}) {
  const { runs } = rules;
  const kind = kindOf('p', {
    authenticate: step(() => (runs.authenticate++, rules.authenticate())),
    authorize: step(() => (runs.authorize++, rules.authorize()), { release: () => void runs.released++ }),
    limit: step(() => (runs.limit++, PASS)),
  });
  const bench = await startBench(t, { kinds: [kind], ...options });
  bench.upstream.respond = ({ socket }) => void socket.write(`${EVENTS_HEAD}${chunkOf('data: 0\n\n')}`);
  const begin = async (): Promise<RawClient> => {
    const client = bench.client().send(GET);
    await until(() => client.received.endsWith('data: 0\n\n\r\n'));
    return client;
  };
  return { bench, begin, reload: (revision: number) => reload(bench, revision) };
}

const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Installs the same configuration once more, as the thread does. */
async function reload({ gateway, install, upstream, kinds }: Bench, revision: number): Promise<void> {
  await gateway.makeRoom();
  assert.ok(install(textOf(upstream.url, [...kinds.keys()]), { revision }));
}

function textOf(url: string, kinds: readonly string[], routes = "['* /{rest...}']"): string {
  const policies = `{ ${kinds.map((kind) => `${kind}: {}`).join(', ')} }`;
  return `apis:\n  a:\n    routes: ${routes}\n    upstream: ${url}\n    auth: public\n    policies: ${policies}\n`;
}

/** The last completion in the ledger. */
function completion({ records }: Bench) {
  const last = records.at(-1);
  assert.ok(last?.kind === 'completion');
  return last;
}

test('a stream of events passes as it comes, and ends as its upstream does', async (t) => {
  const { bench, begin } = await startEvents(t);
  const client = await begin();
  assert.equal(bench.metrics.standing, 1);
  const [request] = bench.upstream.requests;
  for (const number of [1, 2, 3]) {
    request?.socket.write(chunkOf(`data: ${number}\n\n`));
    await until(() => client.received.endsWith(`data: ${number}\n\n\r\n`));
  }
  request?.socket.write(LAST_CHUNK);
  const reply = await client.reply();
  assert.equal(reply.body.toString(), 'data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\n');
  assert.deepEqual(bench.metrics.streamEnds, ['events upstream']);
  assert.equal(completion(bench).complete, true);
});

test('twenty reloads cut no stream, and no older Snapshot is kept for it', async (t) => {
  const rules = rulesFor(principalNamed('alice'));
  const { bench, begin, reload: again } = await startEvents(t, rules);
  const clients = [await begin(), await begin()];
  for (let revision = 2; revision <= 21; revision++) {
    await again(revision);
    bench.clock.pass(SOON_MS);
    assert.equal(bench.gateway.living, 1);
  }
  for (const [at, { socket }] of bench.upstream.requests.entries()) {
    socket.write(`${chunkOf('data: last\n\n')}${LAST_CHUNK}`);
    assert.equal((await clients[at]?.reply())?.body.toString(), 'data: 0\n\ndata: last\n\n');
  }
  assert.deepEqual(bench.metrics.cutPassages, []);
  assert.deepEqual(rules.runs, { authenticate: 42, authorize: 42, limit: 2, released: 42 });
  assert.equal(bench.gateway.inFlight, 0);
});

test('the next request of a moved stream’s connection is judged by what is in force', async (t) => {
  const { bench, begin, reload: again } = await startEvents(t);
  const client = await begin();
  await again(2);
  bench.clock.pass(SOON_MS);
  bench.upstream.requests[0]?.socket.write(LAST_CHUNK);
  await client.reply();
  client.send(GET);
  await until(() => bench.records.some((record) => record.kind === 'intent' && record.revision === 2));
});

test('long replies move too, and are not cut for a token that ends meanwhile', async (t) => {
  const startMs = Date.UTC(2026, 0, 1);
  const rules = rulesFor(principalNamed('alice', { expiresAtMs: startMs + 100 }));
  const { bench, reload: again } = await startEvents(t, rules);
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nnever');
  const client = bench.client().send(GET);
  await until(() => client.received.endsWith('never'));
  for (let revision = 2; revision <= 21; revision++) {
    await again(revision);
    bench.clock.pass(SOON_MS);
    assert.equal(bench.gateway.living, 1);
  }
  bench.upstream.requests[0]?.socket.write('!');
  assert.equal((await client.reply()).body.toString(), 'never!');
  assert.deepEqual([bench.metrics.cutPassages, bench.metrics.standing], [[], 0]);
});

test('a long reply that would be refused now goes on by the Snapshot it began with', async (t) => {
  const rules = rulesFor();
  const { bench, reload: again } = await startEvents(t, rules);
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nnever');
  const client = bench.client().send(GET);
  await until(() => client.received.endsWith('never'));
  rules.authorize = () => deny({ code: 'forbidden' });
  await again(2);
  bench.clock.pass(10_000);
  assert.equal(bench.gateway.living, 2);
  // Once for the request, and once for the Snapshot that it was tried by.
  assert.equal(rules.runs.authorize, 2);
  bench.upstream.requests[0]?.socket.write('!');
  assert.equal((await client.reply()).body.toString(), 'never!');
  assert.equal(bench.gateway.living, 1);
});

test('a stream ends cleanly within a second of its credential, and its upstream is left', async (t) => {
  const startMs = Date.UTC(2026, 0, 1);
  const rules = rulesFor(principalNamed('alice', { expiresAtMs: startMs + 60_000 }));
  const { bench, begin } = await startEvents(t, rules);
  const client = await begin();
  bench.clock.pass(59_900);
  await rest();
  assert.equal(bench.metrics.standing, 1);
  bench.clock.pass(100 + SOON_MS);
  assert.equal((await client.reply()).body.toString(), 'data: 0\n\n');
  assert.deepEqual(bench.metrics.streamEnds, ['events expired']);
  const { problem, complete, status } = completion(bench);
  assert.deepEqual([problem, complete, status], ['invalid-token', false, 200]);
  await until(() => bench.upstream.sockets.size === 0);
  // The connection is good for more.
  rules.authenticate = () => ({ kind: 'identified', principal: principalNamed('alice') });
  client.send(GET);
  await until(() => client.received.endsWith('data: 0\n\n\r\n'));
});

test('a stream whose credential is refused as soon as it has expired is counted as expired', async (t) => {
  const expiresAtMs = Date.UTC(2026, 0, 1) + 1_000;
  const rules = rulesFor(principalNamed('alice', { expiresAtMs }));
  const { bench, begin } = await startEvents(t, rules);
  await begin();
  rules.authenticate = () => deny({ code: 'invalid-token' });
  bench.clock.pass(1_000 + SOON_MS);
  assert.deepEqual(bench.metrics.streamEnds, ['events expired']);
});

test('a credential that is renewed keeps its stream', async (t) => {
  const startMs = Date.UTC(2026, 0, 1);
  const rules = rulesFor(principalNamed('alice', { expiresAtMs: startMs + 1_000 }));
  const { bench, begin } = await startEvents(t, rules);
  await begin();
  const principal = principalNamed('alice', { expiresAtMs: startMs + 3_000 });
  rules.authenticate = () => ({ kind: 'identified', principal });
  bench.clock.pass(2_900);
  assert.deepEqual([bench.metrics.standing, rules.runs.authenticate], [1, 2]);
  bench.clock.pass(100 + SOON_MS);
  assert.deepEqual(bench.metrics.streamEnds, ['events expired']);
});

test('a stream that began within the tolerance for clocks stands while that lets it', async (t) => {
  const startMs = Date.UTC(2026, 0, 1);
  const rules = rulesFor(principalNamed('alice', { expiresAtMs: startMs - 1_000 }));
  const { bench, begin } = await startEvents(t, rules);
  await begin();
  bench.clock.pass(5_000);
  assert.equal(bench.metrics.standing, 1);
  rules.authenticate = () => deny({ code: 'invalid-token' });
  bench.clock.pass(SOON_MS);
  assert.deepEqual(bench.metrics.streamEnds, ['events refused']);
});

const REFUSALS: Readonly<Record<string, (rules: Rules) => void>> = {
  'is forbidden now': (rules) => (rules.authorize = () => deny({ code: 'forbidden' })),
  'has a credential that is withdrawn': (rules) => (rules.authenticate = () => deny({ code: 'invalid-token' })),
  'is nobody’s now': (rules) => (rules.authenticate = () => ({ kind: 'abstain' })),
  'is somebody else’s now': (rules) =>
    (rules.authenticate = () => ({ kind: 'identified', principal: principalNamed('mallory') })),
  'is of another issuer now': (rules) =>
    (rules.authenticate = () => ({ kind: 'identified', principal: principalNamed('alice', { issuer: 'other' }) })),
  'would be answered by a policy now': (rules) =>
    (rules.authorize = () => ({ kind: 'reply', response: { status: 200, headers: [], body: '' } })),
  'would have to wait now': (rules) => (rules.authorize = () => ({ kind: 'wait', untilMs: 0 })),
  'gets no verdict': (rules) => (rules.authorize = () => undefined as never),
  'is said to be abstained from': (rules) => (rules.authorize = () => ({ kind: 'abstain' }) as never),
  'is identified by a step that must not': (rules) =>
    (rules.authorize = () => ({ kind: 'identified', principal: principalNamed('alice') }) as never),
  'meets a policy that throws': (rules) => (rules.authorize = () => assert.fail('boom')),
};

for (const [words, change] of Object.entries(REFUSALS)) {
  test(`a stream that ${words} is closed within half a minute, or at the next reload`, async (t) => {
    for (const waitMs of [0, 30_500]) {
      const rules = rulesFor(principalNamed('alice'));
      const { bench, begin, reload: again } = await startEvents(t, rules);
      const client = await begin();
      change(rules);
      if (waitMs === 0) await again(2);
      bench.clock.pass(waitMs === 0 ? SOON_MS : waitMs);
      await client.reply();
      assert.deepEqual(bench.metrics.streamEnds, ['events refused']);
      assert.deepEqual([completion(bench).complete, bench.gateway.living], [false, 1]);
      assert.equal(rules.runs.released, rules.runs.authorize);
    }
  });
}

test('what stands before its reply has begun moves too, but not while a step is at its reply', async (t) => {
  const respond = Promise.withResolvers<Verdict>();
  const walks: Walk[] = [];
  const kinds = [
    kindOf('p', {
      limit: step((exchange) => {
        const walk = exchange as Walk;
        walks.push(walk);
        walk.stand({ kind: 'grpc', walk, close: ({ code }) => walk.cut(code), drain() {} });
        return PASS;
      }),
      respond: step(() => respond.promise),
    }),
  ];
  const { bench, reload: again } = await startEvents(t, rulesFor(), { kinds });
  bench.upstream.respond = () => {};
  const client = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  const revision = (): number | undefined => walks[0]?.context.installed.snapshot.revision;
  await again(2);
  bench.clock.pass(SOON_MS);
  assert.deepEqual([revision(), bench.gateway.living], [2, 1]);
  bench.upstream.requests[0]?.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nnever');
  await until(() => bench.clock.waiting > 0);
  await again(3);
  bench.clock.pass(SOON_MS);
  assert.deepEqual([revision(), bench.gateway.living], [2, 2]);
  respond.resolve(PASS);
  await until(() => client.received.endsWith('never'));
  bench.clock.pass(SOON_MS);
  assert.deepEqual([revision(), bench.gateway.living], [3, 1]);
  bench.upstream.requests[0]?.socket.write('!');
  assert.equal((await client.reply()).body.toString(), 'never!');
  assert.deepEqual(bench.metrics.streamEnds, ['grpc upstream']);
});

test('a stream of a public operation may be nobody’s, and not become somebody’s', async (t) => {
  const rules = rulesFor();
  const { bench, begin } = await startEvents(t, rules);
  await begin();
  bench.clock.pass(60_000);
  assert.equal(bench.metrics.standing, 1);
  rules.authenticate = () => ({ kind: 'identified', principal: principalNamed('alice') });
  bench.clock.pass(31_000);
  assert.deepEqual(bench.metrics.streamEnds, ['events refused']);
});

test('a stream that nothing happens to is judged every half minute', async (t) => {
  const rules = rulesFor(principalNamed('alice'));
  const { bench, begin } = await startEvents(t, rules);
  await begin();
  bench.clock.pass(95_000);
  assert.deepEqual(rules.runs, { authenticate: 4, authorize: 4, limit: 1, released: 3 });
});

test('a verdict may take a while; one that is late or fails closes the stream, and tells somebody', async (t) => {
  const rules = rulesFor();
  const { bench, begin, reload: again } = await startEvents(t, rules);
  const pending: PromiseWithResolvers<Verdict>[] = [];
  await begin();
  await begin();
  await begin();
  rules.authorize = () => {
    const next = Promise.withResolvers<Verdict>();
    pending.push(next);
    return next.promise;
  };
  await again(2);
  bench.clock.pass(SOON_MS);
  assert.equal(pending.length, 3);
  pending[0]?.resolve(PASS);
  pending[1]?.reject(new Error('boom'));
  await until(() => bench.metrics.standing === 2);
  assert.deepEqual([bench.gateway.living, bench.alerts.length], [2, 1]);
  bench.clock.pass(10_000);
  await until(() => bench.metrics.standing === 1);
  assert.deepEqual([bench.gateway.living, bench.alerts.length], [1, 2]);
  assert.deepEqual(bench.metrics.streamEnds, ['events refused', 'events refused']);
  // That of the stream which stands is released when it ends.
  await until(() => rules.runs.released === rules.runs.authorize - 1);
});

test('a verdict on what a body named is not waited for either, and one that fails is told of', async (t) => {
  const pending: PromiseWithResolvers<Verdict>[] = [];
  let isLater = false;
  const named = step<'authorize'>(() => {
    if (!isLater) return PASS;
    const next = Promise.withResolvers<Verdict>();
    pending.push(next);
    return next.promise;
  });
  const reader = step<'inspect'>((exchange) => {
    exchange.slot(ASKED_OPERATIONS).value = [{ name: 'Query.a', count: 1 }];
    return PASS;
  });
  const kind = {
    ...kindOf('p', ({ inBody }) => (inBody === true ? { authorize: named } : { inspect: reader })),
    ...{ inBody: true, namedInBodies: () => ['Query.a'] },
  };
  const { bench, begin, reload: again } = await startEvents(t, rulesFor(), { kinds: [kind] });
  await begin();
  await begin();
  await begin();
  isLater = true;
  await again(2);
  bench.clock.pass(SOON_MS);
  assert.equal(pending.length, 3);
  pending[0]?.resolve(PASS);
  pending[1]?.reject(new Error('boom'));
  await until(() => bench.metrics.standing === 2);
  assert.equal(bench.alerts.length, 1);
  bench.clock.pass(10_000);
  await until(() => bench.metrics.standing === 1);
  assert.equal(bench.alerts.length, 2);
});

test('a reply in parts stands where a policy judges streams, and is judged again as such', async (t) => {
  for (const [standing, framing, count] of [
    [true, 'transfer-encoding: chunked', 1],
    [true, 'content-length: 1000', 0],
    [false, 'transfer-encoding: chunked', 0],
  ] as const) {
    const rules = rulesFor();
    const respond = { ...step<'respond'>(() => PASS), concerns: () => false, replyHead: () => PASS, standing };
    const { authenticate, authorize } = {
      authenticate: step<'authenticate'>(() => rules.authenticate()),
      authorize: step<'authorize'>(() => rules.authorize()),
    };
    const kind = kindOf('p', { authenticate, authorize, respond });
    const { bench, reload: again } = await startEvents(t, rules, { kinds: [kind] });
    const head = `HTTP/1.1 200 OK\r\ncontent-type: multipart/mixed; boundary="-"\r\n${framing}\r\n\r\n`;
    bench.upstream.respond = ({ socket }) => void socket.write(`${head}${chunkOf('---\r\n\r\n{}\r\n')}`);
    const client = bench.client().send(GET);
    await until(() => client.received.includes('{}'));
    assert.equal(bench.metrics.standing, count, framing);
    rules.authorize = () => deny({ code: 'forbidden' });
    await again(2);
    bench.clock.pass(SOON_MS);
    await rest();
    assert.deepEqual(bench.metrics.streamEnds, count === 1 ? ['events refused'] : [], framing);
    if (count === 1) await until(() => client.received.endsWith(LAST_CHUNK));
  }
});

test('a verdict that comes when another Snapshot is in force counts for nothing', async (t) => {
  const rules = rulesFor();
  const { bench, begin, reload: again } = await startEvents(t, rules);
  await begin();
  const late = Promise.withResolvers<Verdict>();
  rules.authorize = () => late.promise;
  await again(2);
  bench.clock.pass(SOON_MS);
  rules.authorize = () => deny({ code: 'forbidden' });
  await again(3);
  late.resolve(PASS);
  await rest();
  assert.equal(bench.metrics.standing, 1);
  bench.clock.pass(SOON_MS);
  assert.deepEqual(bench.metrics.streamEnds, ['events refused']);
});

test('a stream that ended while it was judged is left alone', async (t) => {
  const rules = rulesFor();
  const { bench, begin, reload: again } = await startEvents(t, rules);
  const client = await begin();
  const late = Promise.withResolvers<Verdict>();
  rules.authorize = () => late.promise;
  await again(2);
  bench.clock.pass(SOON_MS);
  client.socket.resetAndDestroy();
  await until(() => bench.metrics.standing === 0);
  late.resolve(PASS);
  await rest();
  assert.deepEqual([bench.metrics.streamEnds, bench.gateway.inFlight, bench.gateway.living], [['events client'], 0, 1]);
});

test('a stream whose operation or upstream is another now is ended', async (t) => {
  const changes: ((url: string) => string)[] = [
    (url) => textOf(url, ['p'], "['GET /other']"),
    (url) => textOf(url, ['p'], "['GET /events']"),
    () => textOf('http://127.0.0.1:9', ['p']),
  ];
  for (const textFor of changes) {
    const { bench, begin } = await startEvents(t);
    const client = await begin();
    assert.ok(bench.install(textFor(bench.upstream.url), { revision: 2 }));
    bench.clock.pass(SOON_MS);
    await client.reply();
    assert.deepEqual([bench.metrics.streamEnds, bench.gateway.living], [['events reload'], 1]);
  }
});

/** Installs what a bench begins with, with all policies in this mode. */
function installMode({ upstream, kinds, gateway }: Bench, mode: 'enforce' | 'observe', revision: number): void {
  const gathered = gatheredOf(textOf(upstream.url, [...kinds.keys()]), kinds, { revision });
  const { config } = gathered;
  const apis = config.apis.map((api) => ({ ...api, policies: api.policies.map((use) => ({ ...use, mode })) }));
  assert.ok(gateway.install(snapshotOf({ ...gathered, config: { ...config, apis } }, kinds)));
}

for (const use of ['parsed', 'raw'] as const) {
  const read: unknown[] = [];
  const reads = step<'respond'>((_exchange, reply) => (read.push(reply.body(use)), PASS), { response: use });
  const kinds = [kindOf('p', { respond: reads })];

  test(`a stream is refused where a policy must read it ${use}, and passes one that only observes`, async (t) => {
    for (const mode of ['enforce', 'observe'] as const) {
      const { bench, begin } = await startEvents(t, rulesFor(), { kinds });
      installMode(bench, mode, 2);
      if (mode === 'observe') {
        await begin();
        assert.deepEqual(bench.metrics.observations, ['upstream-refused-body']);
      } else assert.equal(codeOf(await bench.ask(GET)), 'upstream-refused-body');
      assert.deepEqual([bench.metrics.standing, read], [mode === 'observe' ? 1 : 0, []]);
    }
  });

  test(`a stream ends where a policy must read replies ${use} from now on`, async (t) => {
    const { bench, begin } = await startEvents(t, rulesFor(), { kinds });
    installMode(bench, 'observe', 2);
    await begin();
    installMode(bench, 'observe', 3);
    bench.clock.pass(SOON_MS);
    assert.deepEqual([bench.metrics.standing, bench.gateway.living], [1, 1]);
    installMode(bench, 'enforce', 4);
    bench.clock.pass(SOON_MS);
    assert.deepEqual([bench.metrics.streamEnds, bench.gateway.living], [['events reload'], 1]);
  });
}

test('whoever only observes ends no stream', async (t) => {
  const rules = rulesFor(principalNamed('alice'));
  const { bench, begin } = await startEvents(t, rules);
  installMode(bench, 'observe', 2);
  await begin();
  for (const verdict of [deny({ code: 'forbidden' }), { kind: 'wait', untilMs: 0 } as const]) {
    rules.authorize = () => verdict;
    bench.clock.pass(31_000);
    assert.deepEqual([bench.metrics.standing, bench.metrics.observations], [1, []]);
  }
  rules.authorize = () => assert.fail('boom');
  bench.clock.pass(31_000);
  assert.deepEqual([bench.metrics.streamEnds, bench.alerts.length], [['events refused'], 1]);
});

test('an upstream may be silent for as long as its stream timeout says', async (t) => {
  const { bench, begin } = await startEvents(t);
  const client = await begin();
  bench.clock.pass(299_000);
  await rest();
  assert.equal(bench.metrics.standing, 1);
  bench.clock.pass(2_000);
  await until(() => bench.metrics.standing === 0);
  await client.end();
  assert.deepEqual(bench.metrics.streamEnds, ['events idle']);
  assert.equal(completion(bench).problem, 'upstream-timeout');
});

test('a drain ends streams at once and leaves other requests', async (t) => {
  const { bench, begin } = await startEvents(t);
  const client = await begin();
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nnever');
  const other = bench.client().send(GET);
  await until(() => other.received.endsWith('never'));
  bench.gateway.drain();
  assert.equal((await client.reply()).body.toString(), 'data: 0\n\n');
  assert.deepEqual([bench.metrics.streamEnds, completion(bench).problem], [['events drain'], null]);
  bench.upstream.requests[1]?.socket.write('!');
  assert.equal((await other.reply()).body.toString(), 'never!');
});

test('a client that closes its side of a stream is known to have gone within a second, whenever it does', async (t) => {
  for (const offsetMs of [0, 130, 249, 251, 380, 499]) {
    const { bench, begin } = await startEvents(t);
    const client = await begin();
    bench.clock.pass(1_000 + offsetMs);
    // What was sent last may not have been noted yet.
    bench.upstream.requests[0]?.socket.write(chunkOf('data: 1\n\n'));
    await until(() => client.received.endsWith('data: 1\n\n\r\n'));
    client.socket.end();
    await rest();
    bench.clock.pass(1_000);
    await until(() => bench.upstream.sockets.size === 0);
    assert.deepEqual(bench.metrics.streamEnds, ['events client']);
  }
});

test('a stream whose client has gone lets its upstream go', async (t) => {
  const { bench, begin } = await startEvents(t);
  (await begin()).socket.resetAndDestroy();
  await until(() => bench.upstream.sockets.size === 0);
  assert.deepEqual([bench.metrics.streamEnds, bench.metrics.standing], [['events client'], 0]);
});

test('a step that reads some replies whole ends a stream only where it would read this one', async (t) => {
  const rules = rulesFor(principalNamed('alice'));
  let isRead = false;
  const reader = kindOf('reader', {
    respond: { ...step<'respond'>(() => PASS, { response: 'raw' }), concerns: () => isRead },
  });
  const first = kindOf('p', { authenticate: step(() => rules.authenticate()) });
  const { bench, begin, reload: again } = await startEvents(t, rules, { kinds: [first, reader] });
  await begin();
  await again(2);
  bench.clock.pass(SOON_MS);
  bench.clock.pass(95_000);
  assert.deepEqual([bench.metrics.standing, bench.gateway.living], [1, 1]);
  isRead = true;
  bench.clock.pass(31_000);
  assert.deepEqual(bench.metrics.streamEnds, ['events reload']);
});
