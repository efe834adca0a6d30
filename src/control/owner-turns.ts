import type { Clock } from '../ports/index.ts';

/** Calls at a time, and those of one network among them: half, so that no network ever has all. */
const AT_A_TIME = 24;
const OF_ONE_SOURCE = 12;
/** Who waits for one of these, and how many of one network. */
const WAITING_LIMIT = 512;
const WAITING_OF_ONE_SOURCE = 128;

/** Turns to ask one service. Networks that wait take turns: one with a long queue holds up nobody but itself. */
export class OwnerTurns {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #running = new Map<string, number>();
  readonly #queues = new Map<string, (() => void)[]>();
  #all = 0;
  #waiting = 0;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** True when it is one's turn, which is to be given back; false where that takes longer than this, or too many wait. */
  take(source: string, waitMs: number): Promise<boolean> {
    if (this.#mayRun(source)) {
      this.#begin(source);
      return Promise.resolve(true);
    }
    const queue = this.#queues.get(source) ?? [];
    if (this.#waiting >= WAITING_LIMIT || queue.length >= WAITING_OF_ONE_SOURCE) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const mine = (): void => {
      timer.cancel();
      resolve(true);
    };
    const timer = this.#clock.after(waitMs, () => {
      this.#leave(source, mine);
      resolve(false);
    });
    queue.push(mine);
    this.#queues.set(source, queue);
    this.#waiting++;
    return promise;
  }

  give(source: string): void {
    this.#all--;
    const left = (this.#running.get(source) ?? 1) - 1;
    if (left > 0) this.#running.set(source, left);
    else this.#running.delete(source);
    this.#next();
  }

  #next(): void {
    for (const [source, queue] of this.#queues) {
      if (!this.#mayRun(source)) continue;
      const mine = queue.shift();
      this.#queues.delete(source);
      if (queue.length > 0) this.#queues.set(source, queue);
      this.#waiting--;
      this.#begin(source);
      mine?.();
      return;
    }
  }

  #mayRun(source: string): boolean {
    return this.#all < AT_A_TIME && (this.#running.get(source) ?? 0) < OF_ONE_SOURCE;
  }

  #begin(source: string): void {
    this.#all++;
    this.#running.set(source, (this.#running.get(source) ?? 0) + 1);
  }

  #leave(source: string, mine: () => void): void {
    const queue = this.#queues.get(source) ?? [];
    const at = queue.indexOf(mine);
    if (at < 0) return;
    queue.splice(at, 1);
    this.#waiting--;
    if (queue.length === 0) this.#queues.delete(source);
  }
}
