import { hash } from 'node:crypto';
import { looksLikeJwt } from '../credential/index.ts';
import type { TableDeclaration } from '../ports/index.ts';
import type { Principal } from './principal.ts';

/**
 * What can be revoked: a token by its `jti` or by its text, all that came of a login by its `sid`, what a subject was given up to a time,
 * whatever a client has, a key by its id. Each is one of an issuer's, and nobody else's of the same name. `logout` is what an
 * issuer gave a subject, by its `sub`, up to a time of its own clock, when it told that they signed out, and
 * `logout-session` all tokens of a session of its own: sessions of ours end where they are kept, and who has signed in here
 * again meanwhile is not meant, also within the same session of the issuer.
 */
export const REVOCABLE = ['token', 'session', 'subject', 'client', 'key', 'logout', 'logout-session'] as const;

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

/**
 * What a token is called by its text: many have no `jti`, and whoever finds one in a log may not know it. Of a JWT it is
 * what is signed that counts, for some signatures can be written in another way and hold still.
 */
export function tokenName(token: string): string {
  const text = looksLikeJwt(token) ? token.slice(0, token.lastIndexOf('.')) : token;
  return `sha256:${hash('sha256', text, 'base64url')}`;
}

/** What of a caller is revoked, or null; `token` is the text that they have shown, if any. */
export function revokedOf(
  principal: Principal,
  token: string | null,
  rows: ReadonlyMap<string, RevocationRow>,
): Revocable | null {
  const { kind, issuer, subject, clientId, credentialId, sessionId, startedAtMs } = principal;
  const issuedAtMs = issuedAtOf(principal);
  const isToken = startedAtMs === undefined;
  const names: readonly (readonly [what: Revocable, value: string | null])[] = [
    [kind === 'key' ? 'key' : 'token', credentialId],
    ['token', token === null ? null : tokenName(token)],
    ['session', sessionId],
    ['subject', subject],
    // Its issuer tells of nobody by the name that claims of another name make here.
    ['logout', isToken ? (textOf(principal.claims['sub']) ?? subject) : null],
    ['logout-session', isToken ? sessionId : null],
    ['client', clientId],
  ];
  for (const [what, value] of names) {
    const row = value === null ? undefined : rows.get(revocationKey(what, issuer, value));
    if (row !== undefined && !(row.before !== null && issuedAtMs > row.before)) return what;
  }
  return null;
}

/**
 * What says nothing of when it was issued may be as old as anything. Of a session the issuer's word on it becomes newer with
 * each refresh, and its clock is another than the one by which an operator revokes: it is as old as it is here.
 */
function issuedAtOf({ claims, startedAtMs }: Principal): number {
  if (startedAtMs !== undefined) return startedAtMs;
  const { iat } = claims;
  return typeof iat === 'number' ? iat * 1_000 : Number.NEGATIVE_INFINITY;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
