import { type AcmeFault, isLasting } from './fault.ts';

/** So many failures in a row are no passing trouble. */
const PATIENCE = 3;
/** After so long the first is asked again. */
const RETURN_MS = 86_400_000;

/**
 * Which of several CAs is asked for one name: the first, until it fails in a way that waiting can't mend, or three times
 * in a row; then the next, and behind the last the first again. After 24 hours away from the first it is asked again.
 */
export class AuthorityChoice {
  readonly #count: number;
  #at = 0;
  #failures = 0;
  #leftMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** The place of the one to ask. `nowMs` is monotonic. */
  current(nowMs: number): number {
    if (this.#at !== 0 && nowMs - this.#leftMs >= RETURN_MS) this.#turnTo(0, nowMs);
    return this.#at;
  }

  /** It gave a certificate. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** It failed; true where another is the one to ask now, so that there is nothing to wait for. */
  failed(fault: AcmeFault, nowMs: number): boolean {
    this.#failures += 1;
    if (this.#count === 1 || (this.#failures < PATIENCE && !isLasting(fault))) return false;
    this.#turnTo((this.#at + 1) % this.#count, nowMs);
    // Behind the last all have failed, and there is something to wait for after all.
    return this.#at !== 0;
  }

  #turnTo(at: number, nowMs: number): void {
    if (this.#at === 0) this.#leftMs = nowMs;
    this.#at = at;
    this.#failures = 0;
  }
}
