import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, splitmix } from './entries-fixture.test.ts';
import {
  type BalanceRule,
  Breaker,
  type BreakerRules,
  type BreakerState,
  type CallOutcome,
  CheckStreak,
  createPicker,
  type Entry,
  type HealthChange,
  type HealthSettings,
  NOT_LET_THROUGH,
  type Picker,
  PoolHealth,
  RetryBudget,
  type TargetState,
} from './index.ts';

const RULES: readonly BalanceRule[] = ['p2c', 'round-robin', 'least-requests', 'hash'];
const SEEDS = 50;
const TROUBLE_MS = 30_000;
const TROUBLE_EVERY_MS = 8;
/** Between two things that happen to targets, at most. */
const CALM_MS = 2_500;
/** Until the latency of what has hung is forgotten, which p2c remembers longest: twelve times its decay. */
const HEAL_MS = 60_000;
const HEAL_EVERY_MS = 40;
const WELL_MS = 6_000;
const WELL_EVERY_MS = 2;
/** So long each takes for a reply once all is well: none is faster, or has more on its way, when the next one comes. */
const ALIKE_MS = 1;
const LONGEST_HANG_MS = 6_000;
const CHECK_EVERY_MS = 1_000;
const ALL = entriesOf([1, 1, 2, 3, 1, 5, 1, 2]);

/** What part of its part by weight each gets at least and at most once all is well, by rule. */
const PARTS: Readonly<Record<BalanceRule, readonly [number, number]>> = {
  p2c: [0.6, 1.5],
  'round-robin': [0.99, 1.01],
  'least-requests': [0.6, 1.5],
  hash: [0.6, 1.5],
};

const LEGAL_HEALTH: Readonly<Record<TargetState, readonly TargetState[]>> = {
  up: ['up', 'ejected', 'down'],
  starting: ['starting', 'up', 'ejected', 'down'],
  ejected: ['ejected', 'starting', 'down'],
  down: ['down', 'starting'],
};

const LEGAL_BREAKER: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};

/** How a server is: `cut` breaks its replies off behind their heads. */
const CONDITIONS = ['well', 'slow', 'dead', 'hanging', 'refusing', 'flaky', 'cut'] as const;
type Condition = (typeof CONDITIONS)[number];
type Random = () => number;

/** What is to have come about in some seed of each rule: else the simulation shows nothing of it. */
const TO_SEE = [
  'ejected',
  'down',
  'returned',
  'most are ejected',
  'none to pick',
  'open',
  'half-open',
  'closed',
  'more probes',
  'not let through',
  'retried',
  'retried at one that was tried',
  'no budget',
  'left',
] as const;
type Seen = (typeof TO_SEE)[number];

function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

/** How many of these ascending moments are `fromMs` or later. */
function countSince(moments: readonly number[], fromMs: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] as number) < fromMs) low = middle + 1;
    else high = middle;
  }
  return moments.length - low;
}

/** A breaker, each step of which is held against what it promises. */
class WatchedBreaker {
  readonly #rules: BreakerRules;
  readonly #breaker: Breaker;
  readonly #seen: Set<Seen>;
  #state: BreakerState = 'closed';
  #nowMs = 0;
  #openedMs = 0;
  /** How many periods it had before the present one; and before each in which a call began. */
  #age = 0;
  readonly #ages = new Map<number, number>();
  /** The present one of the periods in which it was half-open, when its first call began, and how many are let through. */
  #probed = { period: NOT_LET_THROUGH, sinceMs: -Infinity, places: 0 };

  constructor(rules: BreakerRules, seen: Set<Seen>) {
    this.#rules = rules;
    this.#seen = seen;
    this.#breaker = new Breaker(rules, (state) => {
      assert.ok(LEGAL_BREAKER[this.#state].includes(state), `${this.#state} to ${state}`);
      this.#state = state;
      this.#seen.add(state);
      this.#age++;
      if (state === 'open') this.#openedMs = this.#nowMs;
    });
  }

  get state(): BreakerState {
    return this.#state;
  }

  begin(nowMs: number): number {
    this.#nowMs = nowMs;
    const before = this.#state;
    const period = this.#breaker.begin(nowMs);
    assert.equal(this.#breaker.state, this.#state);
    if (period === NOT_LET_THROUGH) {
      assert.notEqual(before, 'closed', 'closed, it lets all through');
      this.#seen.add('not let through');
      return period;
    }
    assert.notEqual(this.#state, 'open', 'open, it lets nothing through');
    if (before === 'open') assert.ok(nowMs - this.#openedMs >= this.#rules.openMs, 'open, it keeps its time');
    if (this.#state === 'half-open') this.#probe(period);
    if (!this.#ages.has(period)) this.#ages.set(period, this.#age);
    return period;
  }

  ended(period: number, outcome: CallOutcome, nowMs: number): void {
    this.#nowMs = nowMs;
    if (outcome === 'unknown' && period === this.#probed.period) this.#probed.places++;
    const [before, age] = [this.#state, this.#age];
    this.#breaker.ended(period, outcome, nowMs);
    assert.equal(this.#breaker.state, this.#state);
    if (this.#state !== before) assert.equal(this.#ages.get(period), age, 'what began earlier says nothing of now');
  }

  #probe(period: number): void {
    const { openMs, probes } = this.#rules;
    if (period !== this.#probed.period) {
      const restedMs = this.#nowMs - this.#probed.sinceMs;
      assert.ok(restedMs >= openMs, `half-open again after ${restedMs} ms`);
      if (this.#probed.sinceMs > this.#openedMs) {
        this.#age++;
        this.#seen.add('more probes');
      }
      this.#probed = { period, sinceMs: this.#nowMs, places: probes };
    }
    assert.ok(this.#probed.places-- > 0, 'no more probes than may be');
  }
}

/** A budget of retries, held against all that was sent. */
class WatchedBudget {
  readonly #share: number;
  readonly #budget: RetryBudget;
  readonly #requests: number[] = [];
  readonly #retries: number[] = [];

  constructor(share: number) {
    this.#share = share;
    this.#budget = new RetryBudget(share);
  }

  requested(nowMs: number): void {
    this.#requests.push(nowMs);
    this.#budget.requested(nowMs);
  }

  /** What it counts is of ten seconds, or up to one less. */
  takeRetry(nowMs: number): boolean {
    const taken = this.#budget.takeRetry(nowMs);
    if (taken) this.#retries.push(nowMs);
    const [retriesFrom, requestsFrom] = taken ? [9_000, 10_000] : [10_000, 9_000];
    const retries = countSince(this.#retries, nowMs - retriesFrom + 1);
    const most = Math.max(10, Math.floor(countSince(this.#requests, nowMs - requestsFrom) * this.#share));
    if (taken) assert.ok(retries <= most, `${retries} retries, and ${most} may be`);
    else assert.ok(countSince(this.#retries, nowMs - retriesFrom) >= most, 'no retry is refused that may be');
    return taken;
  }
}

/** What there is in a world, drawn by its chance. */
function drawSettings(random: Random): {
  readonly health: HealthSettings;
  readonly breaker: BreakerRules;
  readonly streak: { readonly rise: number; readonly fall: number } | null;
  readonly retryShare: number;
  readonly attempts: number;
} {
  const eject = {
    consecutive: between(random, 1, 8),
    failurePercent: between(random, 20, 100),
    timeMs: between(random, 300, 3_000),
    maxTimeMs: between(random, 3_000, 10_000),
    maxPercent: between(random, 1, 100),
  };
  return {
    health: {
      eject: random() < 0.9 ? eject : null,
      slowStartMs: oneOf(random, [0, 1_000, 8_000]),
      whenAllDown: oneOf(random, ['refuse', 'serve']),
    },
    breaker: {
      failures: 0.2 + random() * 0.8,
      least: between(random, 3, 40),
      windowMs: between(random, 1_000, 10_000),
      unreachable: between(random, 2, 20),
      openMs: between(random, 300, 3_000),
      probes: between(random, 1, 4),
    },
    streak: random() < 0.7 ? { rise: between(random, 1, 3), fall: between(random, 1, 3) } : null,
    retryShare: oneOf(random, [0, 0.1, 0.2, 0.5, 1]),
    attempts: between(random, 0, 4),
  };
}

/** One client's request on its way, as the gateway follows it: of the present try are `entry` to `isOver`. */
interface Call {
  readonly hash: number;
  entry: Entry;
  period: number;
  startedMs: number;
  hasHead: boolean;
  isOver: boolean;
  count: number;
  tried: readonly Entry[];
}

/** An upstream with all that keeps it, in virtual time: wired as the gateway does it. */
class World {
  readonly #random: Random;
  readonly #rule: BalanceRule;
  readonly #seen: Set<Seen>;
  readonly #settings: ReturnType<typeof drawSettings>;
  readonly #breaker: WatchedBreaker;
  readonly #budget: WatchedBudget;
  readonly #conditions = new Map<string, Condition>();
  readonly #streaks = new Map<string, CheckStreak>();
  /** What comes about later, by its moment. */
  readonly #due = new Map<number, (() => void)[]>();
  /** Every entry there ever was, with how many requests are on their way to it. */
  readonly #underWay = new Map<Entry, number>();
  #states = new Map<string, TargetState>();
  #present: readonly Entry[] = [];
  #picker!: Picker<Entry>;
  #pool: PoolHealth<Entry> | null = null;
  #nowMs = 0;
  #isWell = false;
  /** Requests since all is well, by target. */
  readonly #answered = new Map<string, number>();

  constructor(rule: BalanceRule, seed: number, seen: Set<Seen>) {
    this.#random = splitmix(seed);
    this.#rule = rule;
    this.#seen = seen;
    this.#settings = drawSettings(this.#random);
    this.#breaker = new WatchedBreaker(this.#settings.breaker, seen);
    this.#budget = new WatchedBudget(this.#settings.retryShare);
    this.#use(ALL.slice(0, between(this.#random, 1, 6)));
  }

  /** Until all has ended and been looked at. */
  live(): void {
    let nextMs = 0;
    this.#run(TROUBLE_MS, TROUBLE_EVERY_MS, () => {
      if (this.#nowMs < nextMs) return;
      nextMs = this.#nowMs + between(this.#random, 1, CALM_MS);
      this.#happen();
    });
    this.#conditions.clear();
    this.#isWell = true;
    this.#run(HEAL_MS, HEAL_EVERY_MS);
    assert.equal(this.#breaker.state, 'closed', 'all is well, and the breaker is closed');
    for (const { name, state } of this.#health.report()) assert.equal(state, 'up', name);
    assert.ok(this.#present.every(({ share }) => share === 1));
    this.#run(LONGEST_HANG_MS, Infinity);
    this.#answered.clear();
    this.#run(WELL_MS, WELL_EVERY_MS);
    this.#run(LONGEST_HANG_MS, Infinity);
    this.#judgeParts();
    for (const [entry, count] of this.#underWay) assert.deepEqual([entry.inFlight, count], [0, 0], entry.name);
    assert.equal(this.#due.size, 0, 'nothing is left over');
  }

  get #health(): PoolHealth<Entry> {
    assert.ok(this.#pool !== null);
    return this.#pool;
  }

  #run(forMs: number, everyMs: number, happen: () => void = () => undefined): void {
    const untilMs = this.#nowMs + forMs;
    while (this.#nowMs < untilMs) {
      this.#nowMs++;
      for (const come of this.#due.get(this.#nowMs) ?? []) come();
      this.#due.delete(this.#nowMs);
      if (this.#nowMs % 500 === 0) this.#judge(() => this.#health.sweep(this.#nowMs));
      if (this.#nowMs % CHECK_EVERY_MS === 0) this.#checkAll();
      happen();
      if (this.#nowMs % everyMs === 0) this.#ask();
    }
  }

  #after(ms: number, come: () => void): void {
    const atMs = this.#nowMs + Math.max(1, Math.round(ms));
    const due = this.#due.get(atMs);
    if (due === undefined) this.#due.set(atMs, [come]);
    else due.push(come);
  }

  /** One server becomes otherwise, or all do, or there are others. */
  #happen(): void {
    const what = this.#random();
    if (what < 0.6) this.#conditions.set(oneOf(this.#random, this.#present).name, oneOf(this.#random, CONDITIONS));
    else if (what < 0.75) {
      const condition = oneOf(this.#random, CONDITIONS);
      for (const { name } of ALL) this.#conditions.set(name, condition);
    } else if (what < 0.8) this.#conditions.clear();
    else {
      const kept = ALL.filter(() => this.#random() < 0.7);
      this.#use(kept.length === 0 ? ALL : kept);
    }
  }

  /** Those that stay are the same; one that weighs something else is another, with the share of the one before. */
  #use(targets: readonly Entry[]): void {
    const known = new Map(this.#present.map((entry) => [entry.name, entry]));
    this.#present = targets.map(({ name, weight }) => {
      const old = known.get(name);
      const weighs = this.#random() < 0.1 ? weight + 1 : weight;
      return old?.weight === weighs ? old : { name, weight: weighs, share: old?.share ?? 1, inFlight: 0 };
    });
    for (const entry of this.#present) if (!this.#underWay.has(entry)) this.#underWay.set(entry, 0);
    const names = new Set(targets.map(({ name }) => name));
    for (const name of this.#states.keys()) if (!names.has(name)) this.#states.delete(name);
    for (const name of this.#streaks.keys()) if (!names.has(name)) this.#streaks.delete(name);
    this.#picker = createPicker(this.#rule, this.#present, this.#random, this.#picker ?? null);
    const events = {
      sharesChanged: () => this.#picker.changed(),
      happened: ({ kind }: HealthChange) => void this.#seen.add(kind),
    };
    const before = this.#pool;
    this.#judge(() => {
      this.#pool = new PoolHealth(this.#settings.health, this.#present, this.#nowMs, { events, before });
    });
  }

  #checkAll(): void {
    const { streak: bounds } = this.#settings;
    if (bounds === null) return;
    for (const { name } of this.#present) {
      let streak = this.#streaks.get(name);
      if (streak === undefined) this.#streaks.set(name, (streak = new CheckStreak(bounds)));
      const condition = this.#conditions.get(name) ?? 'well';
      const passes =
        condition === 'well' || condition === 'slow' || condition === 'cut' || this.#fails(condition) === null;
      streak.take(passes);
      const { isUp } = streak;
      this.#judge(() => this.#health.checked(name, isUp, condition, this.#nowMs));
    }
  }

  /** Does something to the health of the targets, and looks at what came of it. */
  #judge(act: () => void): void {
    act();
    const { eject, whenAllDown } = this.#settings.health;
    const report = this.#health.report();
    let [up, ejected] = [0, 0];
    for (const { state } of report) {
      if (state !== 'down') up++;
      if (state === 'ejected') ejected++;
    }
    const most = eject === null ? 0 : Math.min(up - 1, Math.max(1, Math.floor((up * eject.maxPercent) / 100)));
    assert.ok(ejected <= Math.max(0, most), `${ejected} of ${up} are ejected, and ${most} may be`);
    if (ejected > 0 && ejected === most) this.#seen.add('most are ejected');
    assert.equal(this.#health.usable, up - ejected);
    for (const [at, { name, state }] of report.entries()) {
      const before = this.#states.get(name);
      if (before !== undefined) assert.ok(LEGAL_HEALTH[before].includes(state), `${name}: ${before} to ${state}`);
      this.#states.set(name, state);
      const { share } = this.#present[at] as Entry;
      if (up === 0) assert.equal(share, whenAllDown === 'serve' ? 1 : 0);
      else if (state === 'up') assert.equal(share, 1);
      else if (state === 'starting') assert.ok(share >= 0.1 && share <= 1);
      else assert.equal(share, 0, `${name} is ${state}`);
    }
  }

  #ask(): void {
    const period = this.#breaker.begin(this.#nowMs);
    if (period === NOT_LET_THROUGH) return;
    const hash = Math.floor(this.#random() * 2 ** 32);
    const entry = this.#pick(hash, []);
    if (entry === null) {
      this.#seen.add('none to pick');
      this.#breaker.ended(period, 'unknown', this.#nowMs);
      return;
    }
    this.#budget.requested(this.#nowMs);
    this.#send({ hash, entry, period, startedMs: this.#nowMs, hasHead: false, isOver: false, count: 0, tried: [] });
  }

  #pick(hash: number, tried: readonly Entry[]): Entry | null {
    const entry = this.#picker.pick(hash, tried);
    const isThere = this.#present.some((each) => each.share > 0 && !tried.includes(each));
    assert.equal(entry !== null, isThere, 'one is picked where there is one');
    if (entry === null) return null;
    assert.ok(entry.share > 0, 'nothing is picked that gets nothing');
    assert.ok(!tried.includes(entry), 'nothing is picked that was tried');
    assert.ok(this.#present.includes(entry), 'nothing is picked that is no more');
    return entry;
  }

  #send(call: Call): void {
    assert.notEqual(this.#breaker.state, 'open', 'nothing is sent while the breaker is open');
    const { entry } = call;
    this.#picker.begun(entry);
    this.#count(entry, 1);
    const { count } = call;
    const atOnce = (then: () => void) => () => {
      if (!call.isOver && call.count === count) then();
    };
    const condition = this.#conditions.get(entry.name) ?? 'well';
    const hangMs = between(this.#random, 500, LONGEST_HANG_MS - 1);
    const elapsedMs = this.#isWell ? ALIKE_MS : between(this.#random, 10, 30) * (condition === 'slow' ? 20 : 1);
    if (!this.#isWell && this.#random() < 0.03)
      this.#after(
        hangMs / 10,
        atOnce(() => this.#leave(call)),
      );
    if (condition === 'dead')
      this.#after(
        1,
        atOnce(() => this.#fail(call, 'unreachable')),
      );
    else if (condition === 'hanging')
      this.#after(
        hangMs,
        atOnce(() => this.#fail(call, 'failed')),
      );
    else
      this.#after(
        elapsedMs,
        atOnce(() => this.#reply(call)),
      );
  }

  /** What a server of this condition does with one request; null where it answers. */
  #fails(condition: Condition): 'breaks' | 503 | null {
    if (condition === 'refusing') return 503;
    if (condition === 'flaky') return this.#random() < 0.4 ? 'breaks' : null;
    return condition === 'dead' || condition === 'hanging' ? 'breaks' : null;
  }

  #reply(call: Call): void {
    const { entry, period } = call;
    const condition = this.#conditions.get(entry.name) ?? 'well';
    const failure = this.#fails(condition);
    if (failure === 'breaks') {
      this.#fail(call, 'failed');
      return;
    }
    const status = failure ?? 200;
    this.#judge(() => this.#health.replied(entry, status, this.#nowMs));
    this.#breaker.ended(period, status === 503 ? 'failed' : 'succeeded', this.#nowMs);
    call.hasHead = true;
    const elapsedMs = this.#nowMs - call.startedMs;
    if (condition === 'cut') {
      this.#after(between(this.#random, 1, 300), () => {
        if (call.isOver) return;
        this.#end(call, elapsedMs);
        this.#judge(() => this.#health.failed(entry, 'cut', this.#nowMs));
      });
      return;
    }
    this.#end(call, elapsedMs);
    this.#judge(() => this.#health.completed(entry, status, this.#nowMs));
    if (status === 503) this.#again(call);
    else this.#answered.set(entry.name, (this.#answered.get(entry.name) ?? 0) + 1);
  }

  #fail(call: Call, outcome: CallOutcome): void {
    this.#end(call, outcome === 'unreachable' ? null : this.#nowMs - call.startedMs);
    this.#judge(() => this.#health.failed(call.entry, outcome, this.#nowMs));
    this.#breaker.ended(call.period, outcome, this.#nowMs);
    this.#again(call);
  }

  /** Its client gives it up. */
  #leave(call: Call): void {
    this.#seen.add('left');
    if (!call.hasHead) this.#breaker.ended(call.period, 'unknown', this.#nowMs);
    this.#end(call, null);
  }

  #end(call: Call, elapsedMs: number | null): void {
    call.isOver = true;
    this.#picker.ended(call.entry, elapsedMs, this.#nowMs);
    this.#count(call.entry, -1);
  }

  #count(entry: Entry, by: number): void {
    const count = (this.#underWay.get(entry) ?? NaN) + by;
    this.#underWay.set(entry, count);
    assert.equal(entry.inFlight, count, 'what is on its way is counted');
  }

  /** It is sent again where it may be: at another target, or behind a pause at any. */
  #again(call: Call): void {
    const { attempts } = this.#settings;
    if (call.count >= attempts || this.#breaker.state !== 'closed') return;
    const tried = [...call.tried, call.entry];
    const next = this.#pick(call.hash, tried);
    if (next === null && this.#pick(call.hash, []) === null) return;
    if (!this.#budget.takeRetry(this.#nowMs)) {
      this.#seen.add('no budget');
      return;
    }
    call.count++;
    call.tried = next === null ? [] : tried;
    if (next !== null) this.#sendAgain(call, next);
    else this.#after(between(this.#random, 10, 200), () => this.#sendLater(call));
  }

  #sendLater(call: Call): void {
    const next = this.#breaker.state === 'closed' ? this.#pick(call.hash, []) : null;
    if (next === null) return;
    this.#seen.add('retried at one that was tried');
    this.#sendAgain(call, next);
  }

  #sendAgain(call: Call, next: Entry): void {
    this.#seen.add('retried');
    const period = this.#breaker.begin(this.#nowMs);
    assert.notEqual(period, NOT_LET_THROUGH);
    assert.equal(this.#breaker.state, 'closed', 'nothing is sent again to try out an upstream');
    Object.assign(call, { entry: next, period, startedMs: this.#nowMs, hasHead: false, isOver: false });
    this.#send(call);
  }

  #judgeParts(): void {
    const requests = WELL_MS / WELL_EVERY_MS;
    const answered = [...this.#answered.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(answered, requests, 'all is well, and each request has its answer at the first try');
    const whole = this.#present.reduce((sum, { weight }) => sum + weight, 0);
    const [least, most] = PARTS[this.#rule];
    for (const { name, weight } of this.#present) {
      const part = (this.#answered.get(name) ?? 0) / ((requests * weight) / whole);
      assert.ok(part >= least && part <= most, `${name} got ${part.toFixed(2)} of its part`);
    }
  }
}

for (const rule of RULES) {
  test(`by ${rule}, with health, breaker and retries together: through all trouble each keeps its word, and it passes`, () => {
    const seen = new Set<Seen>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        new World(rule, seed, seen).live();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert.deepEqual(
      TO_SEE.filter((each) => !seen.has(each)),
      [],
    );
  });
}
