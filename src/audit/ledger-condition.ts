import type { Alert, FileFault, Log } from '../ports/index.ts';
import type { SegmentFinding } from './line.ts';

const DETAIL_LIMIT = 500;

/** How the writer is, as `LedgerWriter` explains; `detail` says why it is not sound. */
export interface LedgerCondition {
  readonly state: 'sound' | 'short' | 'broken';
  readonly detail: string | null;
}

/** Who hears of the writer. */
export interface LedgerAudience {
  readonly log: Log;
  readonly alert: (alert: Alert) => void;
  /** Hears of each change; the writer begins sound. */
  readonly changed?: (condition: LedgerCondition) => void;
}

/** How the writer is, and what it says of that: each change once. */
export class ConditionTeller {
  readonly #audience: LedgerAudience;
  #state: LedgerCondition['state'] = 'sound';

  constructor(audience: LedgerAudience) {
    this.#audience = audience;
  }

  get state(): LedgerCondition['state'] {
    return this.#state;
  }

  /** The file can't be written or is not where it was. */
  break(fault: FileFault): void {
    if (this.#state === 'broken') return;
    this.#change('broken', fault);
    this.#alarm('file', 'the ledger can not be written, requests are refused', fault);
  }

  /** No space can be had beyond what is reserved. */
  short(fault: FileFault): void {
    if (this.#state !== 'sound') return;
    this.#change('short', fault);
    this.#alarm('space', 'the ledger gets no more space; requests are refused when what is reserved is used up', fault);
  }

  /** All is well, in this segment; gives what was before. */
  recover(segment: number): LedgerCondition['state'] {
    const before = this.#state;
    if (before === 'sound') return before;
    this.#change('sound', null);
    this.#audience.log.write('info', 'ledger.written', 'the ledger can be written', { segment });
    return before;
  }

  /** Something failed that is tried again, or does no harm. */
  warn(message: string, { detail }: FileFault): void {
    this.#audience.log.write('warn', 'ledger.fault', message, { detail: detail.slice(0, DETAIL_LIMIT) });
  }

  /** What was found when the log was opened: a block that a crash left unfinished, or a chain that does not hold. */
  found(torn: string | null, broken: SegmentFinding | null): void {
    if (torn !== null) {
      this.#audience.log.write('info', 'ledger.torn', 'an unfinished block was cut off', { detail: torn });
    }
    if (broken === null) return;
    const message =
      'the chain of the ledger does not hold; it goes on in a new segment, and what was found stays as it is';
    this.#alarm('chain', message, { reason: 'other', detail: broken.detail });
  }

  #change(state: LedgerCondition['state'], fault: FileFault | null): void {
    this.#state = state;
    this.#audience.changed?.({ state, detail: fault === null ? null : fault.detail.slice(0, DETAIL_LIMIT) });
  }

  #alarm(key: string, message: string, { detail }: FileFault): void {
    const fields = { detail: detail.slice(0, DETAIL_LIMIT) };
    this.#audience.alert({ kind: 'ledger.fault', key, severity: 'critical', message, fields });
  }
}
