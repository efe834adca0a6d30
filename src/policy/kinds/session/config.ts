import type { IssuerNames } from '../../../credential/index.ts';
import type { ClaimRules } from '../../claims/config.ts';
import type { CorsRules } from '../cors/config.ts';

/** How sessions behave at the edge; the control side has its own part of the key `sessions`. */
export interface SessionRules {
  /** How pages show that a request is theirs: by the session’s own token in a field, or by their origin alone. */
  readonly csrf: 'token' | 'origin';
  /** Where browsers go that have signed out, as a path of the host; null for a page that says so. */
  readonly afterLogout: string | null;
}

/** An issuer at which people sign in. */
export interface SignInIssuer {
  readonly issuer: ClaimRules & IssuerNames & { readonly name: string };
  /** What people read on the page where they choose. */
  readonly label: string;
}

/** The pages of one host. */
export interface SessionSiteConfig {
  /** Null for whatever host is asked. */
  readonly host: string | null;
  readonly rules: SessionRules;
  /** All at which people can sign in here. */
  readonly issuers: readonly SignInIssuer[];
  /** What CORS says for each API of the host that takes sessions. */
  readonly cors: readonly CorsRules[];
}

/** Which sessions an API takes. */
export interface SessionConfig {
  readonly site: SessionSiteConfig;
  /** Those of the API’s `auth`; empty where it does not name `session`. */
  readonly issuers: readonly SignInIssuer[];
  /** By operation name: those of operations that say it themselves. */
  readonly operations: Readonly<Record<string, readonly SignInIssuer[]>>;
  /** What CORS says for this API; null where it says nothing. */
  readonly cors: CorsRules | null;
}
