import { createHash, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { err, errorIssue, type Issue, ok, type Result, type Secret, secretLine } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import { isJsonObject } from '../../../credential/index.ts';
import type { Sources } from '../../kind.ts';
import type { PageRequest } from '../../own-page.ts';
import { bearerToken, isDpopScheme } from '../../token-field.ts';
import type { LeakReporters } from './config.ts';

/** The file with the public keys of reporters has a few of them. */
export const PUBLIC_KEYS_LIMIT_BYTES = 64 * 1024;
const PUBLIC_KEYS_LIMIT = 100;
/** Shorter ones can be guessed. */
const LEAST_SECRET_BYTES = 16;
/** Of a signature in a field: an ECDSA signature of P-521 in DER has 139 bytes. */
const SIGNATURE_LIMIT_CHARACTERS = 512;

const KEY_FIELD = 'github-public-key-identifier';
const SIGNATURE_FIELD = 'github-public-key-signature';
const HMAC_FIELD = 'x-hub-signature-256';

/** Whether a report comes from somebody who may send it. */
type Holds = (report: PageRequest) => boolean;

/** What a report is held against. */
export interface LeakProof {
  readonly holds: Holds;
  /** What is asked of whoever has proved nothing (RFC 9110 §11.6.1); nobody has registered a scheme for signed bodies. */
  readonly challenge: string;
}

/** Reads who may report; the issues are for the author of the configuration. */
export function readLeakProof(reporters: LeakReporters, got: Sources): Result<LeakProof, readonly Issue[]> {
  const { publicKeys, secret, bearer, path } = reporters;
  const keys = publicKeys === null ? ok(null) : readPublicKeys(got.file(publicKeys));
  const shared = secret === null ? ok(null) : longEnough(got.secret(secret));
  const shown = bearer === null ? ok(null) : longEnough(got.secret(bearer));
  const issues = [
    ...(keys.ok ? [] : [errorIssue(`${path}.publicKeys`, keys.error)]),
    ...(shared.ok ? [] : [errorIssue(`${path}.secret`, shared.error)]),
    ...(shown.ok ? [] : [errorIssue(`${path}.bearer`, shown.error)]),
  ];
  if (!keys.ok || !shared.ok || !shown.ok) return err(issues);
  const proofs = [
    ...(keys.value === null ? [] : [signedBy(keys.value)]),
    ...(shared.value === null ? [] : [sealedWith(shared.value)]),
    ...(shown.value === null ? [] : [showing(shown.value)]),
  ];
  return ok({
    holds: (report) => proofs.some((holds) => holds(report)),
    challenge: `${bearer === null ? 'Portcullis-Report' : 'Bearer'} realm="leak reports"`,
  });
}

/** ECDSA with SHA-256 over the body as it came, in DER and base64, by the key that a field names. */
function signedBy(keys: ReadonlyMap<string, KeyObject>): Holds {
  return ({ request: { headers }, body }) => {
    const key = keys.get(headers.get(KEY_FIELD) ?? '');
    const signature = headers.get(SIGNATURE_FIELD);
    if (key === undefined || signature === null || signature.length > SIGNATURE_LIMIT_CHARACTERS) return false;
    return verify('sha256', body, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'));
  };
}

/** HMAC-SHA-256 over the body as it came, in hexadecimal, behind `sha256=`. */
function sealedWith(secret: Buffer): Holds {
  return ({ request: { headers }, body }) => {
    const said = /^sha256=([0-9a-f]{64})$/.exec(headers.get(HMAC_FIELD) ?? '')?.[1];
    if (said === undefined) return false;
    return timingSafeEqual(createHmac('sha256', secret).update(body).digest(), Buffer.from(said, 'hex'));
  };
}

function showing(secret: Buffer): Holds {
  const hashed = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();
  const expected = hashed(secret);
  return ({ request: { headers } }) => {
    const field = headers.get('authorization') ?? '';
    const said = isDpopScheme(field) ? null : bearerToken(field);
    return said !== null && timingSafeEqual(hashed(Buffer.from(said, 'latin1')), expected);
  };
}

function longEnough(secret: Secret): Result<Buffer, string> {
  const bytes = Buffer.from(secretLine(secret.reveal()), 'latin1');
  return bytes.length < LEAST_SECRET_BYTES ? err(`the secret has fewer than ${LEAST_SECRET_BYTES} bytes`) : ok(bytes);
}

/** `{ public_keys: [{ key_identifier, key }] }`, each key an EC key in PEM. What else stands there is not read. */
function readPublicKeys(file: Uint8Array): Result<ReadonlyMap<string, KeyObject>, string> {
  const words = 'the file is no list of public keys, as GitHub gives it for its secret scanning';
  const parsed = parseJson(file);
  const listed: unknown = parsed.ok && isJsonObject(parsed.value) ? parsed.value['public_keys'] : null;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > PUBLIC_KEYS_LIMIT) return err(words);
  const keys = new Map<string, KeyObject>();
  for (const one of listed as readonly unknown[]) {
    const [id, pem] = isJsonObject(one) ? [one['key_identifier'], one['key']] : [];
    if (typeof id !== 'string' || id === '' || typeof pem !== 'string') return err(words);
    const key = readKey(pem);
    if (key === null) return err(`the key ${JSON.stringify(id.slice(0, 64))} is no public EC key in PEM`);
    if (keys.has(id)) return err(`two keys are called ${JSON.stringify(id.slice(0, 64))}`);
    keys.set(id, key);
  }
  return ok(keys);
}

function readKey(pem: string): KeyObject | null {
  if (!pem.includes('BEGIN PUBLIC KEY')) return null;
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ec' ? key : null;
  } catch {
    return null;
  }
}
