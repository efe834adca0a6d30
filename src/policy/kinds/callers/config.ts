/** One of those who may call: its name, and the reference of its key. */
export interface CallerKey {
  readonly name: string;
  readonly key: string;
}

/** Who calls a third party through the gateway. */
export interface CallersConfig {
  readonly callers: readonly CallerKey[];
  /** By name, those who may call this one; null for all of them. */
  readonly from: readonly string[] | null;
}
