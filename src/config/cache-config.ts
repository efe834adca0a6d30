/** How replies are stored and given again (RFC 9111). */
export interface CacheConfig {
  /** Whether each known caller has replies of its own. */
  readonly per: 'user' | 'everybody';
  /** How long a reply is fresh that does not say; null: such a one is not stored. */
  readonly ttlMs: number | null;
  /** The largest body that is stored. */
  readonly maxEntryBytes: number;
  /** What holds where a reply does not say (RFC 5861); null for not at all. */
  readonly staleWhileRevalidateMs: number | null;
  readonly staleIfErrorMs: number | null;
  /** Whether Cache-Control of requests is obeyed. */
  readonly clientControl: 'ignore' | 'honour';
  /** What is done with requests that carry cookies. */
  readonly cookies: 'bypass' | 'ignore';
}
