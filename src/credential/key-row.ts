import { createHash } from 'node:crypto';
import type { TableDeclaration } from '../ports/index.ts';
import type { IssuerSource } from './issuer-source.ts';
import type { SignatureAlgorithm } from './token-profile.ts';

/** A public key of an issuer as live tables carry it, by its thumbprint. It is data that can be sent to a thread. */
export interface KeyRow {
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
  readonly kid: string | null;
  /** What this key may verify, as its type, curve, `alg`, `use` and `key_ops` say; never empty. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Of an issuer with many tenants: whose tokens alone it may sign, where its set says so. */
  readonly issuer?: string;
  /** The public members alone (RFC 7517 §4, RFC 7518 §6). */
  readonly jwk: Readonly<Record<string, string>>;
}

/** An issuer has at most this many keys. */
export const KEY_LIMIT = 100;

/** Keys older than this since they were last fetched verify nothing any more. */
export const KEYS_STALE_AFTER_MS = 24 * 60 * 60 * 1_000;

/**
 * The live table of an issuer's keys, filled by the control side. It is called by all that says whose keys they are, so
 * that a configuration in which a name means another issuer never sees the keys of this one, nor this one's those. One that could never be filled has no rows and was
 * filled at 0. It serves at any age, since the reader refuses with a problem of its own once it is older than
 * KEYS_STALE_AFTER_MS.
 */
export function keyTable({ name, issuer, origin }: IssuerSource): TableDeclaration {
  const whose = JSON.stringify([issuer, origin.kind, origin.kind === 'url' ? origin.url : null]);
  return {
    name: `keys:${name}#${createHash('sha256').update(whose).digest('hex').slice(0, 32)}`,
    rowLimit: KEY_LIMIT,
    staleAfterMs: KEYS_STALE_AFTER_MS,
    whenStale: 'serve',
  };
}
