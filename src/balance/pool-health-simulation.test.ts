import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HealthChange, type HealthEntry, type HealthSettings, mostEjected, PoolHealth } from './pool-health.ts';
import type { TargetState } from './target-health.ts';

/** From each state, those that may come next. */
const LEGAL: Readonly<Record<TargetState, readonly TargetState[]>> = {
  up: ['up', 'ejected', 'down'],
  starting: ['starting', 'up', 'ejected', 'down'],
  ejected: ['ejected', 'starting', 'down'],
  down: ['down', 'starting'],
};

const settings = fc.record({
  eject: fc.option(
    fc.record({
      consecutive: fc.integer({ min: 1, max: 8 }),
      failurePercent: fc.integer({ min: 1, max: 100 }),
      timeMs: fc.integer({ min: 100, max: 20_000 }),
      maxTimeMs: fc.integer({ min: 20_000, max: 300_000 }),
      maxPercent: fc.integer({ min: 1, max: 100 }),
    }),
    { freq: 6 },
  ),
  slowStartMs: fc.constantFrom(0, 1_000, 10_000),
  whenAllDown: fc.constantFrom('refuse', 'serve'),
});

/** What happens to the target `at` of those there are, or to all. */
const step = fc.oneof(
  fc.record({ what: fc.constant('fail'), at: fc.nat(11), times: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ what: fc.constant('reply'), at: fc.nat(11), status: fc.constantFrom(200, 404, 500, 502, 503, 504) }),
  fc.record({ what: fc.constant('check'), at: fc.nat(11), isUp: fc.boolean() }),
  fc.record({ what: fc.constant('wait'), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ what: fc.constant('anew'), from: fc.nat(5), count: fc.integer({ min: 1, max: 12 }) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One pool after the other, and what is held of it. */
class Simulation {
  readonly settings: HealthSettings;
  nowMs = 0;
  entries: readonly HealthEntry[] = [];
  pool!: PoolHealth<HealthEntry>;
  #told = 0;
  #states = new Map<string, TargetState>();
  #shares: readonly number[] = [];

  constructor(given: HealthSettings) {
    this.settings = given;
    this.#open(0, 6, null);
  }

  take(given: Step): void {
    switch (given.what) {
      case 'fail':
        for (let time = 0; time < given.times; time++) this.pool.failed(this.#at(given.at), 'ECONNRESET', this.nowMs);
        break;
      case 'reply':
        this.pool.replied(this.#at(given.at), given.status, this.nowMs);
        this.pool.completed(this.#at(given.at), given.status, this.nowMs);
        break;
      case 'check':
        this.pool.checked(this.#at(given.at).name, given.isUp, 'status 500', this.nowMs);
        break;
      case 'wait':
        this.wait(given.ms);
        break;
      case 'anew':
        this.#open(given.from, given.count, this.pool);
    }
    this.check();
  }

  /** As a thread sweeps: twice a second. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs = Math.min(untilMs, this.nowMs + 500);
      this.pool.sweep(this.nowMs);
      this.check();
    }
  }

  check(): void {
    const report = this.pool.report();
    const count = (state: TargetState): number => report.filter((each) => each.state === state).length;
    const up = report.length - count('down');
    const { eject } = this.settings;
    assert.ok(
      count('ejected') <= (eject === null ? 0 : Math.max(0, mostEjected(up, eject.maxPercent))),
      'the floor holds',
    );
    assert.equal(this.pool.usable, up - count('ejected'));
    if (up > 0) assert.ok(this.pool.usable > 0, 'one that passes its checks is always asked');
    for (const [at, { name, state, untilMs }] of report.entries()) {
      const before = this.#states.get(name);
      if (before !== undefined) assert.ok(LEGAL[before].includes(state), `${before} to ${state}`);
      this.#states.set(name, state);
      const share = this.entries[at]?.share ?? NaN;
      if (up === 0) assert.equal(share, this.settings.whenAllDown === 'serve' ? 1 : 0);
      else if (state === 'up') assert.equal(share, 1);
      else if (state === 'starting') assert.ok(share >= 0.1 && share <= 1);
      else assert.equal(share, 0);
      if (untilMs !== null) assert.ok(untilMs - this.nowMs <= (eject?.maxTimeMs ?? 0), 'an ejection is bounded');
    }
    const shares = this.entries.map(({ share }) => share);
    if (this.#told === 0) assert.deepEqual(shares, this.#shares, 'whoever picks is told of each change');
    this.#shares = shares;
    this.#told = 0;
  }

  #at(at: number): HealthEntry {
    const entry = this.entries[at % this.entries.length];
    assert.ok(entry !== undefined);
    return entry;
  }

  #open(from: number, count: number, before: PoolHealth<HealthEntry> | null): void {
    this.entries = Array.from({ length: count }, (_, at) => ({ name: `http://t${from + at}`, share: 1 }));
    const names = new Set(this.entries.map(({ name }) => name));
    for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
    this.#shares = this.entries.map(({ share }) => share);
    const events = {
      sharesChanged: () => void this.#told++,
      happened: (change: HealthChange) => {
        if (change.kind !== 'ejected') return;
        const { eject } = this.settings;
        assert.ok(eject !== null && change.forMs >= Math.min(eject.timeMs, eject.maxTimeMs));
        assert.ok(change.forMs <= eject.maxTimeMs);
      },
    };
    this.pool = new PoolHealth(this.settings, this.entries, this.nowMs, { events, before });
  }
}

test('whatever happens, states change only as they may, the floor holds, and who picks is told', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 80 }), (given, steps) => {
      const simulation = new Simulation(given);
      for (const each of steps) simulation.take(each);
    }),
    { numRuns: 300 },
  );
});

test('whatever has happened, nobody starves: once all is well each target gets all of its part', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60 }), (given, steps) => {
      const simulation = new Simulation(given);
      for (const each of steps) simulation.take(each);
      for (const at of simulation.entries.keys()) simulation.take({ what: 'check', at, isUp: true });
      simulation.wait((given.eject?.maxTimeMs ?? 0) + given.slowStartMs + 500);
      assert.ok(simulation.entries.every(({ share }) => share === 1));
      assert.equal(simulation.pool.usable, simulation.entries.length);
    }),
    { numRuns: 100 },
  );
});
