/** A handshake that is about to begin. */
export interface Handshake {
  /** Does the server's part of it, which takes long. Must not throw. */
  begin(): void;
}

/** Of one turn of the event loop at least: some four handshakes. A turn that has much else to do gives them a part of that. */
const TURN_MS = 4;
/** Where turns are longer, for there is much else to do: whoever comes must get its turn too. */
const TURN_SHARE = 1 / 3;
/** What a thread does in one to two seconds: whoever waits behind them is better turned away than kept. */
const MOST_WAITING = 1_024;

/**
 * Spreads handshakes over the turns of the event loop, since each keeps the thread busy for about a millisecond and they
 * come in crowds. Those that don't fit wait, in the order in which they came. How long they wait is bounded by whoever
 * asks.
 */
export class HandshakeGate {
  readonly #monotonic: () => number;
  readonly #nextTurn: (callback: () => void) => void;
  readonly #waiting = new Set<Handshake>();
  #spentMs = 0;
  #budgetMs = TURN_MS;
  /** When the present turn began. */
  #turnAt = 0;
  #planned = false;

  /** `monotonic` gives milliseconds and parts of them; `nextTurn` calls back when the thread has done what had come. */
  constructor(monotonic: () => number, nextTurn: (callback: () => void) => void) {
    this.#monotonic = monotonic;
    this.#nextTurn = nextTurn;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Begins it now or in a later turn; false where too many wait. */
  enter(handshake: Handshake): boolean {
    if (this.#waiting.size >= MOST_WAITING) return false;
    if (!this.#planned) {
      // What an earlier turn was given, however long that was, holds no more.
      this.#turnAt = this.#monotonic();
      this.#budgetMs = TURN_MS;
    }
    this.#plan();
    if (this.#waiting.size > 0 || this.#spentMs >= this.#budgetMs) this.#waiting.add(handshake);
    else this.#begin(handshake);
    return true;
  }

  /** One that waits is given up. */
  leave(handshake: Handshake): void {
    this.#waiting.delete(handshake);
  }

  #begin(handshake: Handshake): void {
    const from = this.#monotonic();
    handshake.begin();
    this.#spentMs += this.#monotonic() - from;
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.#nextTurn(() => this.#turn());
  }

  #turn(): void {
    const now = this.#monotonic();
    this.#planned = false;
    this.#spentMs = 0;
    this.#budgetMs = Math.max(TURN_MS, (now - this.#turnAt) * TURN_SHARE);
    this.#turnAt = now;
    for (const handshake of this.#waiting) {
      if (this.#spentMs >= this.#budgetMs) break;
      this.#waiting.delete(handshake);
      this.#begin(handshake);
    }
    if (this.#waiting.size > 0) this.#plan();
  }
}
