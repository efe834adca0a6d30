/** What one kind of traffic has done. */
export interface TrafficCount {
  readonly kind: string;
  /** Requests, messages, events and calls that came back right. */
  readonly right: number;
  /** What did not, in words, each once. */
  readonly failures: readonly string[];
}

/** Failures that are kept in words. */
const KEPT = 20;

/**
 * One kind of traffic: it asks with so many hands at once until `stop`. `ask` fails where anything is not as it must be.
 */
export class Traffic {
  readonly kind: string;
  right = 0;
  readonly #failures: string[] = [];
  #over = false;
  readonly #hands: readonly Promise<void>[];

  constructor(kind: string, hands: number, ask: (hand: number) => Promise<number>) {
    this.kind = kind;
    this.#hands = Array.from({ length: hands }, (_, hand) => this.#go(() => ask(hand)));
  }

  async #go(ask: () => Promise<number>): Promise<void> {
    while (!this.#over && this.#failures.length < KEPT) {
      try {
        const right = await ask();
        this.right += right;
      } catch (fault) {
        this.#failures.push(fault instanceof Error ? fault.message : String(fault));
      }
    }
  }

  /** Waits until what is asked has come back. */
  async stop(): Promise<TrafficCount> {
    this.#over = true;
    await Promise.all(this.#hands);
    return { kind: this.kind, right: this.right, failures: this.#failures };
  }
}
