import type { Authorization } from './provider.ts';

/** Somebody has begun to sign in and has not come back yet. */
export interface Attempt extends Authorization {
  readonly issuer: string;
  readonly origin: string;
  readonly returnTo: string;
  /** The hash of what binds it to a browser. */
  readonly binding: string;
  /** The session that asked for more, by its hash. */
  readonly session: string | null;
  readonly expiresAtMs: number;
}

/** So long a person may take at the provider. */
export const ATTEMPT_LIFE_MS = 10 * 60 * 1_000;
/** Each holds some hundred bytes, and its path: the oldest goes where there are more. */
const ATTEMPT_LIMIT = 10_000;

/** Those that are under way. Each can be taken once, by the browser that began it. */
export class Attempts {
  readonly #byState = new Map<string, Attempt>();

  /** `nowMs` is monotonic, as is the time at which it expires. */
  add(attempt: Attempt): void {
    this.#byState.set(attempt.state, attempt);
    for (const [state, { expiresAtMs }] of this.#byState) {
      const isOld = expiresAtMs <= attempt.expiresAtMs - ATTEMPT_LIFE_MS;
      if (!isOld && this.#byState.size <= ATTEMPT_LIMIT) break;
      this.#byState.delete(state);
    }
  }

  /**
   * The attempt of this state, which is over with it. Null where there is none, it has expired, or it is of another
   * browser: then it stays for the one that it is of, who may still come.
   */
  take(state: string, binding: string | null, nowMs: number): Attempt | null {
    const attempt = this.#byState.get(state);
    if (attempt === undefined || binding === null || attempt.binding !== binding) return null;
    this.#byState.delete(state);
    return nowMs < attempt.expiresAtMs ? attempt : null;
  }

  get size(): number {
    return this.#byState.size;
  }
}
