import type { Clock, Log, Random } from '../../ports/index.ts';
import type { Attempts } from './attempts.ts';
import type { Issued } from './issued.ts';
import { chosenMoment, renewalAdvice } from './renewal-info.ts';
import type { AcmeSession } from './session.ts';

/** Where a CA gave none, or none that makes sense. */
const ASK_AGAIN_MS = 6 * 3_600_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** What choosing it takes. */
export interface MomentOptions {
  readonly attempts: Pick<Attempts, 'advisedFromMs'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Advised {
  readonly startMs: number;
  readonly endMs: number;
  /** Chosen between the two. */
  readonly atMs: number;
}

/**
 * When the certificate of one name is renewed, wall time in milliseconds: at two thirds of its life, or when its CA
 * advises so (RFC 9773). Advice comes from outside: it never puts a renewal off beyond five sixths of a life, and hastens
 * only so many in a week.
 */
export class RenewalMoment {
  readonly #options: MomentOptions;
  #advised: Advised | null = null;
  #askAtMs = 0;

  constructor(options: MomentOptions) {
    this.#options = options;
  }

  /** When its CA is to be asked for advice next. */
  get askAtMs(): number {
    return this.#askAtMs;
  }

  /** There is another certificate, and nothing was advised for it yet. */
  forget(): void {
    this.#advised = null;
    this.#askAtMs = 0;
  }

  renewAtMs({ renewAtMs, notBeforeMs, notAfterMs }: Issued): number {
    if (this.#advised === null) return renewAtMs;
    const lifeMs = notAfterMs - notBeforeMs;
    const latestMs = notAfterMs - lifeMs / 6;
    const { atMs } = this.#advised;
    if (atMs >= renewAtMs) return Math.min(atMs, latestMs);
    return Math.min(renewAtMs, Math.max(atMs, this.#options.attempts.advisedFromMs(lifeMs)));
  }

  /** Whether its CA is to be asked for advice now. */
  isToAsk({ id }: Issued): boolean {
    const nowMs = this.#options.clock.now();
    // A clock that was set back must not make the wait longer than it ever was.
    if (id !== null) return nowMs >= this.#askAtMs || this.#askAtMs > nowMs + LONGEST_WAIT_MS;
    this.#askAtMs = Infinity;
    return false;
  }

  /** Asks the CA. Advice that can't be had, or makes no sense, changes nothing. */
  async ask(session: AcmeSession, issued: Issued): Promise<void> {
    const { clock, random, log } = this.#options;
    if (issued.id === null) return;
    const advice = await renewalAdvice(session, issued.id);
    if (!advice.ok) log.write('debug', 'acme.no-advice', `no advice on renewal: ${advice.error.detail}`);
    const given = advice.ok ? advice.value : null;
    this.#askAtMs = clock.now() + (given?.askAgainMs ?? ASK_AGAIN_MS);
    if (given === null) return;
    const { startMs, endMs } = given;
    // The moment is chosen once for a window: chosen again at each look it would creep towards the present.
    if (this.#advised?.startMs === startMs && this.#advised.endMs === endMs) return;
    // What begins behind the end of life would never come.
    if (startMs >= issued.notAfterMs) return;
    this.#advised = { startMs, endMs, atMs: chosenMoment(given, random) };
  }
}
