/** How what callers prove beside their tokens is judged. */
export interface PossessionConfig {
  /** Names of operations where nobody signs in, and whether these are those of which nothing is said. */
  readonly open: readonly string[];
  readonly closed: readonly string[];
  readonly openByDefault: boolean;
  /** `required`: proofs must be made with a nonce of the gateway's (RFC 9449 §9). */
  readonly nonce: 'off' | 'required';
  /** Whether proofs stay away from the upstream. */
  readonly credentials: 'remove' | 'pass';
}
