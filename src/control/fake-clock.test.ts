// No tests here: a clock that stands where it is put. Kept apart from the product by its name.
import type { Clock } from '../ports/index.ts';

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that passes when it is told to. */
export class FakeClock implements Pick<Clock, 'now' | 'monotonic' | 'after'> {
  #nowMs = 1_000;
  #waiting: Waiting[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const mine = { atMs: this.#nowMs + delayMs, run };
    this.#waiting.push(mine);
    return { cancel: () => void (this.#waiting = this.#waiting.filter((each) => each !== mine)) };
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    const due = this.#waiting.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { run } of due) run();
  }
}
