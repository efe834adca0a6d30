import { SlidingCounts } from './sliding-counts.ts';

/** When a circuit breaker opens, and for how long. */
export interface BreakerRules {
  /** It opens when so large a share of the calls within the window has failed: above 0, at most 1. */
  readonly failures: number;
  /** Where fewer calls than that have ended within the window, their share says nothing. */
  readonly least: number;
  readonly windowMs: number;
  /** It opens as well when so many connections in a row could not be made. */
  readonly unreachable: number;
  /** So long it lets nothing through. */
  readonly openMs: number;
  /** So many calls it lets through after that, to see how they end. */
  readonly probes: number;
}

/** `closed` lets all through, `open` nothing, `half-open` as many calls as are needed to see whether all is well again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** How a call ended: `unreachable` before anything was sent, `unknown` where nothing can be learned of it. */
export type CallOutcome = 'succeeded' | 'failed' | 'unreachable' | 'unknown';

/** Stands for a call that is not let through. */
export const NOT_LET_THROUGH = -1;

/**
 * Keeps calls from an upstream that fails, so that nobody waits for it and it has a rest (Nygard's circuit breaker). Each
 * stretch in one state is a period with a number of its own; how a call ended counts only in the period in which it began,
 * so that what was sent before a breaker opened neither closes nor opens it later. Times are milliseconds of the monotonic
 * clock. It looks at the time only when it is asked.
 */
export class Breaker {
  readonly #rules: BreakerRules;
  readonly #told: (state: BreakerState) => void;
  readonly #counts: SlidingCounts;
  #state: BreakerState = 'closed';
  #period = 0;
  /** When the present period began. */
  #sinceMs = 0;
  #unreachableInARow = 0;
  /** Calls that may still be let through while half-open. */
  #placesLeft = 0;
  #probesSucceeded = 0;

  /** `told` hears of each new state, and must not call back. */
  constructor(rules: BreakerRules, told: (state: BreakerState) => void) {
    this.#rules = rules;
    this.#told = told;
    this.#counts = new SlidingCounts(rules.windowMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** How long it lets nothing through from now on, at least; 0 where it does. */
  closedForMs(nowMs: number): number {
    return this.#state === 'open' ? Math.max(0, this.#sinceMs + this.#rules.openMs - nowMs) : 0;
  }

  /** A call begins: gives what is to be said when it ends, or `NOT_LET_THROUGH`. */
  begin(nowMs: number): number {
    if (this.#state === 'closed') return this.#period;
    if (nowMs - this.#sinceMs >= this.#rules.openMs) {
      if (this.#state === 'open') this.#enter('half-open', nowMs);
      // Probes that have not ended in all that time may never do so: others take their places.
      else if (this.#placesLeft === 0) this.#renewProbes(nowMs);
    }
    if (this.#state === 'open' || this.#placesLeft === 0) return NOT_LET_THROUGH;
    this.#placesLeft--;
    return this.#period;
  }

  /** A call has ended that was let through; `period` is what `begin` gave. */
  ended(period: number, outcome: CallOutcome, nowMs: number): void {
    if (period !== this.#period || this.#state === 'open') return;
    if (this.#state === 'closed') this.#count(outcome, nowMs);
    else if (outcome === 'unknown') this.#placesLeft++;
    else if (outcome !== 'succeeded') this.#enter('open', nowMs);
    else if (++this.#probesSucceeded >= this.#rules.probes) this.#enter('closed', nowMs);
  }

  #count(outcome: CallOutcome, nowMs: number): void {
    if (outcome === 'unknown') return;
    const { failures, least, unreachable } = this.#rules;
    const counts = this.#counts;
    counts.count(nowMs, outcome !== 'succeeded');
    if (outcome === 'succeeded') {
      this.#unreachableInARow = 0;
      return;
    }
    this.#unreachableInARow = outcome === 'unreachable' ? this.#unreachableInARow + 1 : 0;
    const isShare = counts.total >= least && counts.marked >= counts.total * failures;
    if (isShare || this.#unreachableInARow >= unreachable) this.#enter('open', nowMs);
  }

  #renewProbes(nowMs: number): void {
    this.#period++;
    this.#sinceMs = nowMs;
    this.#placesLeft = this.#rules.probes;
    this.#probesSucceeded = 0;
  }

  #enter(state: BreakerState, nowMs: number): void {
    this.#state = state;
    this.#renewProbes(nowMs);
    this.#counts.clear();
    this.#unreachableInARow = 0;
    this.#told(state);
  }
}
