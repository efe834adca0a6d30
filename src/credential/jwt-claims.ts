import { err, ok, type Result } from '../base/index.ts';
import type { JwtFault } from './jwt-fault.ts';
import { isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
import { isIssuerOf, tenancyFault } from './token-issuer.ts';
import { readConfirmation } from './confirmation.ts';
import { areActorsSound, isOtherKind } from './token-kind.ts';
import type { TokenProfile } from './token-profile.ts';

/** What every token says once its claims have been checked. Times are wall time in milliseconds. */
export interface CheckedClaims {
  /** `iss` as it stands. */
  readonly issuer: string;
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

/** What RFC 9068 §2.2 demands besides what is checked of every token, and how long each may be. */
const PROFILE_NAMES = ['client_id', 'jti'] as const;
const NAME_LIMIT = 256;

/**
 * Checks what is checked of every token (RFC 7519 §4.1, RFC 8725 §3.8 to §3.11, RFC 9068 §4): `iss`, `aud`, `sub` and
 * `exp` must be there. `nbf` and `iat` count where they are there. A token may live no longer than the profile says,
 * from `iat` on, or from now on where it does not say when it was made.
 */
export function checkClaims(claims: JwtClaims, profile: TokenProfile, nowMs: number): Result<CheckedClaims, JwtFault> {
  const issuer = claims['iss'];
  if (!isIssuerOf(profile, issuer)) return err('issuer');
  if (!isMeantFor(claims['aud'], profile.audiences)) return err('audience');
  const fault = isOtherKind(claims) ? 'token-kind' : tenancyFault(claims, profile);
  // Nobody could check what it is bound to: such a token is never worth a signature.
  if (!readConfirmation(claims).ok) return err('sender-constrained');
  if (fault !== null) return err(fault);
  const subject = claims['sub'];
  if (!isName(subject, SUBJECT_LIMIT)) return err('subject');
  if (!areActorsSound(claims)) return err('claims');
  if (profile.typ === 'at+jwt' && !isWhole(claims)) return err('profile');
  const times = timesOf(claims, profile, nowMs);
  return times.ok ? ok({ issuer, subject, ...times.value }) : times;
}

function isMeantFor(audience: unknown, ours: readonly string[]): boolean {
  if (typeof audience === 'string') return ours.includes(audience);
  if (!Array.isArray(audience) || !audience.every((one) => typeof one === 'string')) return false;
  return audience.some((one) => ours.includes(one));
}

function isWhole(claims: JwtClaims): boolean {
  return claims['iat'] !== undefined && PROFILE_NAMES.every((name) => isName(claims[name], NAME_LIMIT));
}

/** Comparisons are written so that a number that is none refuses. */
function timesOf(
  claims: JwtClaims,
  { skewMs, maxLifetimeMs }: TokenProfile,
  nowMs: number,
): Result<Omit<CheckedClaims, 'issuer' | 'subject'>, JwtFault> {
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
