import type { LeakReporters } from '../policy/index.ts';

/** What holds of the keys that this gateway gives out. */
export interface ApiKeysConfig {
  /** Keys of this environment are made and taken. */
  readonly environment: string;
  /** How long a key lives where nobody says otherwise. */
  readonly lifetimeMs: number;
  /** Who may report keys that were found in public; null where nobody may. */
  readonly leakReports: LeakReporters | null;
}

/** Where an API takes keys, besides `Authorization`. */
export interface ApiKeyField {
  /** In lower case. */
  readonly header: string;
}
