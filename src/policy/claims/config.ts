import type { ProofDemand } from '../../credential/index.ts';

/** The names to follow from the claims on; `realm_access.roles` is two. */
export type ClaimPath = readonly string[];

/** Which claims of an issuer's tokens say what, each by its path; null where none does. */
export interface ClaimMapping {
  readonly roles: ClaimPath | null;
  readonly tenant: ClaimPath | null;
  /** A claim whose values are permissions by themselves, for clients without roles. */
  readonly permissions: ClaimPath | null;
}

/** How what an issuer says of a caller is read, whichever way it says it: in a token, in an answer, at a login. */
export interface ClaimRules {
  /** The issuer's identifier, as its `iss` says it. */
  readonly issuer: string;
  readonly claims: ClaimMapping;
  /** What the issuer's tokens have to be bound to; nothing where it is not there. */
  readonly proof?: ProofDemand;
  /** Whether the scopes of a token narrow what roles permit. */
  readonly scopes: 'narrow' | 'ignore';
}
