import type { Clock, Collection, Log } from '../../ports/index.ts';
import { type AcmeFault, fault } from './fault.ts';
import type { AttemptsRecord } from './records.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** Public CAs give so many for the same name in a week and then none; a fault of ours must not come there. */
const WEEKLY_LEAST = 5;
/** Two in each hour, for lives of less than one: the record stays small, and nobody needs more. */
const WEEKLY_MOST = 336;
/** Of a week's certificates so many are kept for what is due by its age, whatever a CA advises. */
const KEPT_FROM_ADVICE = 2;
/** CAs allow five failed validations of a name in an hour. */
const REST_MS = HOUR_MS / 4;
const LONGEST_REST_MS = 4 * HOUR_MS;

/** What counting attempts takes. */
export interface AttemptsOptions {
  readonly name: string;
  readonly records: Collection<AttemptsRecord>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What a CA counts against one name: certificates, also those that could not be served, and validations that failed. It
 * is kept, so that a gateway that is started over and over does not come to the CA's limits. A store that fails changes
 * what is remembered for this run not at all.
 */
export class Attempts {
  readonly #options: AttemptsOptions;
  #record: AttemptsRecord = { issuedAtMs: [], dueAfterMs: null, rest: null };
  #failuresInRow = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Takes up what is kept. */
  async load(): Promise<void> {
    const { name, records, log } = this.#options;
    try {
      this.#record = (await records.get(name)) ?? this.#record;
    } catch (error) {
      log.write(
        'warn',
        'acme.attempts-lost',
        `how often ${name} was certified of late is not known: ${wordsOf(error)}`,
      );
    }
  }

  /** Why no other certificate may be asked for now; null where one may. */
  refusal(): AcmeFault | null {
    const { name } = this.#options;
    const count = this.#ofLate().length;
    return count < this.#weeklyLimit()
      ? null
      : fault('tooManyIssued', `${count} certificates were issued for ${name} within a week`);
  }

  /** Until when this CA is left alone after validations that failed; in the past where there is nothing to wait for. */
  restUntilMs(directory: string): number {
    const { rest } = this.#record;
    if (rest === null || rest.directory !== directory) return 0;
    // A clock that was set back must not make it longer than it ever was.
    return rest.untilMs > this.#options.clock.now() + LONGEST_REST_MS ? 0 : rest.untilMs;
  }

  /** From when on a CA's advice to renew early is heeded: a CA that always advises so does not use up the week. */
  advisedFromMs(lifeMs: number): number {
    const ofLate = this.#ofLate();
    if (ofLate.length >= this.#weeklyLimit() - KEPT_FROM_ADVICE) return Infinity;
    const apartMs = Math.min(DAY_MS, lifeMs / 3);
    const nowMs = this.#options.clock.now();
    return ofLate.filter((at) => at > nowMs - apartMs).length < 2 ? 0 : Math.max(...ofLate) + apartMs;
  }

  /** A certificate was issued, and is renewed after so long; null where it is none that can be served. */
  async issued(dueAfterMs: number | null): Promise<void> {
    const issuedAtMs = [...this.#ofLate(), this.#options.clock.now()];
    if (dueAfterMs !== null) this.#failuresInRow = 0;
    await this.#keep({ issuedAtMs, dueAfterMs: dueAfterMs ?? this.#record.dueAfterMs, rest: null });
  }

  /**
   * A CA has counted so many failures of a name. Gives how long it is left alone: a quarter of an hour for each, twice as
   * long each time in a row, four hours at most. After a restart the first of these holds.
   */
  async failed(directory: string, counted: number): Promise<number> {
    if (counted === 0) return 0;
    const restMs = Math.min(REST_MS * counted, LONGEST_REST_MS);
    const longerMs = Math.min(restMs * 2 ** Math.min(this.#failuresInRow, 10), LONGEST_REST_MS);
    this.#failuresInRow += 1;
    await this.#keep({ ...this.#record, rest: { directory, untilMs: this.#options.clock.now() + restMs } });
    return longerMs;
  }

  /** One that lies far ahead is of a clock that went wrong. */
  #ofLate(): readonly number[] {
    const nowMs = this.#options.clock.now();
    return this.#record.issuedAtMs.filter((at) => at > nowMs - WEEK_MS && at < nowMs + DAY_MS);
  }

  /** As many as are needed where each is renewed in time, and a quarter more. */
  #weeklyLimit(): number {
    const { dueAfterMs } = this.#record;
    const needed = dueAfterMs === null ? 0 : Math.ceil((1.25 * WEEK_MS) / Math.max(dueAfterMs, 1));
    return Math.min(Math.max(needed, WEEKLY_LEAST), WEEKLY_MOST);
  }

  async #keep(record: AttemptsRecord): Promise<void> {
    const { name, records, log } = this.#options;
    this.#record = record;
    try {
      await records.put(name, record);
    } catch (error) {
      log.write('warn', 'acme.attempts-lost', `an attempt for ${name} could not be kept: ${wordsOf(error)}`);
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault';
}
