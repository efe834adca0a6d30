/** Of which operations callers are asked after. */
export interface RevocationConfig {
  /** Whether callers of the API must sign in. */
  readonly api: boolean;
  /** The same by operation name, of those that say it themselves. */
  readonly operations: Readonly<Record<string, boolean>>;
}
