import type { Bitset } from '../base/index.ts';
import type { Confirmation } from '../credential/index.ts';
import type { GroupMapping } from './claims/config.ts';
import type { Notes } from './notes.ts';

/** A value inside a token or a directory entry. */
export type ClaimValue =
  | null
  | boolean
  | number
  | string
  | readonly ClaimValue[]
  | { readonly [name: string]: ClaimValue };

/** What a claim says that the configuration has named: plain, and bounded. */
export type AttributeValue = boolean | number | string | readonly string[];

/** How sure the issuer was of who it is (RFC 9470). */
export interface Assurance {
  readonly acr: string | null;
  readonly amr: readonly string[];
  readonly authTimeMs: number | null;
  /** How far the clock of whoever says so may be from ours; half a minute where it is not there. */
  readonly skewMs?: number;
}

/** Who is calling, as one of the configured issuers vouches for it. `permissions` is numbered by the Snapshot's role table. */
export interface Principal {
  readonly kind: 'user' | 'service' | 'key' | 'certificate';
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string | null;
  readonly credentialId: string | null;
  readonly sessionId: string | null;
  readonly tenant: string | null;
  readonly roles: readonly string[];
  /** Roles that it is denied here, also where another one includes them; not there where it is denied none. */
  readonly deniedRoles?: readonly string[];
  /** The scopes of the credential; null where it carries none, which narrows nothing. */
  readonly scopes: readonly string[] | null;
  /** False where the scopes do not narrow what roles permit, by the word of the configuration; else they do. */
  readonly scopesNarrow?: boolean;
  readonly permissions: Bitset;
  readonly claims: Readonly<Record<string, ClaimValue>>;
  /** By names of the configuration; not there where it names none. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** There where the issuer says that the caller has more groups than it told; how they are come by. */
  readonly moreGroups?: GroupMapping;
  readonly assurance: Assurance;
  /** What the credential is bound to (RFC 8705, RFC 9449): a thumbprint, or null for a bearer. */
  readonly confirmation: Confirmation | null;
  readonly expiresAtMs: number;
  /** When it began, by our own clock, where it is a session of ours; not there for credentials of others. */
  readonly startedAtMs?: number;
  /** Room for what is made of it once and asked for by each of its requests; see `Notebook`. */
  readonly notes: Notes;
}
