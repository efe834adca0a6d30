import type { WebSocketConfig } from '../config/compiled.ts';

/** How many frames a client may send now: so many in a period, and as many at once. Times in milliseconds of the monotonic clock. */
export class FramePace {
  readonly #count: number;
  readonly #framesPerMs: number;
  #frames: number;
  #atMs: number;

  constructor({ count, periodMs }: WebSocketConfig['rate'], nowMs: number) {
    this.#count = count;
    this.#framesPerMs = count / periodMs;
    this.#frames = count;
    this.#atMs = nowMs;
  }

  /** Whole frames that may pass now. */
  allowed(nowMs: number): number {
    this.#frames = Math.min(this.#count, this.#frames + (nowMs - this.#atMs) * this.#framesPerMs);
    this.#atMs = nowMs;
    return Math.floor(this.#frames);
  }

  /** So many have passed, no more than were allowed. */
  spend(frames: number): void {
    this.#frames -= frames;
  }

  /** How long until another may pass. */
  get waitMs(): number {
    return Math.max(0, (1 - this.#frames) / this.#framesPerMs);
  }
}
