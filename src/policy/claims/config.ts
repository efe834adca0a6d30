import type { ProofDemand } from '../../credential/index.ts';

/** The names to follow from the claims on; `realm_access.roles` is two. */
export type ClaimPath = readonly string[];

/** Which claims of an issuer's tokens say what, each by its path; null where none does. */
export interface ClaimMapping {
  readonly roles: ClaimPath | null;
  readonly tenant: ClaimPath | null;
  /** A claim whose values are permissions by themselves, for clients without roles. */
  readonly permissions: ClaimPath | null;
  /** Who it is, by these claims together; `sub` where they are not there. */
  readonly subject?: readonly ClaimPath[];
  /** How the issuer's names of roles become those of the configuration; they are the same where it is not there. */
  readonly roleNames?: RoleNames;
  /** The claim with groups, and the roles that they stand for. */
  readonly groups?: GroupMapping;
  /** The claim with the scopes, in the place of `scope` and `scp`. */
  readonly scopes?: ClaimPath;
  /** Further claims, by the names that conditions call them. */
  readonly attributes?: Readonly<Record<string, ClaimPath>>;
}

/** The roles of the configuration that each name stands for. Names that are not there stand for none. */
export type RoleMap = Readonly<Record<string, readonly string[]>>;

/** How an issuer's names of roles are read. */
export interface RoleNames {
  /** Names without it stand for nothing; it is taken off. Empty where there is none. */
  readonly prefix: string;
  readonly map: RoleMap | null;
}

/** Groups of an issuer. */
export interface GroupMapping {
  readonly path: ClaimPath;
  readonly map: RoleMap;
  /** What becomes of a caller with more groups than fit into a token: it is refused, or Microsoft Graph is asked. */
  readonly overage: 'refuse' | GraphAccess;
}

/** By what Microsoft Graph is asked; `secret` is a reference. */
export interface GraphAccess {
  readonly clientId: string;
  readonly secret: string;
  /** Where Graph is, and where its tokens are given, without a slash at the end. */
  readonly url: string;
  readonly authority: string;
}

/** How what an issuer says of a caller is read, whichever way it says it: in a token, in an answer, at a login. */
export interface ClaimRules {
  /** The issuer's identifier, as its `iss` says it. */
  readonly issuer: string;
  readonly claims: ClaimMapping;
  /** What the issuer's tokens have to be bound to; nothing where it is not there. */
  readonly proof?: ProofDemand;
  /** How far its clock may be from ours; half a minute where it is not there. */
  readonly skewMs?: number;
  /** Whether the scopes of a token narrow what roles permit. */
  readonly scopes: 'narrow' | 'ignore';
}
