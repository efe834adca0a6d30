import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import {
  type IdentityProfile,
  type IdentityToken,
  isSubject,
  type Judging,
  verifyForClient,
} from './identity-profile.ts';
import type { JwtFault } from './jwt-fault.ts';
import type { UnverifiedJwt } from './jwt-text.ts';
import { isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
import type { SignatureAlgorithm } from './token-profile.ts';

/** What the answer to one question must hold besides. */
export interface IdTokenDemand {
  /** What was sent along; null where nothing was asked (refreshing), and then none may stand there but `earlier`. */
  readonly nonce: string | null;
  /** The access token that came with it; null where none did. */
  readonly accessToken: string | null;
  /** They have signed in no longer ago than this; null where nothing is demanded. */
  readonly maxAgeMs: number | null;
  /** One of these classes it must be; null where nothing is demanded. */
  readonly acrValues: readonly string[] | null;
  /** What the ID token of the same session said before, where one is renewed (OpenID Connect Core §12.2). */
  readonly earlier: EarlierIdToken | null;
}

/** What a renewed ID token may not change. */
export interface EarlierIdToken {
  readonly issuer: string;
  readonly subject: string;
  readonly nonce: string;
  readonly authTimeMs: number | null;
}

/** An ID token that is for us, now, and answers what was asked. */
export interface VerifiedIdToken extends IdentityToken {
  readonly subject: string;
  /** The provider's name of this session; null where it has none. */
  readonly sessionId: string | null;
  readonly authTimeMs: number | null;
}

/** Why an ID token is not taken; for the operator alone. */
export type IdTokenFault =
  | JwtFault
  | 'nonce'
  | 'access-token-hash'
  | 'authentication-age'
  | 'authentication-class'
  | 'other-subject';

/** How long the hash is of which half stands in `at_hash` (OpenID Connect Core §3.1.3.6). */
const HASHES: Readonly<Record<SignatureAlgorithm, string>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  PS256: 'sha256',
  PS384: 'sha384',
  PS512: 'sha512',
  // Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
  EdDSA: 'sha512',
  Ed25519: 'sha512',
};

/** What providers call ID tokens in claims of their own: Cognito in `token_use`, Keycloak in `typ`. */
const ID_TOKEN_NAMES: readonly unknown[] = ['id', 'id_token', 'jwt'];

const SESSION_ID_LIMIT = 256;

/**
 * Judges an ID token (OpenID Connect Core §3.1.3.7, and §12.2 where one is renewed) by what was asked: `nonce`, `at_hash`
 * where it is there, `auth_time`, `acr`. Logout tokens and access tokens are none.
 */
export function verifyIdToken(
  jwt: UnverifiedJwt,
  profile: IdentityProfile,
  demand: IdTokenDemand,
  judging: Judging,
): Result<VerifiedIdToken, IdTokenFault> {
  const token = verifyForClient(jwt, profile, 'id', judging);
  if (!token.ok) return token;
  const { claims, algorithm } = token.value;
  if (!isIdToken(claims)) return err('token-kind');
  const subject = claims['sub'];
  if (!isSubject(subject)) return err('subject');
  const sessionId = claims['sid'] ?? null;
  if (sessionId !== null && !isName(sessionId, SESSION_ID_LIMIT)) return err('claims');
  const authTimeMs = claims['auth_time'] === undefined ? null : numericDateMs(claims['auth_time']);
  if (claims['auth_time'] !== undefined && authTimeMs === null) return err('claims');
  const fault =
    nonceFault(claims, demand) ??
    hashFault(claims, algorithm, demand.accessToken) ??
    ageFault(authTimeMs, profile.skewMs, demand, judging.nowMs) ??
    classFault(claims, demand.acrValues) ??
    changeFault({ issuer: token.value.issuer, subject, authTimeMs }, demand.earlier);
  return fault === null ? ok({ ...token.value, subject, sessionId, authTimeMs }) : err(fault);
}

function isIdToken(claims: JwtClaims): boolean {
  if (Object.hasOwn(claims, 'events')) return false;
  return [claims['token_use'], claims['typ']].every(
    (name) => name === undefined || (typeof name === 'string' && ID_TOKEN_NAMES.includes(name.toLowerCase())),
  );
}

function nonceFault(claims: JwtClaims, { nonce, earlier }: IdTokenDemand): 'nonce' | null {
  if (nonce !== null) return claims['nonce'] === nonce ? null : 'nonce';
  return claims['nonce'] === undefined || claims['nonce'] === earlier?.nonce ? null : 'nonce';
}

function hashFault(
  claims: JwtClaims,
  algorithm: SignatureAlgorithm,
  accessToken: string | null,
): 'access-token-hash' | null {
  const said = claims['at_hash'];
  if (said === undefined) return null;
  if (accessToken === null) return 'access-token-hash';
  const hash = createHash(HASHES[algorithm]).update(accessToken).digest();
  return said === hash.subarray(0, hash.length / 2).toString('base64url') ? null : 'access-token-hash';
}

/** Comparisons are written so that a number that is none refuses. */
function ageFault(
  authTimeMs: number | null,
  skewMs: number,
  { maxAgeMs }: IdTokenDemand,
  nowMs: number,
): 'authentication-age' | null {
  if (authTimeMs !== null && !(authTimeMs <= nowMs + skewMs)) return 'authentication-age';
  if (maxAgeMs === null) return null;
  return authTimeMs !== null && nowMs - authTimeMs <= maxAgeMs + skewMs ? null : 'authentication-age';
}

function classFault(claims: JwtClaims, acrValues: readonly string[] | null): 'authentication-class' | null {
  if (acrValues === null) return null;
  const acr = claims['acr'];
  return typeof acr === 'string' && acrValues.includes(acr) ? null : 'authentication-class';
}

/** A renewed token is of the same sign-in; where its time is said again, it is the same. */
function changeFault(
  { issuer, subject, authTimeMs }: Omit<EarlierIdToken, 'nonce'>,
  earlier: EarlierIdToken | null,
): 'issuer' | 'other-subject' | 'authentication-age' | null {
  if (earlier === null) return null;
  // Another tenant has its own people, also where they are called the same.
  if (issuer !== earlier.issuer) return 'issuer';
  if (subject !== earlier.subject) return 'other-subject';
  return authTimeMs === null || earlier.authTimeMs === null || authTimeMs === earlier.authTimeMs
    ? null
    : 'authentication-age';
}
