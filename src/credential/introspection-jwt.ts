import { err, ok, type Result } from '../base/index.ts';
import type { JwtFault } from './jwt-fault.ts';
import { findSigner } from './jwt.ts';
import type { UnverifiedJwt } from './jwt-text.ts';
import { isJsonObject, type JwtClaims, numericDateMs } from './jwt-values.ts';
import type { KeyRow } from './key-row.ts';
import type { TokenProfile } from './token-profile.ts';

/** Who must have signed an answer, and for whom it must be. */
export interface AnswerProfile extends Pick<TokenProfile, 'issuer' | 'algorithms' | 'skewMs'> {
  readonly clientId: string;
}

/** An answer is made when it is asked for; an older one tells of another time. */
const OLDEST_MS = 60_000;

/**
 * What an introspection server says in a JWT (RFC 9701 §5): of its own type, signed with a key of the issuer's, for
 * this client, and made just now. Its type and its missing `sub` keep it from being anybody's access token, and no
 * access token passes for it.
 */
export function readIntrospectionJwt(
  jwt: UnverifiedJwt,
  profile: AnswerProfile,
  rows: ReadonlyMap<string, KeyRow>,
  nowMs: number,
): Result<JwtClaims, JwtFault> {
  const { header, claims } = jwt;
  const algorithm = profile.algorithms.find((name) => name === header.algorithm);
  if (algorithm === undefined) return err('algorithm');
  const type = header.type?.toLowerCase();
  if (type !== 'token-introspection+jwt' && type !== 'application/token-introspection+jwt') return err('type');
  if (claims['iss'] !== profile.issuer) return err('issuer');
  const audience = claims['aud'];
  const isForUs = audience === profile.clientId || (Array.isArray(audience) && audience.includes(profile.clientId));
  if (!isForUs) return err('audience');
  const issuedAtMs = numericDateMs(claims['iat']);
  if (issuedAtMs === null) return err('claims');
  if (!(issuedAtMs <= nowMs + profile.skewMs)) return err('issued-in-future');
  if (!(issuedAtMs >= nowMs - OLDEST_MS - profile.skewMs)) return err('expired');
  if (!holdsNow(claims, nowMs, profile.skewMs)) return err('expired');
  const told = claims['token_introspection'];
  if (!isJsonObject(told)) return err('claims');
  const key = findSigner(jwt, { algorithm, issuers: null }, rows);
  return key.ok ? ok(told) : key;
}

/** `exp` and `nbf` need not be there, and count where they are (RFC 7519 §4.1). */
function holdsNow({ exp, nbf }: JwtClaims, nowMs: number, skewMs: number): boolean {
  const endMs = exp === undefined ? Number.POSITIVE_INFINITY : numericDateMs(exp);
  const startMs = nbf === undefined ? Number.NEGATIVE_INFINITY : numericDateMs(nbf);
  return endMs !== null && startMs !== null && nowMs < endMs + skewMs && nowMs >= startMs - skewMs;
}
