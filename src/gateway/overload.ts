import type { Priority } from '../config/compiled.ts';
import type { Clock, Timer } from '../ports/index.ts';

/** What says which requests are refused. */
export type LoadJudge = Pick<Overload, 'sheds' | 'hushMs' | 'level' | 'inFlightLimit'>;

/** A judge that nobody tells how late the thread is: only what is under way counts. */
export function unwatchedLoad(clock: OverloadOptions['clock']): LoadJudge {
  return new Overload({ clock, utilization: () => 0, chance: () => 0.5, inFlightLimit: DEFAULT_IN_FLIGHT });
}

/** What overload is told by. */
export interface OverloadOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'every'>;
  /** The share of time, from 0 to 1, in which the thread had something to do since this was asked last. */
  readonly utilization: () => number;
  /** A number from 0 up to 1, each as likely as the others. */
  readonly chance: () => number;
  /** So many requests may be under way in the thread. */
  readonly inFlightLimit: number;
  /** Hears of each window: by how much the thread was late at least, in milliseconds, and the level that follows. */
  readonly judged?: (lateMs: number, level: number) => void;
}

const TICK_MS = 20;
const WINDOW_MS = 100;
/** A timer that is late by more has a queue before it. */
const LATE_MS = 10;
/** A thread that waits for its processor has time in which it has nothing to do; one that can't keep up has none. */
const BUSY_SHARE = 0.9;
const RISE = 0.1;
const FALL = 0.05;
const MOST_LEVEL = 2;
/** Of requests under way, and of the queue for an upstream, each priority may fill so much. */
const SHARES = { low: 0.5, normal: 0.8, high: 1 } as const satisfies Record<Priority, number>;
/** So long a client that was refused is not heard: a refusal costs a third of a request, and clients ask again at once. */
const HUSH_MS = 250;
const LONG_HUSH_MS = 1_000;
/** Clients that were refused together are not to come back together. */
const HUSH_SPREAD = 0.5;
const DEFAULT_IN_FLIGHT = 8_192;
const LEAST_IN_FLIGHT = 1_024;

/** How many requests a thread may have under way, where so many threads share the node. */
export function inFlightLimitOf(threads: number): number {
  return Math.max(LEAST_IN_FLIGHT, Math.ceil(DEFAULT_IN_FLIGHT / threads));
}

/**
 * Whether a thread can't keep up, and what it refuses then. The level rises while a timer is late for 100 ms on end, more
 * than once: a burst is over sooner, and so is a pause, however long. It takes a second of that until anything but `low` is
 * refused, and two until all of `normal` is; `high` is refused only where nothing more fits in.
 */
export class Overload {
  readonly #options: OverloadOptions;
  #level = 0;
  #tickedAt: number;
  #windowAt: number;
  #leastMs = Number.POSITIVE_INFINITY;
  /** Of the look before. */
  #lastLateMs = 0;
  #timer: Timer | null = null;

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#tickedAt = this.#windowAt = options.clock.monotonic();
  }

  /** From 0, where all is served, to 2, where only `high` is. */
  get level(): number {
    return this.#level;
  }

  /** So many requests may be under way. */
  get inFlightLimit(): number {
    return this.#options.inFlightLimit;
  }

  /** Begins to look at how late the thread is, until `stop`. */
  start(): void {
    this.#tickedAt = this.#windowAt = this.#options.clock.monotonic();
    this.#timer ??= this.#options.clock.every(TICK_MS, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Whether a request is refused, whose client finds so many others under way and so much of its upstream's queue taken (0 to 1). */
  sheds(priority: Priority, inFlight: number, waitingShare: number): boolean {
    const share = SHARES[priority];
    if (inFlight >= this.#options.inFlightLimit * share) return true;
    // Beyond its last place the queue itself refuses.
    if (waitingShare >= share && share < 1) return true;
    if (this.#level === 0) return false;
    switch (priority) {
      case 'low':
        return this.#options.chance() < this.#level;
      case 'normal':
        return this.#options.chance() < this.#level - 1;
      case 'high':
        return false;
    }
  }

  /** So many milliseconds nothing more is read from a client that was just refused. */
  hushMs(): number {
    const middle = this.#level > 1 ? LONG_HUSH_MS : HUSH_MS;
    return middle * (1 - HUSH_SPREAD / 2 + HUSH_SPREAD * this.#options.chance());
  }

  #tick(): void {
    const now = this.#options.clock.monotonic();
    const lateMs = Math.max(0, now - this.#tickedAt - TICK_MS);
    this.#leastMs = Math.min(this.#leastMs, lateMs);
    this.#tickedAt = now;
    const wasLate = this.#lastLateMs > LATE_MS;
    this.#lastLateMs = lateMs;
    // One late look alone may be a pause that was longer than a window: the next one says.
    if (now - this.#windowAt < WINDOW_MS || (lateMs >= WINDOW_MS - TICK_MS && !wasLate)) return;
    const { utilization, judged } = this.#options;
    const standing = this.#leastMs > LATE_MS && utilization() > BUSY_SHARE;
    const level = this.#level + (standing ? RISE : -FALL);
    // In steps of 0.05, so that sums of them meet 0 and 1 exactly.
    this.#level = Math.min(MOST_LEVEL, Math.max(0, Math.round(level * 20) / 20));
    judged?.(this.#leastMs, this.#level);
    this.#windowAt = now;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }
}
