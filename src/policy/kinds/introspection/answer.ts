import { err, ok, type Result } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import {
  type CheckedClaims,
  checkClaims,
  type JwtClaims,
  type JwtFault,
  type KeyRow,
  readIntrospectionJwt,
  readJwt,
  readTokenObject,
} from '../../../credential/index.ts';
import type { AskedIssuer } from './asked-issuer.ts';

/** What a server said of a token that is active and for us. */
export interface ActiveToken extends CheckedClaims {
  readonly claims: JwtClaims;
}

/** `refused`: the token is not taken, and why. `unbelieved`: what was said is no answer, or nobody vouches for it. */
export type AnswerFault =
  | { readonly kind: 'refused'; readonly fault: JwtFault | 'inactive' }
  | { readonly kind: 'unbelieved'; readonly fault: JwtFault | 'malformed' };

/** What answers are read with; `rows` are the issuer's keys, and count only where answers are signed. */
export interface AnswerReading {
  readonly issuer: AskedIssuer;
  readonly rows: ReadonlyMap<string, KeyRow>;
  readonly nowMs: number;
}

type Answer = Result<ActiveToken, AnswerFault>;

/**
 * Reads what an introspection server said (RFC 7662 §2.2, RFC 9701 §5), as strictly as a token is read. An answer without
 * `active` as a truth value is none. What it says of an active token goes through the same checks as the claims of a JWT:
 * `aud` and `exp` must be there. Where `iss` is missing, it is the issuer whose server this is; where `sub` is, the client
 * that the token was given to. `token_type`, where it is there, must say that it gives access: servers tell of refresh
 * tokens, too.
 */
export function readAnswer(body: Uint8Array, reading: AnswerReading): Answer {
  const told = reading.issuer.introspection.signed ? readSigned(body, reading) : readPlain(body);
  if (!told.ok) return err({ kind: 'unbelieved', fault: told.error });
  const { active } = told.value;
  if (typeof active !== 'boolean') return err({ kind: 'unbelieved', fault: 'malformed' });
  const judged = active ? judge(told.value, reading) : err('inactive' as const);
  return judged.ok ? judged : err({ kind: 'refused', fault: judged.error });
}

function readPlain(body: Uint8Array): Result<JwtClaims, 'malformed'> {
  const claims = readTokenObject(Buffer.from(body.buffer, body.byteOffset, body.byteLength), parseJson);
  return claims === null ? err('malformed') : ok(claims);
}

function readSigned(body: Uint8Array, { issuer, rows, nowMs }: AnswerReading): Result<JwtClaims, JwtFault> {
  const jwt = readJwt(Buffer.from(body).toString('latin1'), parseJson);
  return jwt.ok
    ? readIntrospectionJwt(jwt.value, { ...issuer, clientId: issuer.introspection.clientId }, rows, nowMs)
    : jwt;
}

function judge(told: JwtClaims, { issuer, nowMs }: AnswerReading): Result<ActiveToken, JwtFault> {
  if (!givesAccess(told)) return err('token-kind');
  const claims: Record<string, unknown> = Object.assign(Object.create(null) as object, told);
  delete claims['active'];
  if (claims['iss'] === undefined) claims['iss'] = issuer.issuer;
  if (claims['sub'] === undefined) claims['sub'] = claims['client_id'];
  // What RFC 9068 demands is demanded of JWTs, and this is none.
  const checked = checkClaims(claims, { ...issuer, typ: 'any' }, nowMs);
  return checked.ok ? ok({ ...checked.value, claims }) : checked;
}

/**
 * RFC 6750 §6.1.1 and RFC 9449 §5; the names are read in any case (RFC 6749 §5.1), and need not be there (RFC 7662 §2.2):
 * what a token is bound to is said by `cnf` alone. A token for DPoP whose key nobody names would be one for whoever has it.
 */
function givesAccess({ token_type: type, cnf }: JwtClaims): boolean {
  if (type === undefined) return true;
  const name = typeof type === 'string' ? type.toLowerCase() : null;
  return name === 'bearer' || (name === 'dpop' && cnf !== undefined);
}
