import type { Rate } from '../../../ports/index.ts';

/** Whom a limit counts. */
export type LimitSubject = 'user' | 'app' | 'tenant' | 'address';

/** One limit, such as `100/min per user`; `text` is as it is written. */
export interface LimitRule {
  readonly rate: Rate;
  readonly per: LimitSubject;
  readonly text: string;
}

/** The limits of an API. */
export interface RateConfig {
  /** Counted over all operations of the API together. */
  readonly rules: readonly LimitRule[];
  /** By operation name: counted for that operation alone, besides those of the API. */
  readonly operations: Readonly<Record<string, readonly LimitRule[]>>;
  /** Names of operations where nobody is known: there, limits of the API that count callers do not apply. */
  readonly open: readonly string[];
}
