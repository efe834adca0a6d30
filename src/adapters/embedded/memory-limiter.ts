import type { Counter, Limiter, Meter, Rate, RateCharge, RateDecision } from '../../ports/index.ts';

const DEFAULT_KEY_LIMIT = 100_000;
const LEAST_KEY_LIMIT = 64;
const CHARGE_LIMIT = 32;
// How many keys are looked at for one to drop; a table full of exceeded keys must not cost a walk through all of them.
const SEARCH_LIMIT = 64;

/**
 * What a key still owes. The generic cell rate algorithm in whole numbers, so that no rounding adds up: a call costs
 * `periodMs` units, each millisecond pays back `count` of them, and never more than `burst * periodMs` are owed.
 */
interface Debt {
  readonly rate: Rate;
  readonly units: number;
  readonly atMs: number;
}

/**
 * Counts calls in this thread's memory, exactly. A key counts for each rate apart.
 * At most `keyLimit` keys are kept (100,000 unless said otherwise): to make room the one idle for longest goes, but
 * never one that is used up. Where all are used up, a call under a new key is refused and told to come in a second.
 * Time should come from a clock that does not go back; if it does, limits are stricter meanwhile, never looser.
 * A rate that is not in whole numbers above zero, or more than 32 charges at once, is a bug and throws a RangeError.
 */
export function createMemoryLimiter(options: { readonly keyLimit?: number; readonly meter?: Meter } = {}): Limiter {
  return new MemoryLimiter(options.keyLimit ?? DEFAULT_KEY_LIMIT, options.meter);
}

class MemoryLimiter implements Limiter {
  // In the order of use: the first key is the one idle for longest.
  readonly #debts = new Map<string, Debt>();
  readonly #names = new WeakMap<RateCharge, string>();
  readonly #keyLimit: number;
  readonly #dropped: Counter | undefined;
  readonly #full: Counter | undefined;

  constructor(keyLimit: number, meter: Meter | undefined) {
    if (!(keyLimit >= LEAST_KEY_LIMIT)) throw new RangeError(`a limiter of ${keyLimit} keys`);
    this.#keyLimit = keyLimit;
    this.#dropped = meter?.counter('portcullis_limiter_dropped_keys_total', 'Idle keys dropped to make room');
    this.#full = meter?.counter('portcullis_limiter_full_total', 'Calls refused since no key could be dropped');
  }

  charge(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    const [first] = charges;
    const known = first === undefined || charges.length > 1 ? null : this.#chargeKnown(first, nowMs);
    if (known !== null) return [known];
    const { owed, keys } = this.#owedFor(charges, nowMs);
    const hasRoom = this.#makeRoom(owed, nowMs);
    const passes = hasRoom && [...owed.values()].every(hasCallLeft);
    if (passes) for (const [name, debt] of owed) this.#keep(name, charged(debt));
    return keys.map((name) => {
      const debt = owed.get(name) as Debt;
      if (!hasRoom && !this.#debts.has(name)) return { allowed: false, remaining: 0, resetMs: 1000, retryMs: 1000 };
      return decide(debt, passes, Math.floor(nowMs));
    });
  }

  /** The common case without any tables: one rule, and a key that is there. Null where it is not that. */
  #chargeKnown(charge: RateCharge, nowMs: number): RateDecision | null {
    const name = this.#nameOf(charge);
    const kept = Number.isFinite(nowMs) ? this.#debts.get(name) : undefined;
    if (kept === undefined) return null;
    const debt = settled(kept, Math.floor(nowMs));
    const passes = hasCallLeft(debt);
    if (passes) this.#keep(name, charged(debt));
    return decide(debt, passes, Math.floor(nowMs));
  }

  /** Charges are made once for each caller, so that most have their name and its hash already. */
  #nameOf(charge: RateCharge): string {
    let name = this.#names.get(charge);
    if (name === undefined) {
      const { key, rate } = charge;
      name = `${rate.count}/${rate.periodMs}/${rate.burst} ${key}`;
      this.#names.set(charge, name);
    }
    return name;
  }

  refund(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    const { owed, keys } = this.#owedFor(charges, nowMs);
    for (const [name, debt] of owed) {
      // A key that was dropped meanwhile owes nothing any more.
      if (!this.#debts.has(name)) continue;
      const less = refunded(debt);
      owed.set(name, less);
      // Its place in the order of use stays: a call that was refused keeps no key alive.
      this.#debts.set(name, less);
    }
    return keys.map((name) => decide(owed.get(name) as Debt, false, Math.floor(nowMs)));
  }

  /** What each rule owes now, by name, and the name of each charge. One rule counts a call once, however often it is named. */
  #owedFor(charges: readonly RateCharge[], nowMs: number): { owed: Map<string, Debt>; keys: readonly string[] } {
    if (charges.length > CHARGE_LIMIT) throw new RangeError(`more than ${CHARGE_LIMIT} charges at once`);
    if (!Number.isFinite(nowMs)) throw new RangeError(`charged at ${nowMs}`);
    const owed = new Map<string, Debt>();
    const keys = charges.map((charge) => {
      const name = this.#nameOf(charge);
      if (!owed.has(name)) owed.set(name, this.#debtOf(name, charge.rate, Math.floor(nowMs)));
      return name;
    });
    return { owed, keys };
  }

  #debtOf(name: string, rate: Rate, nowMs: number): Debt {
    const debt = this.#debts.get(name);
    if (debt === undefined) return { rate: checked(rate), units: 0, atMs: nowMs };
    return settled(debt, nowMs);
  }

  #keep(name: string, debt: Debt): void {
    this.#debts.delete(name);
    this.#debts.set(name, debt);
  }

  /** Drops idle keys until all of `owed` fit; false if there are not enough to drop. */
  #makeRoom(owed: ReadonlyMap<string, Debt>, nowMs: number): boolean {
    const fresh = [...owed.keys()].filter((name) => !this.#debts.has(name)).length;
    let excess = this.#debts.size + fresh - this.#keyLimit;
    if (fresh === 0 || excess <= 0) return true;
    const before = this.#debts.size;
    let searched = 0;
    for (const [name, debt] of this.#debts) {
      if (excess <= 0 || searched++ >= SEARCH_LIMIT) break;
      if (owed.has(name)) continue;
      this.#debts.delete(name);
      // One that is used up stays, behind the others, so that the next search goes on from here.
      if (!hasCallLeft(settled(debt, Math.floor(nowMs)))) this.#debts.set(name, debt);
      else excess--;
    }
    this.#dropped?.add(before - this.#debts.size);
    if (excess > 0) this.#full?.add(1);
    return excess <= 0;
  }
}

/** What is said of one rule: `passes` tells whether the call was charged, `before` what was owed until then. */
function decide(before: Debt, passes: boolean, nowMs: number): RateDecision {
  const { rate, atMs } = before;
  const { units } = passes ? charged(before) : before;
  const capacity = rate.burst * rate.periodMs;
  // A clock that went back has yet to come to where it was.
  const behindMs = Math.max(0, atMs - nowMs);
  const allowed = hasCallLeft(before);
  return {
    allowed,
    remaining: Math.floor((capacity - units) / rate.periodMs),
    resetMs: units === 0 ? 0 : behindMs + Math.ceil(units / rate.count),
    retryMs: allowed ? 0 : behindMs + Math.ceil((units + rate.periodMs - capacity) / rate.count),
  };
}

function settled(debt: Debt, nowMs: number): Debt {
  const passedMs = nowMs - debt.atMs;
  if (passedMs <= 0) return debt;
  return { rate: debt.rate, units: Math.max(0, debt.units - passedMs * debt.rate.count), atMs: nowMs };
}

function charged(debt: Debt): Debt {
  return { rate: debt.rate, units: debt.units + debt.rate.periodMs, atMs: debt.atMs };
}

function refunded(debt: Debt): Debt {
  return { rate: debt.rate, units: Math.max(0, debt.units - debt.rate.periodMs), atMs: debt.atMs };
}

function hasCallLeft({ units, rate }: Debt): boolean {
  return units + rate.periodMs <= rate.burst * rate.periodMs;
}

function checked(rate: Rate): Rate {
  const whole = [rate.count, rate.periodMs, rate.burst].every((part) => Number.isSafeInteger(part) && part > 0);
  if (!whole || !Number.isSafeInteger(rate.burst * rate.periodMs)) {
    throw new RangeError(`a rate of ${rate.count} each ${rate.periodMs} ms, ${rate.burst} at once`);
  }
  return { count: rate.count, periodMs: rate.periodMs, burst: rate.burst };
}
