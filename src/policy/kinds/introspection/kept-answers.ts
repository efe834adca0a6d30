/** What is kept of an answer: what it came to, for how long, and how much it holds. Times are wall time in milliseconds. */
export interface KeptAnswer<T> {
  readonly value: T;
  /** It counts from then on, and not any more from then on. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly bytes: number;
}

/** As many as one thread sees callers between two answers of each. */
const ANSWER_LIMIT = 10_000;

/** Of all of them, as they came; what is made of one takes about three times that. */
const BYTES_LIMIT = 16 * 1_024 * 1_024;

/**
 * Answers of one server by the hash of their tokens, bounded in number and in bytes. There are two generations, as of
 * verified tokens: one that is found in the old moves to the young, and when that is half of what is allowed, the old goes.
 */
export class KeptAnswers<T> {
  #young = new Map<string, KeptAnswer<T>>();
  #old = new Map<string, KeptAnswer<T>>();
  #youngBytes = 0;

  /** How many are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** What is kept of the token with this hash, if it counts now; else null. */
  find(hash: string, nowMs: number): T | null {
    const young = this.#young.get(hash);
    const found = young ?? this.#old.get(hash);
    if (found === undefined || !(nowMs >= found.fromMs && nowMs < found.untilMs)) return null;
    if (young === undefined) this.add(hash, found);
    return found.value;
  }

  /** Keeps an answer in place of the one before. */
  add(hash: string, answer: KeptAnswer<T>): void {
    this.#old.delete(hash);
    if (this.#young.size >= ANSWER_LIMIT / 2 || this.#youngBytes >= BYTES_LIMIT / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    const before = this.#young.get(hash)?.bytes ?? 0;
    this.#young.set(hash, answer);
    this.#youngBytes += answer.bytes - before;
  }
}
