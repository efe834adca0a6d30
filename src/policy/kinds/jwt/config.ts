import type { TokenProfile } from '../../../credential/index.ts';
import type { ClaimRules } from '../../claims/config.ts';
import type { IntrospectionConfig } from '../introspection/config.ts';

/** Where an issuer's keys come from: its metadata, a URL of a JWK Set, or a file with one. */
export type KeyOrigin =
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** An issuer whose tokens the gateway takes, as the configuration names it. */
export interface IssuerConfig extends TokenProfile, ClaimRules {
  /** How far its clock may be from ours. */
  readonly skewMs: number;
  readonly issuer: string;
  readonly name: string;
  readonly keys: KeyOrigin;
  /** The CAs that vouch for its https; not there where those of the system do. */
  readonly caFile?: string;
  /** How it is asked what its tokens are worth; null where nobody asks it. */
  readonly introspection: IntrospectionConfig | null;
  readonly path: string;
}

/** Whose tokens an API takes. */
export interface JwtConfig {
  /** The issuers of the API's `auth`; empty where the API is public. */
  readonly issuers: readonly IssuerConfig[];
  /** By operation name: those of operations that say it themselves; empty for a public one. */
  readonly operations: Readonly<Record<string, readonly IssuerConfig[]>>;
  /** Whether the credential that was used stays away from the upstream. */
  readonly credentials: 'remove' | 'pass';
}
