/** So many at once, and then so many a second. */
export interface AllowedPace {
  readonly burst: number;
  readonly perSecond: number;
}

/** Keys whose pace is remembered; the one that came longest ago goes first, and begins anew. */
const KEYS_LIMIT = 1_024;
const SECOND_MS = 1_000;

/** How many of each key may pass, and of all together; times of the monotonic clock. */
export class Allowances {
  readonly #each: AllowedPace;
  readonly #all: Allowance;
  readonly #byKey = new Map<string, Allowance>();

  constructor(each: AllowedPace, all: AllowedPace, nowMs: number) {
    this.#each = each;
    this.#all = new Allowance(all, nowMs);
  }

  /** What has used up its own takes nothing of what all have together, nor of `reserve`, where those have used up theirs. */
  take(key: string, nowMs: number, reserve: Allowance | null = null): boolean {
    return this.#of(key, nowMs).take(nowMs) && (this.#all.take(nowMs) || reserve?.take(nowMs) === true);
  }

  #of(key: string, nowMs: number): Allowance {
    const known = this.#byKey.get(key) ?? new Allowance(this.#each, nowMs);
    // Behind all others, so that the first is the one that came longest ago.
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    if (this.#byKey.size > KEYS_LIMIT) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
    return known;
  }
}

/** How many may pass at a pace. */
export class Allowance {
  readonly #pace: AllowedPace;
  #left: number;
  #atMs: number;

  constructor(pace: AllowedPace, nowMs: number) {
    this.#pace = pace;
    this.#left = pace.burst;
    this.#atMs = nowMs;
  }

  /** Whether one more may. */
  take(nowMs: number): boolean {
    const { burst, perSecond } = this.#pace;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) / SECOND_MS) * perSecond);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
