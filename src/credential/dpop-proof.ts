import { hash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { decodeBase64url } from './base64url.ts';
import type { DpopFault } from './dpop-fault.ts';
import { signatureHolds } from './jwt-signature.ts';
import { type JsonReader, readTokenObject } from './jwt-text.ts';
import { isJsonObject, isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
import { importKey } from './key-import.ts';
import type { KeyRow } from './key-row.ts';
import { readPublicKey } from './key-set.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './token-profile.ts';

/** The request that a proof is to be of, and the token that it is to be for. */
export interface ProvenRequest {
  readonly method: string;
  /** Whether an address (`htu`) is that of the request. */
  readonly isTarget: (address: string) => boolean;
  readonly token: string;
  /** The thumbprint of the key that the token is bound to (`cnf.jkt`, RFC 9449 §6.1). */
  readonly thumbprint: string;
}

/** A proof that was made for this request and token by whoever has the key. When it was made is yet to be judged. */
export interface HeldProof {
  readonly jti: string;
  /** What `iat` says, in milliseconds of wall time. */
  readonly issuedAtMs: number;
  readonly nonce: string | null;
}

/** A proof's length in characters; one with an RSA key of 8192 bits stays below 5,000. */
const PROOF_LIMIT = 8 * 1_024;
const JTI_LIMIT = 256;
const NONCE_LIMIT = 256;
const TARGET_LIMIT = 8 * 1_024;

/** The header of a proof, which clients repeat word for word, and what its key is. */
interface ProofHeader {
  readonly algorithm: SignatureAlgorithm;
  readonly row: KeyRow;
}

/** Headers of keys that have proven something, in each of two generations; 300 characters each mostly. */
const HEADER_LIMIT = 2_000;
const HEADER_LENGTH_LIMIT = 4_096;

/**
 * Reads proofs of possession (RFC 9449 §4.3). Reading a key takes longer than anything but the signature, so the headers
 * of clients that have proven something are remembered by their text. `readJson` is the house's strict parser.
 */
export class DpopProofs {
  readonly #readJson: JsonReader;
  #young = new Map<string, ProofHeader>();
  #old = new Map<string, ProofHeader>();

  constructor(readJson: JsonReader) {
    this.#readJson = readJson;
  }

  /**
   * Judges all of a proof but its time (RFC 9449 §4.3, steps 2 to 9 and 12). Whoever has no token of the key's costs no
   * check of a signature.
   */
  judge(text: string, request: ProvenRequest): Result<HeldProof, DpopFault> {
    if (text.length > PROOF_LIMIT) return err('too-long');
    const headerEnd = text.indexOf('.');
    const payloadEnd = text.indexOf('.', headerEnd + 1);
    if (headerEnd < 1 || payloadEnd <= headerEnd + 1 || text.includes('.', payloadEnd + 1)) return err('not-compact');
    const headerText = text.slice(0, headerEnd);
    const header = this.#header(headerText);
    if (!header.ok) return header;
    if (header.value.row.thumbprint !== request.thumbprint) return err('binding');
    const payload = decodeBase64url(text.slice(headerEnd + 1, payloadEnd));
    const signature = decodeBase64url(text.slice(payloadEnd + 1));
    if (payload === null || signature === null) return err('encoding');
    const claims = readTokenObject(payload, this.#readJson);
    if (claims === null) return err('json');
    const held = judgeClaims(claims, request);
    if (!held.ok) return held;
    const { algorithm, row } = header.value;
    const key = importKey(row);
    if (key === null) return err('key');
    const signed = Buffer.from(text.slice(0, payloadEnd), 'latin1');
    if (!signatureHolds(algorithm, key, signed, signature)) return err('signature');
    this.#remember(headerText, header.value);
    return held;
  }

  #header(text: string): Result<ProofHeader, DpopFault> {
    const known = this.#young.get(text) ?? this.#old.get(text);
    return known === undefined ? readHeader(text, this.#readJson) : ok(known);
  }

  #remember(text: string, header: ProofHeader): void {
    if (this.#young.has(text) || text.length > HEADER_LENGTH_LIMIT) return;
    if (this.#young.size >= HEADER_LIMIT) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // A part of a text keeps the whole text alive, here a head; a copy does not.
    this.#young.set(Buffer.from(text, 'latin1').toString('latin1'), header);
  }
}

/**
 * RFC 9449 §4.2: the type, an asymmetric algorithm, and the public key that this algorithm goes with. Extensions are not
 * understood, so none may be critical (RFC 7515 §4.1.11); `b64` (RFC 7797) would change what is signed.
 */
function readHeader(text: string, readJson: JsonReader): Result<ProofHeader, DpopFault> {
  const bytes = decodeBase64url(text);
  if (bytes === null) return err('encoding');
  const fields = readTokenObject(bytes, readJson);
  if (fields === null) return err('json');
  if (fields['typ'] !== 'dpop+jwt') return err('type');
  if (['crit', 'b64', 'enc', 'zip'].some((name) => Object.hasOwn(fields, name))) return err('header');
  const algorithm = SIGNATURE_ALGORITHMS.find((name) => name === fields['alg']);
  if (algorithm === undefined) return err('algorithm');
  if (!isJsonObject(fields['jwk'])) return err('key');
  const row = readPublicKey(fields['jwk']);
  if (!row.ok) return err('key');
  return row.value.algorithms.includes(algorithm) ? ok({ algorithm, row: row.value }) : err('algorithm');
}

/** RFC 9449 §4.2: what a proof says, word for word; `htm` is case-sensitive as methods are (RFC 9110 §9.1). */
function judgeClaims(claims: JwtClaims, request: ProvenRequest): Result<HeldProof, DpopFault> {
  const { jti, htm, htu, iat, ath, nonce } = claims;
  const issuedAtMs = numericDateMs(iat);
  if (!isName(jti, JTI_LIMIT) || issuedAtMs === null) return err('claims');
  if (nonce !== undefined && !isName(nonce, NONCE_LIMIT)) return err('claims');
  if (htm !== request.method) return err('method');
  if (!isName(htu, TARGET_LIMIT) || !request.isTarget(htu)) return err('target');
  // No secret: whoever compares knows the token.
  if (ath !== hash('sha256', request.token, 'base64url')) return err('token-hash');
  return ok({ jti, issuedAtMs, nonce: nonce ?? null });
}
