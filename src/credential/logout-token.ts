import { err, ok, type Result } from '../base/index.ts';
import { type IdentityProfile, isSubject, type Judging, verifyForClient } from './identity-profile.ts';
import type { JwtFault } from './jwt-fault.ts';
import type { UnverifiedJwt } from './jwt-text.ts';
import { isJsonObject, isName } from './jwt-values.ts';

/** Who has signed out at the provider: of a session, or of all. At least one of the two is there. */
export interface VerifiedLogoutToken {
  /** Of an issuer with many tenants, the name that one of them has. */
  readonly issuer: string;
  readonly subject: string | null;
  readonly sessionId: string | null;
  /** Is said once only: whoever hears it again hears a replay. */
  readonly tokenId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Why a logout token is not taken; for the operator alone. */
export type LogoutTokenFault = JwtFault | 'events' | 'nonce' | 'token-id';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const NAME_LIMIT = 256;

/**
 * Judges a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), but for whether its `jti` was seen before. It must
 * have the event, a `sub` or a `sid`, `jti`, `iat` and `exp`, and no `nonce`: so no ID token can stand in its place.
 */
export function verifyLogoutToken(
  jwt: UnverifiedJwt,
  profile: IdentityProfile,
  judging: Judging,
): Result<VerifiedLogoutToken, LogoutTokenFault> {
  const token = verifyForClient(jwt, profile, 'logout', judging);
  if (!token.ok) return token;
  const { issuer, claims, issuedAtMs, expiresAtMs } = token.value;
  if (Object.hasOwn(claims, 'nonce')) return err('nonce');
  const events = claims['events'];
  if (!isJsonObject(events) || !Object.hasOwn(events, EVENT) || !isJsonObject(events[EVENT])) return err('events');
  const tokenId = claims['jti'];
  if (!isName(tokenId, NAME_LIMIT)) return err('token-id');
  const subject = claims['sub'] ?? null;
  const sessionId = claims['sid'] ?? null;
  if (subject !== null && !isSubject(subject)) return err('subject');
  if (sessionId !== null && !isName(sessionId, NAME_LIMIT)) return err('claims');
  if (subject === null && sessionId === null) return err('subject');
  return ok({ issuer, subject, sessionId, tokenId, issuedAtMs, expiresAtMs });
}
