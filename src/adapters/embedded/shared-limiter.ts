import type { Counter, Limiter, Meter, Rate, RateCharge, RateDecision } from '../../ports/index.ts';
import type { LimiterMemory } from './limiter-memory.ts';
import { distance, type Pace, paceOf, unitsAt } from './rate-pace.ts';
import { type RatePlace, RateTable } from './rate-table.ts';

const CHARGE_LIMIT = 32;
/** So often another thread may be faster; each time one of them has counted a call. Then the call is refused. */
const SWAP_LIMIT = 1_000;
/** Threads that read the clock of the machine read it at different moments: by so much one may be behind and still find debts. */
const BEHIND_MS = 7_200_000;
const CLOCK_READINGS = 5;

/** What all charges of one rate have in common. */
interface Rhythm extends Pace {
  /** A time so far in front, in units, is one from long ago. */
  readonly ahead: number;
  /** What is said of a call whose key owed nothing, as of most calls: made once. */
  readonly first: RateDecision;
  readonly firstAlone: readonly RateDecision[];
}

/**
 * A charge that has been read: where its word is, and at which rate it counts. It stands for a call of one charge too,
 * so that such a call, as most are, touches as little memory as can be.
 */
class CountedCharge implements RateCharge, RatePlace, Iterable<RateCharge> {
  /** Keys have a place in one table only. */
  readonly table: RateTable;
  readonly rhythm: Rhythm;
  readonly tag: number;
  readonly label: number;
  /** The slot in which the word was found last. */
  slot = -1;
  readonly window: number;
  readonly key: string;
  readonly rate: Rate;
  readonly share: string;
  readonly stranger: boolean;

  constructor({ key, rate, share = '', stranger = false }: RateCharge, rhythm: Rhythm, table: RateTable) {
    // The length keeps both texts apart, whatever they hold.
    const name = `${rate.count}/${rate.periodMs}/${rate.burst}/${share.length} ${share}${key}`;
    const { window, tag, label } = table.place(name, { share, stranger }, rhythm.unitsPerMs);
    this.table = table;
    this.rhythm = rhythm;
    this.tag = tag;
    this.label = label;
    this.window = window;
    this.key = key;
    this.rate = rate;
    this.share = share;
    this.stranger = stranger;
  }

  *[Symbol.iterator](): Iterator<RateCharge> {
    yield this;
  }
}

/** Several charges of one call that have been read. */
class CountedCharges implements Iterable<RateCharge> {
  readonly table: RateTable;
  readonly all: readonly CountedCharge[];

  constructor(table: RateTable, all: readonly CountedCharge[]) {
    this.table = table;
    this.all = all;
  }

  [Symbol.iterator](): Iterator<RateCharge> {
    return this.all[Symbol.iterator]();
  }
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
  /** The rates of a Snapshot are objects that all of its charges share, and go with it. */
  readonly #rhythms = new WeakMap<Rate, Rhythm>();
  /** What the charges of one call owe. A call is charged at one go, so the next one finds nothing of use here. */
  readonly #owed = new Float64Array(CHARGE_LIMIT);
  readonly #full: Counter | undefined;
  readonly #countDropped: () => void;

  constructor(memory: LimiterMemory, meter: Meter | undefined, offsetMs: number) {
    this.#table = new RateTable(memory);
    this.#offsetMs = offsetMs;
    const dropped = meter?.counter('portcullis_limiter_dropped_keys_total', 'Idle keys dropped to make room');
    this.#full = meter?.counter('portcullis_limiter_full_total', 'Calls refused since no key could be dropped');
    this.#countDropped = () => dropped?.add(1);
  }

  prepare(charges: readonly RateCharge[]): Iterable<RateCharge> {
    const counted = this.#allCounted(charges);
    return counted.length === 1 ? (counted[0] as CountedCharge) : new CountedCharges(this.#table, counted);
  }

  charge(charges: Iterable<RateCharge>, nowMs: number): readonly RateDecision[] {
    const ms = this.#commonMs(nowMs);
    if (!(charges instanceof CountedCharge) || charges.table !== this.#table) {
      return this.#chargeAll(this.#allCounted(charges), ms);
    }
    const decision = this.#chargeOne(charges, ms);
    const { first, firstAlone } = charges.rhythm;
    return decision === first ? firstAlone : [decision];
  }

  refund(charges: Iterable<RateCharge>, nowMs: number): readonly RateDecision[] {
    const ms = this.#commonMs(nowMs);
    const keys = this.#allCounted(charges);
    for (let at = 0; at < keys.length; at++) {
      // One rule counts a call once, however often it is named.
      if (twinOf(keys, at) === at) this.#giveBack(keys[at] as CountedCharge, ms);
    }
    return keys.map((key) => this.#look(key, ms));
  }

  #chargeAll(keys: readonly CountedCharge[], ms: number): readonly RateDecision[] {
    const owed = this.#owed;
    let passes = true;
    for (let at = 0; at < keys.length; at++) {
      owed[at] = this.#owedBy(keys[at] as CountedCharge, ms);
      // What is not known is refused too.
      if (!((owed[at] as number) <= 0)) passes = false;
    }
    if (passes) return this.#reserve(keys, ms);
    return keys.map(({ rhythm }, at) => this.#say(rhythm, owed[at] as number));
  }

  /** Charges one rule after the other; where another thread has used one up meanwhile, the earlier ones get theirs back. */
  #reserve(keys: readonly CountedCharge[], ms: number): readonly RateDecision[] {
    const decisions: RateDecision[] = [];
    for (let at = 0; at < keys.length; at++) {
      const twin = twinOf(keys, at);
      const decision = twin < at ? (decisions[twin] as RateDecision) : this.#chargeOne(keys[at] as CountedCharge, ms);
      decisions.push(decision);
      if (decision.allowed) continue;
      for (let done = 0; done < at; done++) {
        if (twinOf(keys, done) === done) this.#giveBack(keys[done] as CountedCharge, ms);
      }
      return keys.map((each, which) => (which === at ? decision : this.#look(each, ms)));
    }
    return decisions;
  }

  #chargeOne(key: CountedCharge, ms: number): RateDecision {
    const table = this.#table;
    const { rhythm } = key;
    const now = unitsAt(ms, rhythm);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) {
        const placed = table.insert(
          key,
          timeOf(now + rhythm.interval - rhythm.tolerance, rhythm),
          ms,
          this.#countDropped,
        );
        if (placed === 'placed') return rhythm.first;
        if (placed === 'full') return this.#refuse();
        continue;
      }
      key.slot = slot;
      const from = table.timeAt(slot);
      const owed = Math.max(distance(from, now, rhythm), -rhythm.tolerance);
      if (owed > 0) {
        if (table.isStill(slot, key.tag, from)) return decide(rhythm, owed, false);
      } else if (table.swap(slot, key.tag, { from, to: timeOf(now + owed + rhythm.interval, rhythm) })) {
        return owed === -rhythm.tolerance ? rhythm.first : decide(rhythm, owed, true);
      }
    }
    return this.#refuse();
  }

  /** What would be said of a call, without counting it. */
  #look(key: CountedCharge, ms: number): RateDecision {
    return this.#say(key.rhythm, this.#owedBy(key, ms));
  }

  #say(rhythm: Rhythm, owed: number): RateDecision {
    return Number.isNaN(owed) ? this.#refuse() : decide(rhythm, owed, false);
  }

  /** By how much a call of this key would come too early, in units; NaN where others changed it all the time. */
  #owedBy(key: CountedCharge, ms: number): number {
    const table = this.#table;
    const { rhythm } = key;
    const now = unitsAt(ms, rhythm);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) return -rhythm.tolerance;
      key.slot = slot;
      const time = table.timeAt(slot);
      if (table.isStill(slot, key.tag, time)) return Math.max(distance(time, now, rhythm), -rhythm.tolerance);
    }
    return Number.NaN;
  }

  /** A key that was dropped meanwhile owes nothing any more. */
  #giveBack(key: CountedCharge, ms: number): void {
    const table = this.#table;
    const { rhythm } = key;
    const now = unitsAt(ms, rhythm);
    for (let tries = 0; tries < SWAP_LIMIT; tries++) {
      const slot = table.find(key, key.slot);
      if (slot < 0) return;
      const from = table.timeAt(slot);
      const owed = distance(from, now, rhythm);
      // What owes nothing has been paid back already.
      if (owed <= -rhythm.tolerance) return;
      if (table.swap(slot, key.tag, { from, to: timeOf(now + owed - rhythm.interval, rhythm) })) return;
    }
  }

  #refuse(): RateDecision {
    this.#full?.add(1);
    return { allowed: false, remaining: 0, resetMs: 1_000, retryMs: 1_000 };
  }

  #allCounted(charges: Iterable<RateCharge>): readonly CountedCharge[] {
    if (charges instanceof CountedCharges && charges.table === this.#table) return charges.all;
    const counted: CountedCharge[] = [];
    for (const charge of charges) {
      if (counted.length === CHARGE_LIMIT) throw new RangeError(`more than ${CHARGE_LIMIT} charges at once`);
      counted.push(this.#countedOf(charge));
    }
    return counted;
  }

  #countedOf(charge: RateCharge): CountedCharge {
    if (charge instanceof CountedCharge && charge.table === this.#table) return charge;
    return new CountedCharge(charge, this.#rhythmOf(charge.rate), this.#table);
  }

  #rhythmOf(rate: Rate): Rhythm {
    let rhythm = this.#rhythms.get(rate);
    if (rhythm === undefined) {
      rhythm = createRhythm(rate);
      this.#rhythms.set(rate, rhythm);
    }
    return rhythm;
  }

  #commonMs(nowMs: number): number {
    if (!Number.isFinite(nowMs)) throw new RangeError(`charged at ${nowMs}`);
    return Math.floor(nowMs + this.#offsetMs);
  }
}

function createRhythm(rate: Rate): Rhythm {
  const pace = paceOf(rate);
  const first = Object.freeze(decide(pace, -pace.tolerance, true));
  const ahead = pace.capacity + BEHIND_MS * pace.unitsPerMs;
  return { ...pace, ahead, first, firstAlone: Object.freeze([first]) };
}

/** What is said of one rule that owed so much: `counted` tells whether the call was charged. */
function decide({ interval, tolerance, unitsPerMs }: Pace, owed: number, counted: boolean): RateDecision {
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

/** The first of these charges that is counted where this one is. */
function twinOf(keys: readonly RatePlace[], at: number): number {
  const key = keys[at] as RatePlace;
  for (let twin = 0; twin < at; twin++) if (isSame(keys[twin] as RatePlace, key)) return twin;
  return at;
}

function isSame(one: RatePlace, other: RatePlace): boolean {
  return one === other || (one.tag === other.tag && one.label === other.label && one.window === other.window);
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
