import { err, ok, type Result } from '../base/index.ts';
import { type CheckedClaims, checkClaims } from './jwt-claims.ts';
import type { JwtFault } from './jwt-fault.ts';
import { takesType } from './jwt-header.ts';
import { signatureHolds } from './jwt-signature.ts';
import type { UnverifiedJwt } from './jwt-text.ts';
import type { JwtClaims } from './jwt-values.ts';
import { chooseKeys, type WantedKey } from './key-choice.ts';
import { importKey } from './key-import.ts';
import type { KeyRow } from './key-row.ts';
import type { SignatureAlgorithm, TokenProfile } from './token-profile.ts';

/** A token that an issuer has signed and that is for us, now. */
export interface VerifiedJwt extends CheckedClaims {
  readonly claims: JwtClaims;
  /** The key that it was signed with. */
  readonly key: KeyRow;
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Judges a token by what one issuer's tokens must be like and by that issuer's keys; keys of several issuers are never
 * to be mixed. The cheap questions come first, so that a token which is not for us costs no signature check and asks
 * for nobody's keys. Synchronous: a check takes less than passing it to another thread.
 */
export function verifyJwt(
  jwt: UnverifiedJwt,
  profile: TokenProfile,
  rows: ReadonlyMap<string, KeyRow>,
  nowMs: number,
): Result<VerifiedJwt, JwtFault> {
  const { header, claims } = jwt;
  const algorithm = profile.algorithms.find((name) => name === header.algorithm);
  if (algorithm === undefined) return err('algorithm');
  if (!takesType(profile, header.type)) return err('type');
  const checked = checkClaims(claims, profile, nowMs);
  if (!checked.ok) return checked;
  const issuers = profile.tenants === null ? null : [checked.value.issuer, profile.issuer];
  const key = findSigner(jwt, { algorithm, issuers }, rows);
  return key.ok ? ok({ ...checked.value, claims, key: key.value, algorithm }) : key;
}

/** The key among an issuer's that a JWT was signed with, by an algorithm that is taken. Nothing else of it is judged. */
export function findSigner(
  jwt: UnverifiedJwt,
  wanted: Omit<WantedKey, 'kid'>,
  rows: ReadonlyMap<string, KeyRow>,
): Result<KeyRow, JwtFault> {
  const keys = chooseKeys(rows, { ...wanted, kid: jwt.header.kid });
  return keys.ok ? signerAmong(keys.value, wanted.algorithm, jwt) : keys;
}

function signerAmong(
  rows: readonly KeyRow[],
  algorithm: SignatureAlgorithm,
  { signingInput, signature }: UnverifiedJwt,
): Result<KeyRow, JwtFault> {
  let fault: JwtFault = 'weak-key';
  for (const row of rows) {
    const key = importKey(row);
    if (key === null) continue;
    if (signatureHolds(algorithm, key, signingInput, signature)) return ok(row);
    fault = 'signature';
  }
  return err(fault);
}
