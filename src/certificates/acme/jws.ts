import { createHash, createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { ExternalAccount } from './settings.ts';

/** Who signs a request: a key that the CA does not know yet, or an account that it does (RFC 8555 §6.2). */
export interface Signer {
  readonly key: KeyObject;
  /** The account's URL; null until there is one. */
  readonly account: string | null;
}

/** A JWS in the flattened JSON serialization (RFC 7515 §7.2.2). */
export interface FlattenedJws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** Makes the key of an account: P-256, for ES256. */
export function newAccountKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** Signs a request body for `url`. A payload of null is the empty text of POST-as-GET (RFC 8555 §6.3). */
export function signRequest(
  { key, account }: Signer,
  to: { readonly url: string; readonly nonce: string },
  payload: object | null,
): FlattenedJws {
  const who = account === null ? { jwk: publicJwk(key) } : { kid: account };
  const head = encode(JSON.stringify({ alg: 'ES256', ...who, nonce: to.nonce, url: to.url }));
  const body = payload === null ? '' : encode(JSON.stringify(payload));
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return { protected: head, payload: body, signature: signature.toString('base64url') };
}

/** Binds an account key to an account that the operator has with the CA (RFC 8555 §7.3.4); `url` is that of newAccount. */
export function bindExternally(external: ExternalAccount, key: KeyObject, url: string): FlattenedJws {
  const head = encode(JSON.stringify({ alg: 'HS256', kid: external.id, url }));
  const body = encode(JSON.stringify(publicJwk(key)));
  const signature = createHmac('sha256', external.key.reveal()).update(`${head}.${body}`).digest('base64url');
  return { protected: head, payload: body, signature };
}

/** What a challenge is answered with: the token and the thumbprint of the account's key (RFC 8555 §8.1, RFC 7638). */
export function keyAuthorization(token: string, key: KeyObject): string {
  return `${token}.${createHash('sha256')
    .update(JSON.stringify(publicJwk(key)))
    .digest('base64url')}`;
}

/** The members that a thumbprint covers and no others, in the order that it wants (RFC 7638 §3.2). */
function publicJwk(key: KeyObject): { crv: string; kty: string; x: string; y: string } {
  const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' });
  if (crv === undefined || kty === undefined || x === undefined || y === undefined) {
    throw new TypeError('an account key must be on P-256');
  }
  return { crv, kty, x, y };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
