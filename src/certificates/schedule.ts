import { err, ok, type Result } from '../base/index.ts';
import type { Clock, Random, Timer } from '../ports/index.ts';

const MINUTE_MS = 60_000;
// A wall clock may jump and a machine may sleep: what is due is looked at this often, however far away it seemed.
const LOOK_AGAIN_MS = 60 * MINUTE_MS;
const FIRST_RETRY_MS = MINUTE_MS;
const SOONEST_MS = 1_000;

/** What a schedule runs: says when it is due next by the wall clock, or why it failed. */
export type Work = () => Promise<Result<{ readonly dueMs: number }, string>>;

/**
 * What a schedule needs. `failed` hears of every failure, how many there were in a row, and how long it is until the next
 * attempt; it may put that off by `runAfter`.
 */
export interface ScheduleOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly work: Work;
  readonly failed: (reason: string, inRow: number, retryMs: number) => void;
}

/**
 * Runs one piece of work when it is due, one run at a time. After a failure it tries again in 1, 2, 4 … minutes, at most
 * an hour, each up to a quarter earlier by chance, so that many nodes do not come at once. Work that throws has failed.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  #running: Promise<Result<void, string>> | null = null;
  #queued: Promise<Result<void, string>> | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #closed = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /**
   * Runs the work now, or once more after the run that is under way, since that one may have begun on older facts.
   * Callers in between share one run. Never rejects.
   */
  run(): Promise<Result<void, string>> {
    if (this.#closed) return Promise.resolve(err('closed'));
    if (this.#running === null) return this.#start();
    this.#queued ??= this.#running.then(() => {
      this.#queued = null;
      return this.run();
    });
    return this.#queued;
  }

  /** Runs the work again after `delayMs`, instead of when it would have been due. */
  runAfter(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.run());
  }

  /** No run begins after this; one under way ends without consequences here. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Resolves when the run that is under way has ended. */
  async settled(): Promise<void> {
    await this.#running;
  }

  #start(): Promise<Result<void, string>> {
    this.#running = this.#attempt().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #attempt(): Promise<Result<void, string>> {
    this.#timer?.cancel();
    const done = await this.#options.work().catch((fault: unknown) => err(`a fault of the program: ${String(fault)}`));
    if (this.#closed) return done.ok ? ok(undefined) : done;
    if (done.ok) {
      this.#failures = 0;
      const waitMs = done.value.dueMs - this.#options.clock.now();
      this.runAfter(Math.min(Math.max(waitMs, SOONEST_MS), LOOK_AGAIN_MS));
      return ok(undefined);
    }
    this.#failures += 1;
    const retryMs = this.#retryMs();
    this.runAfter(retryMs);
    this.#options.failed(done.error, this.#failures, retryMs);
    return done;
  }

  #retryMs(): number {
    const fullMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10), LOOK_AGAIN_MS);
    return Math.round(fullMs * (1 - fraction(this.#options.random) / 4));
  }
}

/** A random number from 0 up to and not including 1. */
export function fraction(random: Random): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}
