import { err, ok, type Result } from '../base/index.ts';
import { decodeBase64url } from './base64url.ts';
import type { JwtFault } from './jwt-fault.ts';
import { type JwtHeader, readJwtHeader } from './jwt-header.ts';
import { isJsonObject, type JwtClaims } from './jwt-values.ts';

/** Bounds on the shape of a JSON text, as the house's JSON parser takes them; they hold for the text as a whole. */
export interface JsonBounds {
  readonly depth: number;
  readonly keys: number;
  readonly elements: number;
  readonly numberBytes: number;
}

/**
 * A strict JSON parser: it refuses duplicate names, byte order marks, lone surrogates and whatever is beyond the
 * bounds. Its objects inherit nothing.
 */
export type JsonReader = (bytes: Uint8Array, bounds: JsonBounds) => Result<unknown, unknown>;

/** A token that has been read. Nothing in it is to be believed before `verifyJwt` has said so. */
export interface UnverifiedJwt {
  readonly header: JwtHeader;
  readonly claims: JwtClaims;
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** A token's length in characters. The largest that issuers give out stay below 8 KiB; a whole head has 16 KiB. */
export const TOKEN_LIMIT = 16 * 1_024;

/** Names at the top of a token. */
export const CLAIM_LIMIT = 200;

/**
 * Depth 32 bounds chains of `act` (RFC 8693 §4.1). 1,000 names and 2,000 elements at all levels leave room for the
 * roles of a user with access to hundreds of clients. No NumericDate needs 40 digits.
 */
const BOUNDS: JsonBounds = { depth: 32, keys: 1_000, elements: 2_000, numberBytes: 40 };

/**
 * Reads a compact JWS whose payload is a JSON object (RFC 7515 §7.1, RFC 7519 §7.2), more strictly than the RFCs ask
 * (RFC 8725 §2.4): one spelling of base64url, one reading of the JSON, no NUL, bounded in every direction.
 */
export function readJwt(token: string, readJson: JsonReader): Result<UnverifiedJwt, JwtFault> {
  if (token.length > TOKEN_LIMIT) return err('too-long');
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 1 || payloadEnd < 0) return err('not-compact');
  // Without a key that is wrapped the second of five parts is empty (RFC 7516 §5.1).
  if (token.includes('.', payloadEnd + 1)) return err(token.split('.').length === 5 ? 'encrypted' : 'not-compact');
  if (payloadEnd === headerEnd + 1) return err('not-compact');
  const headerBytes = decodeBase64url(token.slice(0, headerEnd));
  const payloadBytes = decodeBase64url(token.slice(headerEnd + 1, payloadEnd));
  const signature = decodeBase64url(token.slice(payloadEnd + 1));
  if (headerBytes === null || payloadBytes === null || signature === null) return err('encoding');
  const fields = readTokenObject(headerBytes, readJson);
  const claims = readTokenObject(payloadBytes, readJson);
  if (fields === null || claims === null) return err('json');
  const header = readJwtHeader(fields);
  if (!header.ok) return header;
  return ok({
    header: header.value,
    claims,
    signingInput: Buffer.from(token.slice(0, payloadEnd), 'latin1'),
    signature,
  });
}

const ESCAPED_NUL = Buffer.from('\\u0000');

/** One part of a token, decoded: a strict JSON object of at most CLAIM_LIMIT names, or null. */
export function readTokenObject(bytes: Buffer, readJson: JsonReader): JwtClaims | null {
  // A NUL ends a text for whoever reads it in C further on: `admin\0x` must never be anybody's name.
  if (bytes.includes(ESCAPED_NUL)) return null;
  const read = readJson(bytes, BOUNDS);
  if (!read.ok || !isJsonObject(read.value)) return null;
  return Object.keys(read.value).length <= CLAIM_LIMIT ? read.value : null;
}
