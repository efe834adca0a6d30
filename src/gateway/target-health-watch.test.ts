import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TableVersion } from '../ports/index.ts';
import type { UpstreamFailure } from '../wire/index.ts';
import {
  apiText,
  type Bench,
  fakePorts,
  gatheredOf,
  OK_REPLY,
  RawUpstream,
  snapshotOf,
  startBench,
  until,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { TargetHealthWatch } from './target-health-watch.ts';
import { healthKey, UPSTREAM_HEALTH, type UpstreamHealthRow } from './upstream-health-table.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n';
const EJECT =
  ', balance: round-robin, retries: 0, health: { eject: { consecutive: 3, time: 10s, maxTime: 40s }, slowStart: 0s }';

interface Many {
  readonly bench: Bench;
  readonly targets: readonly RawUpstream[];
}

async function startMany(t: TestContext, count: number, more = EJECT): Promise<Many> {
  const targets = await Promise.all(Array.from({ length: count }, () => RawUpstream.start(t)));
  const bench = await startBench(t);
  assert.ok(bench.install(textOf(targets, more)));
  return { bench, targets };
}

function textOf(targets: readonly { readonly url: string }[], more = EJECT): string {
  return apiText(`{ targets: [${targets.map(({ url }) => `'${url}'`).join(', ')}]${more} }`, []);
}

/** How many of so many requests failed. */
async function failuresOf({ bench }: Many, count: number): Promise<number> {
  let failed = 0;
  const client = bench.client();
  for (let asked = 0; asked < count; asked++) if ((await client.send(GET).reply('GET')).status !== 200) failed++;
  client.socket.destroy();
  return failed;
}

/** What becomes of the first target: each way of not doing its work that needs no time to pass. */
const WAYS: Readonly<Record<string, (target: RawUpstream) => void>> = {
  dies: (target) => target.close(),
  'answers 503': (target) => {
    target.respond = ({ socket }) => void socket.write('HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n');
  },
  resets: (target) => {
    target.respond = ({ socket }) => void socket.resetAndDestroy();
  },
  'breaks off in its replies': (target) => {
    target.respond = ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok');
  },
  'sends nonsense': (target) => {
    target.respond = ({ socket }) => void socket.end('HTTP/1.1 OK\r\n\r\n');
  },
};

for (const [way, befall] of Object.entries(WAYS)) {
  test(`of three targets one ${way}: behind the third failure no request fails, and none is sent there`, async (t) => {
    const many = await startMany(t, 3);
    const { bench, targets } = many;
    assert.equal(await failuresOf(many, 9), 0);
    befall(targets[0] as RawUpstream);
    // RawClient waits for a whole body: what breaks off is not whole.
    const replies = Array.from({ length: 9 }, () => bench.ask(GET).catch(() => null));
    await Promise.all(replies);
    assert.deepEqual(bench.metrics.ejections, ['a']);
    const asked = targets[0]?.requests.length;
    assert.equal(await failuresOf(many, 60), 0);
    assert.equal(targets[0]?.requests.length, asked);
    assert.equal(bench.lines.filter(({ event }) => event === 'upstream.target-ejected').length, 1);
  });
}

test('a target that hangs is ejected for its time-outs', async (t) => {
  const many = await startMany(t, 3);
  const { bench, targets } = many;
  const first = targets[0] as RawUpstream;
  first.respond = () => {};
  const replies = Array.from({ length: 9 }, () => bench.ask(GET));
  const statuses = replies.map(async (reply) => (await reply).status);
  let answered = 0;
  for (const status of statuses) void status.then(() => answered++);
  await until(() => answered === 6 && first.requests.length === 3);
  bench.clock.pass(31_000);
  assert.deepEqual(
    (await Promise.all(statuses)).toSorted((one, other) => one - other),
    [...Array<number>(6).fill(200), 504, 504, 504],
  );
  assert.deepEqual(bench.metrics.ejections, ['a']);
  assert.equal(await failuresOf(many, 30), 0);
});

test('a target comes back behind its time, and is ejected twice as long by one more failure; well again it gets its part', async (t) => {
  const many = await startMany(t, 2);
  const { bench, targets } = many;
  const first = targets[0] as RawUpstream;
  const bad: RawUpstream['respond'] = ({ socket }) => void socket.write('HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n');
  first.respond = bad;
  assert.equal(await failuresOf(many, 6), 3);
  bench.clock.pass(9_000);
  assert.equal(await failuresOf(many, 10), 0);
  bench.clock.pass(2_000);
  assert.equal(await failuresOf(many, 10), 1);
  bench.clock.pass(19_000);
  assert.equal(await failuresOf(many, 10), 0);
  first.respond = ({ socket }) => void socket.write(OK_REPLY);
  bench.clock.pass(2_000);
  const before = first.requests.length;
  assert.equal(await failuresOf(many, 10), 0);
  assert.equal(first.requests.length - before, 5);
  const told = bench.lines.filter(({ event }) => event.startsWith('upstream.'));
  assert.deepEqual(
    told.map(({ event }) => event),
    [
      ...['upstream.target-ejected', 'upstream.target-back', 'upstream.recovered'],
      ...['upstream.target-ejected', 'upstream.target-back', 'upstream.recovered'],
    ],
  );
  assert.deepEqual(
    bench.alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [
      ['upstream.targets-lost', 'a', 'high'],
      ['upstream.targets-lost', 'a', 'high'],
    ],
  );
});

test('a target that is back gets little at first, and more with time', async (t) => {
  const many = await startMany(t, 2, EJECT.replace('slowStart: 0s', 'slowStart: 10s'));
  const { bench, targets } = many;
  const first = targets[0] as RawUpstream;
  first.respond = ({ socket }) => void socket.write('HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n');
  await failuresOf(many, 6);
  first.respond = ({ socket }) => void socket.write(OK_REPLY);
  bench.clock.pass(10_000);
  const parts: number[] = [];
  for (let second = 0; second < 3; second++, bench.clock.pass(5_000)) {
    const before = first.requests.length;
    assert.equal(await failuresOf(many, 100), 0);
    parts.push(first.requests.length - before);
  }
  assert.ok((parts[0] as number) < 15, `${parts.join()}`);
  assert.ok((parts[1] as number) > 25 && (parts[1] as number) < 45, `${parts.join()}`);
  assert.equal(parts[2], 50);
});

test('a reload does not bring back who is ejected: neither with other settings nor with other targets beside it', async (t) => {
  const many = await startMany(t, 3);
  const { bench } = many;
  const targets = many.targets.map(({ url }) => ({ url }));
  many.targets[0]?.close();
  await failuresOf(many, 9);
  assert.deepEqual(bench.metrics.ejections, ['a']);
  for (const more of [EJECT, EJECT.replace('round-robin', 'p2c'), EJECT.replace('40s', '50s')]) {
    assert.ok(bench.install(textOf(targets, more)));
    assert.equal(await failuresOf(many, 12), 0, more);
  }
  const another = await RawUpstream.start(t);
  assert.ok(bench.install(textOf([...targets, another])));
  assert.equal(await failuresOf(many, 12), 0);
  // Without ejection it is asked again.
  assert.ok(
    bench.install(textOf(targets, ', balance: round-robin, retries: 0, health: { eject: off, slowStart: 0s }')),
  );
  assert.ok((await failuresOf(many, 12)) > 0);
});

test('a single target is asked on, however bad it is', async (t) => {
  const many = await startMany(t, 1);
  (many.targets[0] as RawUpstream).close();
  assert.equal(await failuresOf(many, 10), 10);
  assert.deepEqual(many.bench.metrics.ejections, []);
});

/** A watch over three targets whose checks are told by a table. */
function watched(health: string) {
  const fakes = fakePorts();
  const names = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
  const urls = names.map((name) => ({ url: `http://${name}` }));
  const kinds = kindTable([]);
  const [api] = snapshotOf(gatheredOf(textOf(urls, `, health: ${health}`), kinds), kinds).apis;
  assert.ok(api !== undefined);
  let held: TableVersion<unknown> = { declaration: UPSTREAM_HEALTH, version: 0, filledAtMs: null, rows: new Map() };
  const tables = { declare() {}, read: <Row>(): TableVersion<Row> => held as TableVersion<Row> };
  const endpoints = names.map((name) => ({
    ...{ name, weight: 1, share: 1, inFlight: 0, authority: name },
    upstream: null as never,
  }));
  const watch = new TargetHealthWatch({ name: 'a', api }, fakes.ports, { tables, before: null });
  const changed = { count: 0 };
  watch.use(endpoints, { changed: () => void changed.count++ });
  const fill = (...down: readonly number[]): void => {
    const row: UpstreamHealthRow = { up: false, reason: 'status 500', sinceMs: 7 };
    const rows = new Map(down.map((at) => [healthKey('a', names[at] ?? ''), row]));
    held = { ...held, version: held.version + 1, filledAtMs: 1, rows };
    watch.tableReplaced(UPSTREAM_HEALTH.name);
  };
  return { ...fakes, watch, endpoints, fill, changed, shares: () => endpoints.map(({ share }) => share) };
}

test('what the checks say becomes the share of each target, and who picks is told', () => {
  const { fill, shares, changed, watch, alerts, lines } = watched('{ path: /live, slowStart: 0s }');
  assert.deepEqual(shares(), [1, 1, 1]);
  fill(0);
  assert.deepEqual([shares(), changed.count], [[0, 1, 1], 1]);
  watch.tableReplaced('another');
  fill(0);
  assert.equal(changed.count, 1);
  fill(0, 2);
  assert.deepEqual(shares(), [0, 1, 0]);
  fill(0, 1, 2);
  assert.deepEqual(shares(), [0, 0, 0]);
  assert.deepEqual(
    watch.report().targets.map(({ name, state, reason }) => `${name} ${state} ${reason}`),
    ['10.0.0.1:80 down status 500', '10.0.0.2:80 down status 500', '10.0.0.3:80 down status 500'],
  );
  fill();
  assert.deepEqual(shares(), [1, 1, 1]);
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [
      ['upstream.targets-lost', 'a', 'high'],
      ['upstream.targets-lost', 'a all', 'critical'],
    ],
  );
  assert.equal(lines.filter(({ event }) => event === 'upstream.recovered').length, 1);
});

test('where targets are not checked, what the table says of them means nothing', () => {
  const { fill, shares } = watched('{ eject: off }');
  fill(0, 1, 2);
  assert.deepEqual(shares(), [1, 1, 1]);
});

test('where all fail their checks and are to be served, all are asked', () => {
  const { fill, shares } = watched('{ check: tcp, whenAllDown: serve, slowStart: 0s }');
  fill(0, 1, 2);
  assert.deepEqual(shares(), [1, 1, 1]);
  fill(0, 2);
  assert.deepEqual(shares(), [0, 1, 0]);
});

test('what is full here takes no target out, and what breaks off there does', () => {
  const { watch, endpoints, shares } = watched('{ eject: { consecutive: 3 } }');
  const fail = (code: UpstreamFailure['code'], times: number): void => {
    for (const endpoint of endpoints.slice(0, 1))
      for (let at = 0; at < times; at++) watch.failed(endpoint, { code, detail: code }, at);
  };
  fail('upstream-overloaded', 100);
  assert.deepEqual(shares(), [1, 1, 1]);
  fail('upstream-incomplete-reply', 3);
  assert.deepEqual(shares(), [0, 1, 1]);
});
