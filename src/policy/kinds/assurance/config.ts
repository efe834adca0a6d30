/** What must be known of how the caller signed in. All that is said must hold. */
export interface AssuranceRules {
  /** Authentication contexts of which one is enough, the preferred one first (RFC 9470 §3); empty where any is. */
  readonly acr: readonly string[];
  /** Methods of authentication that were all used (RFC 8176). */
  readonly amr: readonly string[];
  /** How long ago it may have been; null where that does not matter. */
  readonly maxAgeMs: number | null;
  /** What the credential must be bound to, and proved with; null where a bearer's is enough. */
  readonly proof: 'dpop' | 'mtls' | 'any' | null;
}

/** What holds of an API's operations. */
export interface AssuranceConfig {
  /** For those that say nothing themselves; null where nothing is asked. */
  readonly api: AssuranceRules | null;
  /** By operation name: what takes the place of that; null where nothing is asked. */
  readonly operations: Readonly<Record<string, AssuranceRules | null>>;
}
