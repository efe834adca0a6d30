import { type AsymmetricKeyDetails, constants, type KeyObject, verify } from 'node:crypto';
import type { SignatureAlgorithm } from './token-profile.ts';

/** How an algorithm's signatures are made, and with what keys (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
type Scheme =
  | { readonly key: 'rsa'; readonly hash: string; readonly padding: 'pkcs1' | 'pss' }
  | { readonly key: 'ec'; readonly hash: string; readonly curve: string; readonly signatureBytes: number }
  | { readonly key: 'ed25519'; readonly signatureBytes: number };

const ED25519: Scheme = { key: 'ed25519', signatureBytes: 64 };

const SCHEMES: Readonly<Record<SignatureAlgorithm, Scheme>> = {
  ES256: { key: 'ec', hash: 'sha256', curve: 'prime256v1', signatureBytes: 64 },
  ES384: { key: 'ec', hash: 'sha384', curve: 'secp384r1', signatureBytes: 96 },
  ES512: { key: 'ec', hash: 'sha512', curve: 'secp521r1', signatureBytes: 132 },
  RS256: { key: 'rsa', hash: 'sha256', padding: 'pkcs1' },
  RS384: { key: 'rsa', hash: 'sha384', padding: 'pkcs1' },
  RS512: { key: 'rsa', hash: 'sha512', padding: 'pkcs1' },
  PS256: { key: 'rsa', hash: 'sha256', padding: 'pss' },
  PS384: { key: 'rsa', hash: 'sha384', padding: 'pss' },
  PS512: { key: 'rsa', hash: 'sha512', padding: 'pss' },
  EdDSA: ED25519,
  Ed25519: ED25519,
};

/**
 * Whether a signature holds. The key must be of the algorithm's own type and curve, whatever its row says, and the
 * signature of its exact length. An ECDSA signature with a zero half holds for no message (FIPS 186-5 §6.4.2,
 * CVE-2022-21449). RSASSA-PSS has a salt as long as its hash (RFC 7518 §3.5).
 */
export function signatureHolds(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  const scheme = SCHEMES[algorithm];
  if (key.type !== 'public' || key.asymmetricKeyType !== scheme.key) return false;
  switch (scheme.key) {
    case 'rsa':
      return rsaSignatureHolds(scheme, key, input, signature);
    case 'ec':
      if (detailsOf(key).namedCurve !== scheme.curve) return false;
      if (signature.length !== scheme.signatureBytes || hasZeroHalf(signature)) return false;
      return verify(scheme.hash, input, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'ed25519':
      return signature.length === scheme.signatureBytes && verify(null, input, key, signature);
    default:
      return scheme satisfies never;
  }
}

// They never change, and asking a key for them copies them each time.
const details = new WeakMap<KeyObject, AsymmetricKeyDetails>();

function detailsOf(key: KeyObject): AsymmetricKeyDetails {
  let known = details.get(key);
  if (known === undefined) {
    known = key.asymmetricKeyDetails ?? {};
    details.set(key, known);
  }
  return known;
}

function rsaSignatureHolds(
  { hash, padding }: Scheme & { key: 'rsa' },
  key: KeyObject,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length * 8 !== detailsOf(key).modulusLength) return false;
  if (padding === 'pkcs1') return verify(hash, input, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return verify(hash, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

function hasZeroHalf(signature: Uint8Array): boolean {
  const half = signature.length / 2;
  return isZero(signature, 0, half) || isZero(signature, half, signature.length);
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
