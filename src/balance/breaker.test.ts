import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitmix } from './entries-fixture.test.ts';
import { Breaker, type BreakerRules, type BreakerState, type CallOutcome, NOT_LET_THROUGH } from './breaker.ts';

const RULES: BreakerRules = { failures: 0.5, least: 4, windowMs: 10_000, unreachable: 3, openMs: 5_000, probes: 2 };

function makeBreaker(rules: Partial<BreakerRules> = {}) {
  const states: BreakerState[] = [];
  const breaker = new Breaker({ ...RULES, ...rules }, (state) => states.push(state));
  const call = (outcome: CallOutcome, nowMs: number): boolean => {
    const period = breaker.begin(nowMs);
    if (period !== NOT_LET_THROUGH) breaker.ended(period, outcome, nowMs);
    return period !== NOT_LET_THROUGH;
  };
  return { breaker, states, call };
}

test('it opens when the share of failures is reached by enough calls, and not before', () => {
  const { breaker, call } = makeBreaker();
  for (const outcome of ['failed', 'failed', 'failed'] as const) call(outcome, 0);
  assert.equal(breaker.state, 'closed');
  call('succeeded', 1);
  assert.equal(breaker.state, 'closed', 'a success is no reason to open');
  call('failed', 2);
  assert.equal(breaker.state, 'open');
});

test('it opens when connections in a row can not be made, however few', () => {
  const { breaker, call } = makeBreaker({ least: 1_000 });
  for (const outcome of ['unreachable', 'unreachable', 'succeeded', 'unreachable', 'unreachable', 'failed'] as const)
    call(outcome, 0);
  call('unreachable', 0);
  call('unreachable', 0);
  assert.equal(breaker.state, 'closed');
  call('unreachable', 0);
  assert.equal(breaker.state, 'open');
});

test('calls of which nothing was learned count for nothing', () => {
  const { breaker, call } = makeBreaker();
  for (let n = 0; n < 100; n++) call('unknown', n);
  for (let n = 0; n < 3; n++) call('failed', n);
  assert.equal(breaker.state, 'closed');
});

test('failures that are older than the window are forgotten', () => {
  const { breaker, call } = makeBreaker();
  for (let n = 0; n < 3; n++) call('failed', 0);
  for (let n = 0; n < 3; n++) call('failed', RULES.windowMs);
  assert.equal(breaker.state, 'closed');
});

test('while it is open nothing is let through, and it says for how long', () => {
  const { breaker, call } = makeBreaker();
  for (let n = 0; n < 4; n++) call('failed', 0);
  assert.equal(breaker.closedForMs(1_000), 4_000);
  for (let ms = 0; ms < RULES.openMs; ms += 100) assert.equal(call('succeeded', ms), false);
  assert.equal(breaker.closedForMs(RULES.openMs), 0);
});

test('half open, it lets so many calls through, and closes when all of them succeed', () => {
  const { breaker, states, call } = makeBreaker();
  for (let n = 0; n < 4; n++) call('failed', 0);
  const first = breaker.begin(5_000);
  const second = breaker.begin(5_000);
  assert.equal(breaker.begin(5_000), NOT_LET_THROUGH);
  breaker.ended(first, 'succeeded', 5_001);
  assert.equal(breaker.begin(5_001), NOT_LET_THROUGH, 'a probe that succeeded makes no place for another');
  breaker.ended(second, 'succeeded', 5_002);
  assert.deepEqual(states, ['open', 'half-open', 'closed']);
  assert.equal(call('failed', 5_003), true);
  assert.equal(breaker.state, 'closed', 'what failed before it opened is forgotten');
});

test('one failed probe opens it again for the whole time', () => {
  const { breaker, states, call } = makeBreaker();
  for (let n = 0; n < 4; n++) call('failed', 0);
  call('succeeded', 5_000);
  call('failed', 5_001);
  assert.deepEqual(states, ['open', 'half-open', 'open']);
  assert.equal(breaker.closedForMs(5_001), 5_000);
});

test('a probe of which nothing was learned gives its place to another', () => {
  const { breaker, call } = makeBreaker();
  for (let n = 0; n < 4; n++) call('failed', 0);
  for (let n = 0; n < 10; n++) assert.equal(call('unknown', 5_000), true);
  assert.equal(breaker.state, 'half-open');
});

test('probes that never end do not keep it half open: others take their places', () => {
  const { breaker, call } = makeBreaker();
  for (let n = 0; n < 4; n++) call('failed', 0);
  const lost = [breaker.begin(5_000), breaker.begin(5_000)];
  assert.equal(call('succeeded', 9_999), false);
  assert.equal(call('succeeded', 10_000), true);
  for (const period of lost) breaker.ended(period, 'failed', 10_001);
  assert.equal(breaker.state, 'half-open', 'what they come to later says nothing of now');
  assert.equal(call('succeeded', 10_002), true);
  assert.equal(breaker.state, 'closed');
});

test('calls that began before it opened neither open nor close it when they end', () => {
  const { breaker, call } = makeBreaker();
  const early = Array.from({ length: 8 }, () => breaker.begin(0));
  for (let n = 0; n < 4; n++) call('failed', 0);
  breaker.begin(5_000);
  for (const [at, period] of early.entries()) breaker.ended(period, at % 2 === 0 ? 'failed' : 'succeeded', 5_001);
  assert.equal(breaker.state, 'half-open');
});

const LEGAL: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};

test('whatever happens, its states follow each other as they may, and no more probes are let through than there may be', () => {
  const outcome = fc.constantFrom<CallOutcome>('succeeded', 'failed', 'unreachable', 'unknown');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('begin' as const), afterMs: fc.integer({ min: 0, max: 3_000 }) }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat(), outcome, afterMs: fc.nat({ max: 500 }) }),
  );
  const rules = fc.record({
    failures: fc.double({ min: 0.01, max: 1, noNaN: true }),
    least: fc.integer({ min: 1, max: 6 }),
    windowMs: fc.integer({ min: 100, max: 20_000 }),
    unreachable: fc.integer({ min: 1, max: 4 }),
    openMs: fc.integer({ min: 100, max: 10_000 }),
    probes: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(rules, fc.array(step, { maxLength: 200 }), (given, steps) => {
      const watched = new Watched(given);
      for (const one of steps) {
        if (one.kind === 'begin') watched.begin(one.afterMs);
        else watched.end(one.which, one.outcome, one.afterMs);
      }
      // No starvation: with an upstream that is well it closes after as many calls as it asks for.
      for (let round = 0; round < 2; round++) {
        watched.forget();
        watched.begin(given.openMs);
        for (let n = 0; n <= given.probes; n++) {
          watched.end(0, 'succeeded', 0);
          watched.begin(0);
        }
      }
      assert.equal(watched.state, 'closed');
    }),
  );
});

/** A breaker of which each step is held against what it promises. */
class Watched {
  state: BreakerState = 'closed';
  readonly #rules: BreakerRules;
  readonly #breaker: Breaker;
  #under: number[] = [];
  #openedMs = 0;
  #nowMs = 0;

  constructor(rules: BreakerRules) {
    this.#rules = rules;
    this.#breaker = new Breaker(rules, (state) => {
      assert.ok(LEGAL[this.state].includes(state), `${this.state} to ${state}`);
      this.state = state;
      if (state === 'open') this.#openedMs = this.#nowMs;
    });
  }

  begin(afterMs: number): void {
    this.#nowMs += afterMs;
    const before = this.state;
    const period = this.#breaker.begin(this.#nowMs);
    assert.equal(this.#breaker.state, this.state);
    if (period === NOT_LET_THROUGH) {
      assert.notEqual(before, 'closed', 'closed, it lets all through');
      return;
    }
    const isRested = this.#nowMs - this.#openedMs >= this.#rules.openMs;
    assert.ok(before !== 'open' || isRested, 'open, it keeps its time');
    this.#under.push(period);
    const probes = this.#under.filter((other) => other === period).length;
    assert.ok(this.state !== 'half-open' || probes <= this.#rules.probes, 'no more probes than may be at once');
  }

  /** One of the calls under way ends. */
  end(which: number, outcome: CallOutcome, afterMs: number): void {
    this.#nowMs += afterMs;
    if (this.#under.length === 0) return;
    const [period] = this.#under.splice(which % this.#under.length, 1);
    this.#breaker.ended(period as number, outcome, this.#nowMs);
    assert.equal(this.#breaker.state, this.state);
  }

  /** Calls under way never end. */
  forget(): void {
    this.#under = [];
  }
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`simulated with seed ${seed}, a minute of failing costs an upstream few calls, and it is used soon after`, () => {
    const chance = splitmix(seed);
    const { breaker } = makeBreaker({ least: 20 });
    const ends: { readonly atMs: number; readonly period: number; readonly outcome: CallOutcome }[] = [];
    let failing = 0;
    let backMs: number | null = null;
    for (let nowMs = 0; nowMs < 120_000; nowMs += 2) {
      const isDown = nowMs >= 30_000 && nowMs < 90_000;
      for (const end of ends.splice(0)) {
        if (end.atMs > nowMs) ends.push(end);
        else breaker.ended(end.period, end.outcome, nowMs);
      }
      const period = breaker.begin(nowMs);
      if (nowMs < 30_000) assert.notEqual(period, NOT_LET_THROUGH, 'a tenth of failures is no reason');
      if (nowMs >= 90_000 && breaker.state === 'closed') backMs ??= nowMs;
      if (period === NOT_LET_THROUGH) continue;
      if (isDown) failing++;
      const fails = isDown || (nowMs < 30_000 && chance() < 0.1);
      ends.push({ atMs: nowMs + chance() * 50, period, outcome: fails ? 'failed' : 'succeeded' });
    }
    // Of thirty thousand: until half of the calls of a window have failed, and then two each five seconds.
    assert.ok(failing < 6_000, `${failing} calls went to an upstream that fails`);
    assert.ok(backMs !== null && backMs < 90_000 + RULES.openMs + 200, `back at ${backMs}`);
  });
}
