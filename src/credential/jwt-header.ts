import { err, ok, type Result } from '../base/index.ts';
import type { JwtFault } from './jwt-fault.ts';
import type { TokenProfile } from './token-profile.ts';

/** What is read of a token's header. `algorithm` is whatever text stands there: the profile says which are taken. */
export interface JwtHeader {
  readonly algorithm: string;
  readonly kid: string | null;
  /** As written, or null. */
  readonly type: string | null;
  /** Names of keys and addresses of keys that the token brought along. They are never used (RFC 8725 §3.10). */
  readonly ignored: readonly string[];
}

// Names of keys are thumbprints, UUIDs or short addresses.
const KID_LIMIT = 256;
const TYPE_LIMIT = 64;

const NONE: readonly string[] = Object.freeze([]);
const KEYS_OF_THE_SENDER = ['jku', 'jwk', 'x5u', 'x5c'] as const;

/** The media types of an access token (RFC 9068 §2.1); `application/` may be left out (RFC 7515 §4.1.9). */
const ACCESS_TOKEN_TYPES: readonly string[] = ['at+jwt', 'application/at+jwt'];
const ANY_TYPES: readonly string[] = ['jwt', 'application/jwt', ...ACCESS_TOKEN_TYPES];

/**
 * Reads the header's members (RFC 7515 §4.1). `crit` is refused whatever it names, since no extension is understood
 * here, and so is `b64` (RFC 7797); `enc` and `zip` belong to encrypted tokens (RFC 7516 §4.1).
 */
export function readJwtHeader(fields: Readonly<Record<string, unknown>>): Result<JwtHeader, JwtFault> {
  const { alg, kid, typ } = fields;
  if (Object.hasOwn(fields, 'crit') || Object.hasOwn(fields, 'b64')) return err('critical');
  if (Object.hasOwn(fields, 'enc') || Object.hasOwn(fields, 'zip')) return err('encrypted');
  if (typeof alg !== 'string') return err('header');
  if (kid !== undefined && !isText(kid, KID_LIMIT)) return err('header');
  if (typ !== undefined && !isText(typ, TYPE_LIMIT)) return err('header');
  return ok({ algorithm: alg, kid: kid ?? null, type: typ ?? null, ignored: ignoredOf(fields) });
}

/**
 * Whether a token of this type may give access. The list is of what may, not of what may not: DPoP proofs, logout
 * tokens, client assertions and what will be invented tomorrow each have a type of their own (RFC 8725 §3.11).
 */
export function takesType(profile: TokenProfile, type: string | null): boolean {
  if (type === null) return profile.typ === 'any';
  const types = profile.typ === 'any' ? ANY_TYPES : ACCESS_TOKEN_TYPES;
  return types.includes(type.toLowerCase());
}

function ignoredOf(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const found = KEYS_OF_THE_SENDER.filter((name) => Object.hasOwn(fields, name));
  return found.length === 0 ? NONE : found;
}

function isText(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limit;
}
