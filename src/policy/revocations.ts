import type { TableDeclaration } from '../ports/index.ts';
import type { Principal } from './principal.ts';

/**
 * What can be revoked: a token by its `jti`, all that came of a login by its `sid`, what a subject was given up to a time,
 * whatever a client has, a key by its id. Each is one of an issuer's, and nobody else's of the same name.
 */
export const REVOCABLE = ['token', 'session', 'subject', 'client', 'key'] as const;

/** One of them. */
export type Revocable = (typeof REVOCABLE)[number];

/** A revocation as live tables carry it, by its key. */
export interface RevocationRow {
  /** What was issued up to this time, in milliseconds, is revoked; null where it is whenever it was issued. */
  readonly before: number | null;
}

/** As many as the control side keeps. */
export const REVOCATION_LIMIT = 100_000;

/** There is no age beyond which a revocation is worth less: the table holds until another version is there. */
export const REVOCATIONS: TableDeclaration = {
  name: 'revocations',
  rowLimit: REVOCATION_LIMIT,
  staleAfterMs: Number.MAX_SAFE_INTEGER,
  whenStale: 'serve',
};

/** The key of a row. No part holds a line end, since names of issuers and callers hold no control characters. */
export function revocationKey(what: Revocable, issuer: string, value: string): string {
  return `${what}\n${issuer}\n${value}`;
}

/** What of a caller is revoked, or null. */
export function revokedOf(principal: Principal, rows: ReadonlyMap<string, RevocationRow>): Revocable | null {
  const { kind, issuer, subject, clientId, credentialId, sessionId } = principal;
  const issuedAtMs = issuedAtOf(principal);
  const names: readonly (readonly [what: Revocable, value: string | null])[] = [
    [kind === 'key' ? 'key' : 'token', credentialId],
    ['session', sessionId],
    ['subject', subject],
    ['client', clientId],
  ];
  for (const [what, value] of names) {
    const row = value === null ? undefined : rows.get(revocationKey(what, issuer, value));
    if (row !== undefined && !(row.before !== null && issuedAtMs > row.before)) return what;
  }
  return null;
}

/** What says nothing of when it was issued may be as old as anything. */
function issuedAtOf({ claims }: Principal): number {
  const { iat } = claims;
  return typeof iat === 'number' ? iat * 1_000 : Number.NEGATIVE_INFINITY;
}
