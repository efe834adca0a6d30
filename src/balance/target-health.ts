import { SlidingCounts } from './sliding-counts.ts';

/** When a target is left out for what its replies were like, and for how long. Times in milliseconds. */
export interface EjectionSettings {
  /** So many failures in a row. */
  readonly consecutive: number;
  /** Or such a part of what was asked in the last seconds, in percent. */
  readonly failurePercent: number;
  /** The first time for so long; each next time twice as long as the one before. */
  readonly timeMs: number;
  readonly maxTimeMs: number;
  /** Never more of the targets than this, in percent. */
  readonly maxPercent: number;
}

/**
 * What is held of a target. `up`: it gets its part. `starting`: it is back, or new, and gets more little by little.
 * `ejected`: requests to it failed, and it gets none for a time. `down`: it failed its checks, and gets none until it
 * passes them.
 */
export type TargetState = 'up' | 'starting' | 'ejected' | 'down';

/** The replies of so long are judged together. */
const WINDOW_MS = 10_000;
/** Below this a part of them says nothing. */
const LEAST_REPLIES = 20;
/** What a target gets of its part when it starts. */
const FIRST_SHARE = 0.1;
/** Beyond it a doubled time is above every bound. */
const LEVEL_LIMIT = 30;

/**
 * The health of one target: a machine that is told of outcomes and of time, and looks at neither clock nor network.
 * Times are of one monotonic clock, in milliseconds. Who owns it decides whether an ejection may be at all.
 */
export class TargetHealth {
  #state: TargetState = 'up';
  #sinceMs: number;
  #reason = '';
  /** Failures in a row. */
  #failures = 0;
  /** What was asked lately; marked is what failed. */
  readonly #asked = new SlidingCounts(WINDOW_MS);
  /** How often its time was doubled. */
  #level = 0;
  #lastTimeMs = 0;
  /** The end of its ejection. */
  #untilMs = 0;
  #returnedMs = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** The same once more, for whoever judges on by it; the part that failed lately is counted anew. */
  copy(): TargetHealth {
    const copy = new TargetHealth(this.#sinceMs);
    copy.#state = this.#state;
    copy.#reason = this.#reason;
    copy.#failures = this.#failures;
    [copy.#level, copy.#lastTimeMs] = [this.#level, this.#lastTimeMs];
    [copy.#untilMs, copy.#returnedMs] = [this.#untilMs, this.#returnedMs];
    return copy;
  }

  get state(): TargetState {
    return this.#state;
  }

  /** Since when it is in its state. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Why it is ejected or down, for people; empty where it is not. */
  get reason(): string {
    return this.#reason;
  }

  /** When its ejection ends; only while it is ejected. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** What part of its weight it gets now, from 0 to 1. */
  shareAt(nowMs: number, slowStartMs: number): number {
    switch (this.#state) {
      case 'up':
        return 1;
      case 'ejected':
      case 'down':
        return 0;
      case 'starting': {
        const passed = slowStartMs === 0 ? 1 : (nowMs - this.#sinceMs) / slowStartMs;
        return Math.min(1, FIRST_SHARE + (1 - FIRST_SHARE) * passed);
      }
    }
  }

  /** A request to it went well. */
  succeeded(nowMs: number): void {
    this.#failures = 0;
    this.#asked.count(nowMs, false);
  }

  /** A request to it failed. True where that is enough to eject it; asked again it says so again. */
  failed(nowMs: number, settings: EjectionSettings): boolean {
    if (this.#state === 'ejected' || this.#state === 'down') return false;
    this.#failures++;
    this.#asked.count(nowMs, true);
    if (this.#failures >= settings.consecutive) return true;
    const { total, marked } = this.#asked;
    return total >= LEAST_REPLIES && marked * 100 >= total * settings.failurePercent;
  }

  /** Leaves it out. Returns for how long. The time is doubled again and again, and less so the longer it has been well since. */
  eject(reason: string, nowMs: number, { timeMs, maxTimeMs }: EjectionSettings): number {
    const forgotten = this.#lastTimeMs === 0 ? 0 : Math.floor((nowMs - this.#returnedMs) / this.#lastTimeMs);
    this.#level = Math.max(0, this.#level - forgotten);
    const lengthMs = Math.min(maxTimeMs, timeMs * 2 ** this.#level);
    this.#level = Math.min(LEVEL_LIMIT, this.#level + 1);
    this.#lastTimeMs = lengthMs;
    this.#untilMs = nowMs + lengthMs;
    this.#enter('ejected', reason, nowMs);
    return lengthMs;
  }

  /** It failed its checks. */
  fall(reason: string, nowMs: number): void {
    if (this.#state === 'ejected') this.#returnedMs = nowMs;
    this.#enter('down', reason, nowMs);
  }

  /** Its time is over, or it passed its checks. It is on probation: the first failure ejects it again, a success ends that. */
  return(nowMs: number, settings: EjectionSettings | null): void {
    if (this.#state === 'ejected') this.#returnedMs = nowMs;
    this.#failures = settings === null ? 0 : settings.consecutive - 1;
    this.#asked.clear();
    this.#enter('starting', '', nowMs);
  }

  /** It is new among others that are asked already. */
  start(nowMs: number): void {
    this.#enter('starting', '', nowMs);
  }

  /** It gets all of its part again. */
  finishStart(nowMs: number): void {
    this.#enter('up', '', nowMs);
  }

  #enter(state: TargetState, reason: string, nowMs: number): void {
    this.#state = state;
    this.#reason = reason;
    this.#sinceMs = nowMs;
  }
}
