import { createHash, createPublicKey } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { decodeBase64url } from './base64url.ts';
import { KEY_LIMIT, type KeyRow } from './key-row.ts';
import { rsaFault } from './key-set-rsa.ts';
import type { SignatureAlgorithm } from './token-profile.ts';

/** A JWK Set (RFC 7517 §5): the keys that may verify, and why each other one may not. */
export interface KeySet {
  /** Never empty, each public key once; two may bear the same `kid`. */
  readonly rows: readonly KeyRow[];
  /** For the log: a key by its place in the set and its `kid`, cut and free of control characters, and the reason. */
  readonly skipped: readonly string[];
}

/** A set larger than this is not read; a hundred keys with their certificates stay well below. */
export const KEY_SET_LIMIT_BYTES = 256 * 1024;

/**
 * Reads a JWK Set (RFC 7517 §5, RFC 7518 §6, RFC 8037 §2). What cannot be a sound public key for signatures is skipped:
 * symmetric and encryption keys, unknown types and curves, RSA below 2048 bits, points off their curve, and any key
 * that shows its private part. An error, in words for the operator, where the text is no set, names more keys than
 * KEY_LIMIT, or none of them can be used.
 */
export function readKeySet(bytes: Uint8Array): Result<KeySet, string> {
  const set = parseSet(bytes);
  if (!set.ok) return set;
  const rows = new Map<string, KeyRow>();
  const skipped: string[] = [];
  for (const [index, value] of set.value.entries()) {
    const read = readPublicKey(value);
    if (!read.ok) skipped.push(`${nameOf(value, index)} ${read.error}`);
    // The same public key once more; a second name for it would change nothing but which of the two is found.
    else if (rows.has(read.value.thumbprint)) skipped.push(`${nameOf(value, index)} is there twice`);
    else rows.set(read.value.thumbprint, read.value);
  }
  if (rows.size > 0) return ok({ rows: [...rows.values()], skipped });
  const [first] = skipped;
  return err(first === undefined ? 'it holds no keys' : `none of its ${skipped.length} keys can be used: ${first}`);
}

type Members = Readonly<Record<string, unknown>>;

function parseSet(bytes: Uint8Array): Result<readonly unknown[], string> {
  if (bytes.length > KEY_SET_LIMIT_BYTES) return err(`it is larger than ${KEY_SET_LIMIT_BYTES} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // The error of the parser quotes the text.
    return err('it is not JSON in UTF-8');
  }
  const keys = isObject(parsed) && Object.hasOwn(parsed, 'keys') ? parsed['keys'] : undefined;
  if (!Array.isArray(keys)) return err('it is not an object with an array `keys`');
  if (keys.length > KEY_LIMIT) return err(`it holds ${keys.length} keys, and ${KEY_LIMIT} is the limit`);
  return ok(keys);
}

/** Reads one public key (RFC 7517 §4) for checking signatures, as `readKeySet` does; an error is in words for the operator. */
export function readPublicKey(value: unknown): Result<KeyRow, string> {
  if (!isObject(value)) return err('is not an object');
  // A copy of its own members: `__proto__` in JSON is a member like any other.
  const key: Members = Object.assign(Object.create(null) as Members, value);
  const purpose = purposeFault(key);
  if (purpose !== null) return err(purpose);
  const shape = readShape(key);
  if (!shape.ok) return shape;
  const { jwk, algorithms } = shape.value;
  const narrowed = key['alg'] === undefined ? algorithms : algorithms.filter((algorithm) => algorithm === key['alg']);
  if (narrowed.length === 0) return err('is for an algorithm that its type does not have, or that is not taken');
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    return err('is not a valid public key');
  }
  const kid = typeof key['kid'] === 'string' ? key['kid'] : null;
  return ok({ thumbprint: thumbprintOf(jwk), kid, algorithms: narrowed, ...issuerOf(key), jwk });
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'];
// No issuer names keys in a longer way; each name is kept and compared.
const KID_LIMIT = 256;

/** What says that a key is not there to check signatures with; null where nothing does. */
function purposeFault(key: Members): string | null {
  const { kty, use, key_ops: operations, kid } = key;
  if (kty === 'oct' || key['k'] !== undefined) return 'is a symmetric key, and who can check with it can also sign';
  if (PRIVATE_MEMBERS.some((name) => key[name] !== undefined)) {
    return 'shows its private part to everybody: whoever saw it can sign, so the issuer must replace it';
  }
  if (use !== undefined && use !== 'sig') return 'is not for signatures (`use`)';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return 'is not for checking signatures (`key_ops`)';
  }
  if (kid !== undefined && !(typeof kid === 'string' && kid.length <= KID_LIMIT)) {
    return `has a \`kid\` that is no text of at most ${KID_LIMIT} characters`;
  }
  return null;
}

/**
 * Entra writes into a set that many tenants share whose tokens a key may sign, as an identifier with a place for the
 * tenant or as a whole one. One that is no text, or too long to be one, leaves the key to nobody.
 */
function issuerOf({ issuer }: Members): Pick<KeyRow, 'issuer'> {
  if (issuer === undefined) return {};
  return { issuer: typeof issuer === 'string' && issuer.length <= ISSUER_LIMIT ? issuer : '' };
}

const ISSUER_LIMIT = 2_048;

interface Shape {
  /** In the order of RFC 7638 §3.2, for the thumbprint is made of it. */
  readonly jwk: Readonly<Record<string, string>>;
  readonly algorithms: readonly SignatureAlgorithm[];
}

const CURVES: Readonly<Record<string, { bytes: number; algorithms: readonly SignatureAlgorithm[] }>> = {
  'P-256': { bytes: 32, algorithms: ['ES256'] },
  'P-384': { bytes: 48, algorithms: ['ES384'] },
  'P-521': { bytes: 66, algorithms: ['ES512'] },
};
const RSA_ALGORITHMS: readonly SignatureAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

function readShape(key: Members): Result<Shape, string> {
  switch (key['kty']) {
    case 'RSA':
      return readRsa(key);
    case 'EC':
      return readCurve(key);
    case 'OKP':
      return readEdwards(key);
    default:
      return err('is of a type (`kty`) that is not taken');
  }
}

function readRsa(key: Members): Result<Shape, string> {
  const modulus = octetsOf(key['n']);
  const exponent = octetsOf(key['e']);
  if (modulus === null || exponent === null) return err('has no `n` and `e` in base64url');
  // RFC 7518 §6.3.1.1: some add a zero octet in front. Without it, one key has one thumbprint.
  const [n, e] = [withoutZeros(modulus), withoutZeros(exponent)];
  const fault = rsaFault(n, e);
  if (fault !== null) return err(fault);
  return ok({
    jwk: { e: e.toString('base64url'), kty: 'RSA', n: n.toString('base64url') },
    algorithms: RSA_ALGORITHMS,
  });
}

function readCurve(key: Members): Result<Shape, string> {
  const { crv } = key;
  const curve = typeof crv === 'string' && Object.hasOwn(CURVES, crv) ? CURVES[crv] : undefined;
  if (typeof crv !== 'string' || curve === undefined) return err('is on a curve (`crv`) that is not taken');
  const [x, y] = [octetsOf(key['x']), octetsOf(key['y'])];
  if (x?.length !== curve.bytes || y?.length !== curve.bytes) return err('has no `x` and `y` of the size of its curve');
  return ok({
    jwk: { crv, kty: 'EC', x: x.toString('base64url'), y: y.toString('base64url') },
    algorithms: curve.algorithms,
  });
}

function readEdwards(key: Members): Result<Shape, string> {
  if (key['crv'] !== 'Ed25519') return err('is on a curve (`crv`) that is not taken');
  const x = octetsOf(key['x']);
  if (x?.length !== 32) return err('has no `x` of the size of its curve');
  return ok({
    jwk: { crv: 'Ed25519', kty: 'OKP', x: x.toString('base64url') },
    algorithms: ['EdDSA', 'Ed25519'],
  });
}

function octetsOf(value: unknown): Buffer | null {
  return typeof value === 'string' ? decodeBase64url(value) : null;
}

function withoutZeros(octets: Buffer): Buffer {
  const first = octets.findIndex((octet) => octet !== 0);
  return first < 0 ? Buffer.alloc(1) : octets.subarray(first);
}

/** RFC 7638 §3: the required members alone, in order, without white space. */
function thumbprintOf(jwk: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
}

const NAME_LIMIT = 40;

function nameOf(value: unknown, index: number): string {
  const kid = isObject(value) && Object.hasOwn(value, 'kid') ? value['kid'] : undefined;
  if (typeof kid !== 'string') return `key ${index + 1}`;
  const shown = kid.slice(0, NAME_LIMIT).replaceAll(/[^\x20-\x7e]/g, '?');
  return `key ${index + 1} (${shown}${kid.length > NAME_LIMIT ? '…' : ''})`;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
