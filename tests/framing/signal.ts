/**
 * How long anything in the corpus may take before it counts as not happening. Shorter than what a gateway waits for a
 * head: else its own bound could do late what it failed to do.
 */
const DEADLINE_MS = 8_000;

/** Lets many wait for a condition over something that changes, each with a deadline of its own. */
export class Signal {
  readonly #waiting = new Set<() => void>();

  /** To be called after every change. */
  changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Whether the condition came to hold before the deadline. */
  async holds(condition: () => boolean, deadlineMs: number = DEADLINE_MS): Promise<boolean> {
    if (condition()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const check = (): void => {
      if (condition()) resolve(true);
    };
    const timer = setTimeout(() => resolve(condition()), deadlineMs);
    this.#waiting.add(check);
    const held = await promise;
    this.#waiting.delete(check);
    clearTimeout(timer);
    return held;
  }
}
