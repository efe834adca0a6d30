/** Which pages of other origins may call an API and read its replies (Fetch Standard, CORS protocol). */
export interface CorsRules {
  /**
   * Serialized origins (RFC 6454 §6.2), one or more; `*.` in one stands for one whole first label, and `null` for origins
   * that can't be told. `any`: those of all pages.
   */
  readonly origins: 'any' | readonly string[];
  /** What pages may call of the methods that a path has; null for all of them. */
  readonly methods: readonly string[] | null;
  /** Fields that they may send besides those that an operation describes, in lower case. */
  readonly headers: readonly string[];
  /** Fields of replies that they may read besides the gateway's own, in lower case. */
  readonly expose: readonly string[];
  /** Whether browsers send cookies and client certificates along. */
  readonly credentials: boolean;
  /** How long a browser may go by what it was told before a request. */
  readonly maxAgeMs: number;
  /** Whether pages of the public internet may call where the gateway stands in a private network. */
  readonly privateNetwork: boolean;
}

/** The policy of an API; `off`: no page of another origin may read its replies, whatever its upstream says. */
export interface CorsConfig {
  readonly rules: CorsRules | 'off';
}
