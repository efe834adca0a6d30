import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HealthChange, type HealthEntry, type HealthSettings, mostEjected, PoolHealth } from './pool-health.ts';

const EJECT = { consecutive: 3, failurePercent: 50, timeMs: 10_000, maxTimeMs: 60_000, maxPercent: 50 } as const;
const SETTINGS: HealthSettings = { eject: EJECT, slowStartMs: 0, whenAllDown: 'refuse' };

interface Pool {
  readonly entries: readonly HealthEntry[];
  readonly health: PoolHealth<HealthEntry>;
  readonly heard: string[];
  shares(): readonly number[];
  states(): string;
}

function entriesOf(count: number): readonly HealthEntry[] {
  return Array.from({ length: count }, (_, at) => ({ name: `http://t${at}`, share: 1 }));
}

function poolOf(
  entries: readonly HealthEntry[],
  settings: HealthSettings = SETTINGS,
  before: PoolHealth<HealthEntry> | null = null,
  nowMs = 0,
): Pool {
  const heard: string[] = [];
  const events = {
    sharesChanged: () => void heard.push('shares'),
    happened: (change: HealthChange) => {
      const { kind, name } = change;
      const why = kind === 'returned' ? '' : `, ${change.reason}`;
      heard.push(`${name} ${kind}${kind === 'ejected' ? ` ${change.forMs}` : ''}${why}`);
    },
  };
  const health = new PoolHealth(settings, entries, nowMs, { events, before });
  return {
    entries,
    health,
    heard,
    shares: () => entries.map(({ share }) => share),
    states: () =>
      health
        .report()
        .map(({ state }) => state)
        .join(' '),
  };
}

function entry({ entries }: Pool, at: number): HealthEntry {
  const found = entries[at];
  assert.ok(found !== undefined);
  return found;
}

function answer(pool: Pool, at: number, status: number, nowMs: number): void {
  pool.health.replied(entry(pool, at), status, nowMs);
  pool.health.completed(entry(pool, at), status, nowMs);
}

function fail(pool: Pool, at: number, times: number, nowMs: number): void {
  for (let time = 0; time < times; time++) pool.health.failed(entry(pool, at), 'ECONNREFUSED', nowMs);
}

test('the part that must fail, and the first time, are those that are set', () => {
  const eject = { ...EJECT, consecutive: 100, failurePercent: 80, timeMs: 2_000 };
  const pool = poolOf(entriesOf(2), { ...SETTINGS, eject });
  for (let asked = 0; asked < 5; asked++) answer(pool, 0, 200, 0);
  fail(pool, 0, 19, 0);
  assert.deepEqual(pool.heard, []);
  fail(pool, 0, 1, 0);
  assert.deepEqual(pool.heard, ['http://t0 ejected 2000, ECONNREFUSED', 'shares']);
});

test('so many failures in a row eject a target, a success between them starts the row anew', () => {
  const pool = poolOf(entriesOf(3));
  fail(pool, 0, 2, 0);
  answer(pool, 0, 200, 0);
  fail(pool, 0, 2, 0);
  assert.deepEqual(pool.shares(), [1, 1, 1]);
  fail(pool, 0, 1, 5);
  assert.deepEqual(pool.shares(), [0, 1, 1]);
  assert.deepEqual(pool.heard, ['http://t0 ejected 10000, ECONNREFUSED', 'shares']);
  assert.deepEqual(pool.health.report()[0], {
    ...{ name: 'http://t0', state: 'ejected', sinceMs: 5, untilMs: 10_005, reason: 'ECONNREFUSED' },
  });
});

test('a reply that breaks off behind its head is a failure, whatever its status', () => {
  const pool = poolOf(entriesOf(2));
  for (let asked = 0; asked < 3; asked++) {
    pool.health.replied(entry(pool, 0), 200, 0);
    pool.health.failed(entry(pool, 0), 'broke off', 0);
  }
  assert.equal(pool.states(), 'ejected up');
});

test('502, 503 and 504 are failures, other statuses are not', () => {
  const pool = poolOf(entriesOf(2));
  for (const status of [500, 501, 505, 429, 404, 500]) answer(pool, 1, status, 0);
  assert.equal(pool.states(), 'up up');
  for (const status of [502, 503, 504]) answer(pool, 1, status, 0);
  assert.equal(pool.states(), 'up ejected');
  assert.equal(pool.heard.at(-2), 'http://t1 ejected 10000, status 504');
});

test('a target that fails every other time is ejected for the part that failed', () => {
  const pool = poolOf(entriesOf(2));
  let asked = 0;
  for (; pool.states() === 'up up' && asked < 100; asked++) {
    answer(pool, 0, asked % 2 === 0 ? 200 : 503, asked);
  }
  assert.equal(asked, 20);
  assert.equal(pool.states(), 'ejected up');
});

test('what failed long ago is not counted with what fails now', () => {
  const pool = poolOf(entriesOf(2));
  for (let at = 0; at < 18; at++) answer(pool, 0, at % 2 === 0 ? 200 : 503, at);
  for (let at = 0; at < 18; at++) answer(pool, 0, at % 2 === 0 ? 200 : 503, 30_000 + at);
  assert.equal(pool.states(), 'up up');
});

test('a target comes back when its time is over; one more failure ejects it again, for twice as long and at most the longest', () => {
  const pool = poolOf(entriesOf(2));
  fail(pool, 0, 3, 0);
  let nowMs = 0;
  const lengths = [10_000, 20_000, 40_000, 60_000, 60_000];
  for (const length of lengths) {
    pool.health.sweep(nowMs + length - 1);
    assert.equal(pool.shares()[0], 0);
    nowMs += length;
    pool.health.sweep(nowMs);
    assert.equal(pool.shares()[0], 1);
    fail(pool, 0, 1, nowMs);
  }
  const told = pool.heard
    .filter((line) => line.includes('ejected'))
    .map((line) => Number(/ejected (\d+)/.exec(line)?.[1]));
  assert.deepEqual(told, [...lengths, 60_000]);
});

test('a success ends the probation, and time well spent is taken off the next ejection', () => {
  const pool = poolOf(entriesOf(2));
  fail(pool, 0, 3, 0);
  pool.health.sweep(10_000);
  answer(pool, 0, 200, 10_000);
  fail(pool, 0, 2, 10_001);
  assert.equal(pool.shares()[0], 1);
  fail(pool, 0, 1, 10_002);
  assert.match(pool.heard.at(-2) ?? '', /ejected 20000/);
  pool.health.sweep(31_000);
  fail(pool, 0, 1, 31_000 + 40_000);
  assert.match(pool.heard.at(-2) ?? '', /ejected 10000/);
});

test('never more targets are ejected than allowed, and never the last one', () => {
  const most = [1, 2, 3, 4, 5, 10].map((up) => [10, 50, 100].map((percent) => mostEjected(up, percent)));
  assert.deepEqual(most, [
    [0, 0, 0],
    [1, 1, 1],
    [1, 1, 2],
    [1, 2, 3],
    [1, 2, 4],
    [1, 5, 9],
  ]);
  const pool = poolOf(entriesOf(4));
  for (const at of [0, 1, 2, 3]) fail(pool, at, 9, 0);
  assert.equal(pool.states(), 'ejected ejected up up');
  assert.equal(pool.health.usable, 2);
  const alone = poolOf(entriesOf(1));
  fail(alone, 0, 99, 0);
  assert.equal(alone.states(), 'up');
});

test('where checks take targets out, ejected ones come back so that one is always asked', () => {
  const pool = poolOf(entriesOf(4));
  fail(pool, 0, 3, 0);
  fail(pool, 1, 3, 7);
  pool.health.checked('http://t2', false, 'status 500', 8);
  assert.equal(pool.states(), 'starting ejected down up');
  pool.health.checked('http://t3', false, 'status 500', 9);
  assert.equal(pool.states(), 'starting ejected down down');
  pool.health.checked('http://t0', false, 'no answer', 10);
  assert.equal(pool.states(), 'down starting down down');
  assert.equal(pool.health.usable, 1);
});

test('where all fail their checks requests are refused, or all are asked, as it is set', () => {
  const refusing = poolOf(entriesOf(2));
  const serving = poolOf(entriesOf(2), { ...SETTINGS, whenAllDown: 'serve' });
  for (const { health } of [refusing, serving]) {
    health.checked('http://t0', false, 'status 500', 0);
    health.checked('http://t1', false, 'status 500', 0);
  }
  assert.deepEqual(refusing.shares(), [0, 0]);
  assert.deepEqual(serving.shares(), [1, 1]);
  fail(serving, 0, 9, 1);
  assert.equal(serving.states(), 'down down');
  serving.health.checked('http://t1', true, '', 2);
  assert.deepEqual(serving.shares(), [0, 1]);
});

test('what the checks say is heard once, and of a target that there is none nothing', () => {
  const pool = poolOf(entriesOf(2));
  pool.health.checked('http://t0', true, '', 0);
  pool.health.checked('http://t0', false, 'status 500', 1);
  pool.health.checked('http://t0', false, 'status 404', 2);
  pool.health.checked('http://t7', false, 'status 500', 2);
  pool.health.failed({ name: 'http://t7', share: 1 }, 'ECONNRESET', 2);
  pool.health.checked('http://t0', true, '', 3);
  assert.deepEqual(pool.heard, ['http://t0 down, status 500', 'shares', 'http://t0 returned', 'shares']);
});

test('a target that is back gets a tenth first and all of its part behind the slow start', () => {
  const pool = poolOf(entriesOf(2), { ...SETTINGS, slowStartMs: 10_000 });
  fail(pool, 0, 3, 0);
  const shares = [10_000, 12_500, 15_000, 19_999, 20_000, 30_000].map((nowMs) => {
    pool.health.sweep(nowMs);
    return Math.round((pool.shares()[0] ?? 0) * 1_000);
  });
  assert.deepEqual(shares, [100, 325, 550, 1_000, 1_000, 1_000]);
  assert.equal(pool.states(), 'up up');
});

test('among other targets those that stay keep their state, new ones start slowly, and the pool before hears on for itself', () => {
  const before = poolOf(entriesOf(3), { ...SETTINGS, slowStartMs: 10_000 });
  fail(before, 1, 3, 0);
  const next = [1, 2, 3].map((at) => ({ name: `http://t${at}`, share: 1 }));
  const pool = poolOf(next, { ...SETTINGS, slowStartMs: 10_000 }, before.health, 5_000);
  assert.equal(pool.states(), 'ejected up starting');
  assert.deepEqual(pool.shares(), [0, 1, 0.1]);
  fail(before, 2, 3, 5_000);
  assert.equal(pool.states(), 'ejected up starting');
  pool.health.sweep(10_000);
  assert.equal(pool.states(), 'starting up starting');
});

test('where ejection is switched off, who was ejected is asked again; fewer targets bring back who is too many', () => {
  const before = poolOf(entriesOf(4));
  fail(before, 0, 3, 0);
  fail(before, 1, 3, 1);
  assert.equal(
    poolOf(entriesOf(4), { ...SETTINGS, eject: null }, before.health, 2).states(),
    'starting starting up up',
  );
  assert.equal(poolOf(entriesOf(3), SETTINGS, before.health, 2).states(), 'starting ejected up');
  const off = poolOf(entriesOf(2), { ...SETTINGS, eject: null });
  fail(off, 0, 99, 0);
  for (let at = 0; at < 99; at++) answer(off, 0, 503, 0);
  assert.equal(off.states(), 'up up');
});
