import { err, ok, type Result } from '../base/index.ts';
import { takesIdentityType } from './identity-type.ts';
import type { JwtFault } from './jwt-fault.ts';
import type { UnverifiedJwt } from './jwt-text.ts';
import { isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
import { findSigner } from './jwt.ts';
import type { KeyRow } from './key-row.ts';
import { isIssuerOf, tenancyFault } from './token-issuer.ts';
import type { SignatureAlgorithm, TokenProfile } from './token-profile.ts';

/** What a provider's tokens for us as its client must be like: ID tokens, and logout tokens. */
export interface IdentityProfile
  extends Pick<TokenProfile, 'issuer' | 'tenants' | 'hostedDomains' | 'algorithms' | 'skewMs'> {
  /** The name that the provider knows us by: what `aud` must hold. */
  readonly clientId: string;
}

/** What holds of both kinds of token. Times are wall time in milliseconds. */
export interface IdentityToken {
  /** Who says so: of an issuer with many tenants, the name that one of them has. */
  readonly issuer: string;
  readonly claims: JwtClaims;
  readonly algorithm: SignatureAlgorithm;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Whose keys, and when. */
export interface Judging {
  readonly rows: ReadonlyMap<string, KeyRow>;
  readonly nowMs: number;
}

/** A token is made for one answer: one that is older was made for another. */
const AGE_LIMIT_MS = 10 * 60 * 1_000;

/** OpenID Connect Core §2: a subject has 255 characters at most. */
const SUBJECT_LIMIT = 255;

/**
 * Checks what is checked of all that a provider signs for its client (OpenID Connect Core §3.1.3.7, Back-Channel Logout
 * §2.6): the type, `iss`, `aud`, `iat` and `exp`, which must be there, and the signature, last. Keys that the token brings along are not
 * looked at, and a symmetric algorithm is nobody's.
 */
export function verifyForClient(
  jwt: UnverifiedJwt,
  profile: IdentityProfile,
  kind: 'id' | 'logout',
  { rows, nowMs }: Judging,
): Result<IdentityToken, JwtFault> {
  const { header, claims } = jwt;
  const algorithm = profile.algorithms.find((name) => name === header.algorithm);
  if (algorithm === undefined) return err('algorithm');
  if (!takesIdentityType(kind, header.type)) return err('type');
  const issuer = claims['iss'];
  if (!isIssuerOf(profile, issuer)) return err('issuer');
  if (!isForClient(claims, profile.clientId)) return err('audience');
  // Logout tokens name nobody's tenant or domain but by `iss`: who may not sign in has nothing to sign out of.
  const tenancy = kind === 'id' ? tenancyFault(claims, profile) : null;
  if (tenancy !== null) return err(tenancy);
  const times = timesOf(claims, profile.skewMs, nowMs);
  if (!times.ok) return times;
  const issuers = profile.tenants === null ? null : [issuer, profile.issuer];
  const key = findSigner(jwt, { algorithm, issuers }, rows);
  return key.ok ? ok({ issuer, claims, algorithm, ...times.value }) : key;
}

/** Whether `sub` is one by which somebody can be told apart. */
export function isSubject(value: unknown): value is string {
  return isName(value, SUBJECT_LIMIT);
}

/** Who else a token is for must not matter unless it says that it was given to us: then `azp` is ours (§3.1.3.7, 3 to 5). */
function isForClient(claims: JwtClaims, clientId: string): boolean {
  const audience = claims['aud'];
  const party = claims['azp'];
  if (party !== undefined && party !== clientId) return false;
  if (typeof audience === 'string') return audience === clientId;
  if (!Array.isArray(audience) || !audience.every((one) => typeof one === 'string')) return false;
  return audience.includes(clientId) && (audience.length === 1 || party === clientId);
}

/** Comparisons are written so that a number that is none refuses. */
function timesOf(
  claims: JwtClaims,
  skewMs: number,
  nowMs: number,
): Result<Pick<IdentityToken, 'issuedAtMs' | 'expiresAtMs'>, JwtFault> {
  const expiresAtMs = numericDateMs(claims['exp']);
  const issuedAtMs = numericDateMs(claims['iat']);
  const notBeforeMs = claims['nbf'] === undefined ? 0 : numericDateMs(claims['nbf']);
  if (expiresAtMs === null || issuedAtMs === null || notBeforeMs === null) return err('claims');
  if (!(nowMs < expiresAtMs + skewMs)) return err('expired');
  if (!(nowMs >= notBeforeMs - skewMs)) return err('not-yet-valid');
  if (!(nowMs >= issuedAtMs - skewMs)) return err('issued-in-future');
  if (!(expiresAtMs > issuedAtMs)) return err('lifetime');
  if (!(nowMs - issuedAtMs <= AGE_LIMIT_MS + skewMs)) return err('expired');
  return ok({ issuedAtMs, expiresAtMs });
}
