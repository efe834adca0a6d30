import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';

/** What a key signs with; `none` leaves the signature empty. */
type Algorithm = 'ES256' | 'RS256' | 'PS256';

/** A key, under the name that its issuer gives it. */
export interface ForgingKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A key of its own for an algorithm. */
export function forgingKey(kid: string, algorithm: Algorithm = 'ES256', modulusLength = 2048): ForgingKey {
  const pair =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength });
  return { kid, algorithm, ...pair };
}

/** The key as its issuer shows it. */
export function shownKey({ kid, algorithm, publicKey }: ForgingKey): object {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
}

/** Base64url of a text, or of what JSON makes of a value. */
export function encoded(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** The signature of a text by a key, as JWS has it (RFC 7518 §3). */
export function signature({ privateKey, algorithm }: ForgingKey, input: string): string {
  const key =
    algorithm === 'ES256'
      ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      : { key: privateKey, ...(algorithm === 'PS256' ? { padding: 6, saltLength: 32 } : {}) };
  return signBytes('sha256', Buffer.from(input), key).toString('base64url');
}

/** A token of these two parts, as texts or values, signed by a key. */
export function tokenOf(key: ForgingKey, header: unknown, claims: unknown): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${signature(key, input)}`;
}

/** The same with a shared secret in place of a key (HS256). */
export function tokenOfSecret(secret: string | Buffer, header: unknown, claims: unknown): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
