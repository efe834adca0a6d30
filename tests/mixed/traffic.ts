import { setTimeout as delay } from 'node:timers/promises';

/** What one kind of traffic has done. */
export interface TrafficCount {
  readonly kind: string;
  /** Requests, messages, events and calls that came back right. */
  readonly right: number;
  /** How many did not, but for those that were forgiven. */
  readonly failed: number;
  readonly forgiven: number;
  /** The first that failed, in words. */
  readonly failures: readonly string[];
}

/** How it asks. */
export interface TrafficPlan {
  readonly kind: string;
  /** Ask at once. */
  readonly hands: number;
  /** Between an answer and the next question of a hand. */
  readonly pauseMs: number;
}

/** Failures that are kept in words. */
const KEPT = 20;
/** Whatever is wrong is not made worse by asking at once again. */
const AFTER_FAILURE_MS = 100;

/** One kind of traffic: it asks with so many hands at once until `stop`. `ask` fails where anything is not as it must be. */
export class Traffic {
  readonly kind: string;
  right = 0;
  /** What fails now has a right to. */
  forgives = false;
  readonly #pauseMs: number;
  readonly #failures: string[] = [];
  #failed = 0;
  #forgiven = 0;
  #over = false;
  readonly #hands: readonly Promise<void>[];

  constructor({ kind, hands, pauseMs }: TrafficPlan, ask: (hand: number) => Promise<number>) {
    this.kind = kind;
    this.#pauseMs = pauseMs;
    this.#hands = Array.from({ length: hands }, (_, hand) => this.#go(() => ask(hand)));
  }

  async #go(ask: () => Promise<number>): Promise<void> {
    while (!this.#over) {
      try {
        const right = await ask();
        this.right += right;
        if (this.#pauseMs > 0) await delay(this.#pauseMs);
      } catch (fault) {
        this.#fail(fault instanceof Error ? fault.message : String(fault));
        await delay(AFTER_FAILURE_MS);
      }
    }
  }

  #fail(words: string): void {
    if (this.forgives) {
      this.#forgiven++;
      return;
    }
    this.#failed++;
    if (this.#failures.length < KEPT) this.#failures.push(words);
  }

  get count(): TrafficCount {
    const [failed, forgiven, failures] = [this.#failed, this.#forgiven, this.#failures];
    return { kind: this.kind, right: this.right, failed, forgiven, failures };
  }

  /** Waits until what is asked has come back. */
  async stop(): Promise<TrafficCount> {
    this.#over = true;
    await Promise.all(this.#hands);
    return this.count;
  }
}
