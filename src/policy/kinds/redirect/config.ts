import type { PathText } from '../../path-text.ts';

/** Where the requests of an operation are sent on to. */
export interface RedirectRules {
  /** Scheme and authority, such as `https://new.example`; empty for the host that the request names. */
  readonly origin: string;
  readonly path: PathText;
  /** A query of its own, without `?`; null for none. */
  readonly query: string | null;
  /** Whether the request's query goes on, behind its own. */
  readonly keepsQuery: boolean;
  readonly status: 301 | 302 | 307 | 308;
  /** Where it is written: the key path. */
  readonly keyPath: string;
}

/** The redirects of an API, by operation name. */
export interface RedirectConfig {
  readonly operations: Readonly<Record<string, RedirectRules>>;
}
