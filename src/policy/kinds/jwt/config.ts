import type { TokenProfile } from '../../../credential/index.ts';

/** Where an issuer's keys come from: its metadata, a URL of a JWK Set, or a file with one. */
export type KeyOrigin =
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** Which claims of an issuer's tokens say what, each by its path; null where none does. */
export interface ClaimMapping {
  readonly roles: ClaimPath | null;
  readonly tenant: ClaimPath | null;
  /** A claim whose values are permissions by themselves, for clients without roles. */
  readonly permissions: ClaimPath | null;
}

/** The names to follow from the token's claims on; `realm_access.roles` is two. */
export type ClaimPath = readonly string[];

/** An issuer whose tokens the gateway takes, as the configuration names it. */
export interface IssuerConfig extends TokenProfile {
  readonly name: string;
  readonly keys: KeyOrigin;
  readonly claims: ClaimMapping;
  /** Whether the scopes of a token narrow what roles permit. */
  readonly scopes: 'narrow' | 'ignore';
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
