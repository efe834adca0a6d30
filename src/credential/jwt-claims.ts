import { err, ok, type Result } from '../base/index.ts';
import type { JwtFault } from './jwt-fault.ts';
import { isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
import type { TokenProfile } from './token-profile.ts';

/** What every token says once its claims have been checked. Times are wall time in milliseconds. */
export interface CheckedClaims {
  readonly subject: string;
  /** `exp` as it stands. */
  readonly expiresAtMs: number;
  /** The first moment at which the same check says the same, skew included. */
  readonly validFromMs: number;
  /** The first moment at which it does not any more, skew included. */
  readonly validUntilMs: number;
}

/** A subject's length; OpenID Connect Core §2 allows 255. */
const SUBJECT_LIMIT = 1_024;

// Only ID tokens have them (OpenID Connect Core §2, §3.1.3.6, §3.3.2.11).
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'] as const;

// What issuers call an access token in claims of their own: Cognito in `token_use`, Keycloak in `typ`.
const ACCESS_TOKEN_NAMES: readonly unknown[] = ['access', 'access_token', 'bearer', 'jwt', 'at+jwt'];

/**
 * Checks what is checked of every token (RFC 7519 §4.1, RFC 8725 §3.8 to §3.11, RFC 9068 §4): `iss`, `aud`, `sub` and
 * `exp` must be there. `nbf` and `iat` count where they are there. A token may live no longer than the profile says,
 * from `iat` on, or from now on where it does not say when it was made.
 */
export function checkClaims(claims: JwtClaims, profile: TokenProfile, nowMs: number): Result<CheckedClaims, JwtFault> {
  if (claims['iss'] !== profile.issuer) return err('issuer');
  if (!isMeantFor(claims['aud'], profile.audiences)) return err('audience');
  const kindFault = tokenKindFault(claims);
  if (kindFault !== null) return err(kindFault);
  const subject = claims['sub'];
  if (!isName(subject, SUBJECT_LIMIT)) return err('subject');
  const times = timesOf(claims, profile, nowMs);
  return times.ok ? ok({ subject, ...times.value }) : times;
}

function isMeantFor(audience: unknown, ours: readonly string[]): boolean {
  if (typeof audience === 'string') return ours.includes(audience);
  if (!Array.isArray(audience) || !audience.every((one) => typeof one === 'string')) return false;
  return audience.some((one) => ours.includes(one));
}

function tokenKindFault(claims: JwtClaims): JwtFault | null {
  for (const name of ID_TOKEN_CLAIMS) if (Object.hasOwn(claims, name)) return 'token-kind';
  // Logout tokens and other security events (RFC 8417 §2.2).
  if (Object.hasOwn(claims, 'events')) return 'token-kind';
  if (!namesAccessToken(claims['token_use']) || !namesAccessToken(claims['typ'])) return 'token-kind';
  // Without the proof of possession a stolen token would do (RFC 7800 §3, RFC 9449 §7.2, RFC 8705 §3).
  return Object.hasOwn(claims, 'cnf') ? 'sender-constrained' : null;
}

function namesAccessToken(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && ACCESS_TOKEN_NAMES.includes(value.toLowerCase()));
}

/** Comparisons are written so that a number that is none refuses. */
function timesOf(
  claims: JwtClaims,
  { skewMs, maxLifetimeMs }: TokenProfile,
  nowMs: number,
): Result<Omit<CheckedClaims, 'subject'>, JwtFault> {
  const expiresAtMs = numericDateMs(claims['exp']);
  const issuedAtMs = optionalDateMs(claims['iat']);
  const notBeforeMs = optionalDateMs(claims['nbf']);
  if (expiresAtMs === null || issuedAtMs === null || notBeforeMs === null) return err('claims');
  const validUntilMs = expiresAtMs + skewMs;
  if (!(nowMs < validUntilMs)) return err('expired');
  if (!(notBeforeMs === undefined || nowMs >= notBeforeMs - skewMs)) return err('not-yet-valid');
  if (!(issuedAtMs === undefined || nowMs >= issuedAtMs - skewMs)) return err('issued-in-future');
  if (issuedAtMs !== undefined && !(expiresAtMs > issuedAtMs)) return err('lifetime');
  const lifeStartMs = issuedAtMs ?? nowMs;
  if (!(expiresAtMs - lifeStartMs <= maxLifetimeMs)) return err('lifetime');
  const earliestMs = issuedAtMs === undefined ? expiresAtMs - maxLifetimeMs : issuedAtMs - skewMs;
  const validFromMs = notBeforeMs === undefined ? earliestMs : Math.max(earliestMs, notBeforeMs - skewMs);
  return ok({ expiresAtMs, validFromMs, validUntilMs });
}

function optionalDateMs(value: unknown): number | undefined | null {
  return value === undefined ? undefined : numericDateMs(value);
}
