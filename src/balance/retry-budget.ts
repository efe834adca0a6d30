import { SlidingCounts } from './sliding-counts.ts';

/** Requests and retries are weighed against each other over so long. */
const WINDOW_MS = 10_000;
/** So many retries within a window are allowed however few requests there are: one a second. */
const FLOOR = 10;

/**
 * Says whether one more request may be sent again, so that an upstream that is down does not get a multiple of what brought
 * it down: retries are no more than a share of the requests of the last ten seconds, and ten where that is less. Times are
 * milliseconds of the monotonic clock.
 */
export class RetryBudget {
  readonly #share: number;
  /** Requests and retries, of which retries are marked. */
  readonly #counts = new SlidingCounts(WINDOW_MS);

  /** `share`: retries for each request, from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Counts a request that is sent for the first time. */
  requested(nowMs: number): void {
    this.#counts.count(nowMs, false);
  }

  /** Whether a request may be sent again. Then that is counted. */
  takeRetry(nowMs: number): boolean {
    const counts = this.#counts;
    counts.at(nowMs);
    const requests = counts.total - counts.marked;
    if (counts.marked >= Math.max(FLOOR, Math.floor(requests * this.#share))) return false;
    counts.count(nowMs, true);
    return true;
  }
}
