import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { words } from './words.ts';

/** A certificate, chain or CA bundle may have this size; the bundle of a whole system has a fifth of it. */
export const PEM_LIMIT_BYTES = 1024 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates in PEM text, at least one; an error is in `words`. */
export function readCertificates(bytes: Uint8Array): Result<readonly X509Certificate[], string> {
  const text = Buffer.from(bytes).toString('latin1');
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) && !text.includes('-----BEGIN CERTIFICATE-----')) {
    return err(words('holds a private key where a certificate belongs', 'are the two files swapped?'));
  }
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    return err(words('holds no certificate in PEM', 'it begins with -----BEGIN CERTIFICATE-----'));
  const found: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      found.push(new X509Certificate(block));
    } catch {
      return err(words(`holds a certificate that cannot be read (number ${index + 1} in it)`));
    }
  }
  return ok(found);
}

/** Whether a private key can be read and belongs to the first of the certificates; an error never holds the key. */
export function checkKey(bytes: Uint8Array, certificates: readonly X509Certificate[] | null): Result<void, string> {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(bytes), format: 'pem' });
  } catch {
    return err(words('holds no private key in PEM that can be read', 'it must not be encrypted'));
  }
  const first = certificates?.[0];
  if (first !== undefined && !first.checkPrivateKey(key)) {
    return err(
      words('holds a key that does not belong to the certificate', 'the certificate itself stands first in its file'),
    );
  }
  return ok(undefined);
}
