import type { Counter, Limiter, Meter, RateCharge, RateDecision } from '../../ports/index.ts';
import type { LimiterMemory } from './limiter-memory.ts';
import { distance, type Pace, paceOf, unitsAt } from './rate-pace.ts';
import { type RatePlace, RateTable } from './rate-table.ts';

const CHARGE_LIMIT = 32;
/** So often another thread may be faster; each time one of them has counted a call. Then the call is refused. */
const SWAP_LIMIT = 1_000;
/** Threads that read the clock of the machine read it at different moments: by so much one may be behind and still find debts. */
const BEHIND_MS = 7_200_000;
const CLOCK_READINGS = 5;

/** What this thread knows of a charge: where its word is, and its rate. */
interface Counted extends RatePlace, Pace {
  /** The slot in which the word was found last. */
  slot: number;
  /** A time so far in front, in units, is one from long ago. */
  readonly ahead: number;
}

/**
 * Counts calls exactly over all threads that share the memory; on known keys they never wait for each other. It lets no
 * more through than the rates say, and no fewer, but for calls of several rules that are being charged at the same
 * moment. A key counts for each rate and share apart. To make room in its window the key idle for longest goes, but
 * never one that is used up; a call under a new key that finds no room is refused and told to come in a second. Keys of
 * strangers have windows of their own, and in a window a share takes at most half of what others leave.
 *
 * `nowMs` is the thread's monotonic time, wherever that began. `offsetMs`, found by itself unless given, makes it the
 * monotonic time of the machine, which all threads have in common. A time that is behind makes limits stricter, never
 * looser. A rate that is none, or more than 32 charges at once, is a bug and throws a RangeError.
 */
export function createSharedLimiter(options: {
  readonly memory: LimiterMemory;
  readonly meter?: Meter;
  readonly offsetMs?: number;
}): Limiter {
  return new SharedLimiter(options.memory, options.meter, options.offsetMs ?? threadOffsetMs());
}

class SharedLimiter implements Limiter {
  readonly #table: RateTable;
  readonly #offsetMs: number;
  readonly #known = new WeakMap<RateCharge, Counted>();
  readonly #full: Counter | undefined;
  readonly #countDropped: () => void;

  constructor(memory: LimiterMemory, meter: Meter | undefined, offsetMs: number) {
    this.#table = new RateTable(memory);
    this.#offsetMs = offsetMs;
    const dropped = meter?.counter('portcullis_limiter_dropped_keys_total', 'Idle keys dropped to make room');
    this.#full = meter?.counter('portcullis_limiter_full_total', 'Calls refused since no key could be dropped');
    this.#countDropped = () => dropped?.add(1);
  }

  charge(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    const ms = this.#commonMs(nowMs);
    const [only] = charges;
    if (charges.length === 1 && only !== undefined) return [this.#chargeOne(this.#countedOf(only), ms)];
    const keys = this.#keysOf(charges);
    const before = keys.map((key) => this.#look(key, ms));
    if (before.every(({ allowed }) => allowed)) return this.#reserve(keys, ms);
    return before;
  }

  refund(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    const ms = this.#commonMs(nowMs);
    const keys = this.#keysOf(charges);
    for (let at = 0; at < keys.length; at++) if (isFirst(keys, at)) this.#giveBack(keys[at] as Counted, ms);
    return keys.map((key) => this.#look(key, ms));
  }

  /** Charges one rule after the other; where another thread has used one up meanwhile, the earlier ones get theirs back. */
  #reserve(keys: readonly Counted[], ms: number): readonly RateDecision[] {
    const decisions: RateDecision[] = [];
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] as Counted;
      const twin = keys.findIndex((other) => isSame(other, key));
      const decision = twin < at ? (decisions[twin] as RateDecision) : this.#chargeOne(key, ms);
      decisions.push(decision);
      if (decision.allowed) continue;
      for (let done = 0; done < at; done++) if (isFirst(keys, done)) this.#giveBack(keys[done] as Counted, ms);
      return keys.map((each, which) => (which === at ? decision : this.#look(each, ms)));
    }
    return decisions;
  }

  #chargeOne(key: Counted, ms: number): RateDecision {
    const table = this.#table;
    const now = unitsAt(ms, key);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) {
        const idle = key.interval - key.tolerance;
        const placed = table.insert(key, timeOf(now + idle, key), ms, this.#countDropped);
        if (placed === 'placed') return decide(key, -key.tolerance, true);
        if (placed === 'full') return this.#refuse();
        continue;
      }
      key.slot = slot;
      const from = table.timeAt(slot);
      const owed = Math.max(distance(from, now, key), -key.tolerance);
      if (owed > 0) {
        if (table.isStill(slot, key.tag, from)) return decide(key, owed, false);
      } else if (table.swap(slot, key.tag, { from, to: timeOf(now + owed + key.interval, key) })) {
        return decide(key, owed, true);
      }
    }
    return this.#refuse();
  }

  /** What would be said of a call, without counting it. */
  #look(key: Counted, ms: number): RateDecision {
    const table = this.#table;
    const now = unitsAt(ms, key);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) return decide(key, -key.tolerance, false);
      key.slot = slot;
      const time = table.timeAt(slot);
      if (table.isStill(slot, key.tag, time)) {
        return decide(key, Math.max(distance(time, now, key), -key.tolerance), false);
      }
    }
    return this.#refuse();
  }

  /** A key that was dropped meanwhile owes nothing any more. */
  #giveBack(key: Counted, ms: number): void {
    const table = this.#table;
    const now = unitsAt(ms, key);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) return;
      const from = table.timeAt(slot);
      const owed = distance(from, now, key);
      // What owes nothing has been paid back already.
      if (owed <= -key.tolerance) return;
      if (table.swap(slot, key.tag, { from, to: timeOf(now + owed - key.interval, key) })) return;
    }
  }

  #refuse(): RateDecision {
    this.#full?.add(1);
    return { allowed: false, remaining: 0, resetMs: 1_000, retryMs: 1_000 };
  }

  #keysOf(charges: readonly RateCharge[]): readonly Counted[] {
    if (charges.length > CHARGE_LIMIT) throw new RangeError(`more than ${CHARGE_LIMIT} charges at once`);
    return charges.map((charge) => this.#countedOf(charge));
  }

  #countedOf(charge: RateCharge): Counted {
    let counted = this.#known.get(charge);
    if (counted === undefined) {
      const { key, rate, share = '', stranger = false } = charge;
      const pace = paceOf(rate);
      // The length keeps both texts apart, whatever they hold.
      const name = `${rate.count}/${rate.periodMs}/${rate.burst}/${share.length} ${share}${key}`;
      const place = this.#table.place(name, { share, stranger }, pace.unitsPerMs);
      counted = { ...place, ...pace, slot: -1, ahead: pace.capacity + BEHIND_MS * pace.unitsPerMs };
      this.#known.set(charge, counted);
    }
    return counted;
  }

  #commonMs(nowMs: number): number {
    if (!Number.isFinite(nowMs)) throw new RangeError(`charged at ${nowMs}`);
    return Math.floor(nowMs + this.#offsetMs);
  }
}

/** What is said of one rule that owed so much: `counted` tells whether the call was charged. */
function decide({ interval, tolerance, unitsPerMs }: Counted, owed: number, counted: boolean): RateDecision {
  const after = counted ? owed + interval : owed;
  const debt = after + tolerance;
  return {
    allowed: owed <= 0,
    remaining: after > 0 ? 0 : Math.floor(-after / interval) + 1,
    resetMs: debt <= 0 ? 0 : Math.ceil(debt / unitsPerMs),
    retryMs: owed <= 0 ? 0 : Math.ceil(owed / unitsPerMs),
  };
}

function timeOf(units: number, { round }: Pace): number {
  if (units >= round) return units - round;
  return units < 0 ? units + round : units;
}

function isSame(one: RatePlace, other: RatePlace): boolean {
  return one === other || (one.tag === other.tag && one.label === other.label && one.window === other.window);
}

/** One rule counts a call once, however often it is named. */
function isFirst(keys: readonly RatePlace[], at: number): boolean {
  return keys.findIndex((other) => isSame(other, keys[at] as RatePlace)) === at;
}

/** From this thread's `performance.now()` to the machine's monotonic time: of several readings the closest one. */
function threadOffsetMs(): number {
  let best = { apartMs: Number.POSITIVE_INFINITY, offsetMs: 0 };
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const before = performance.now();
    const machineMs = Number(process.hrtime.bigint()) / 1e6;
    const apartMs = performance.now() - before;
    if (apartMs < best.apartMs) best = { apartMs, offsetMs: machineMs - before - apartMs / 2 };
  }
  return best.offsetMs;
}
