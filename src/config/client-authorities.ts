import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { readCertificates } from './tls-material.ts';
import { words } from './words.ts';

/** A client hears the names of all of them in each handshake; the bundle of a whole system has 140. */
const AUTHORITY_LIMIT = 100;

/** PEM text with one CA behind the other and nothing else, each once. */
export interface ClientAuthorityFile {
  readonly certificates: readonly X509Certificate[];
  readonly pem: string;
}

/**
 * Reads the CAs that vouch for clients: each is one (RFC 5280 §4.2.1.9), is valid now, and stands under itself or another
 * of them, since a chain that does not end there is one that OpenSSL refuses. An error is in `words`.
 */
export function readClientAuthorities(bytes: Uint8Array, nowMs: number): Result<ClientAuthorityFile, string> {
  const read = readCertificates(bytes);
  if (!read.ok) return read;
  const certificates = [...new Map(read.value.map((one) => [one.fingerprint256, one])).values()];
  if (certificates.length > AUTHORITY_LIMIT) {
    const fix = 'name the CAs of your clients, and not those of a system';
    return err(words(`holds ${certificates.length} CAs, and at most ${AUTHORITY_LIMIT} are read`, fix));
  }
  for (const one of certificates) {
    const wrong = faultOf(one, certificates, nowMs);
    if (wrong !== null) return err(wrong);
  }
  return ok({ certificates, pem: certificates.map((one) => `${one.toString().trimEnd()}\n`).join('') });
}

function faultOf(one: X509Certificate, all: readonly X509Certificate[], nowMs: number): string | null {
  const name = JSON.stringify((one.subject ?? '').split('\n').join(','));
  if (!one.ca) return words(`holds ${name}, which is no CA`, 'name the CA that signed it');
  if (one.validToDate.getTime() <= nowMs)
    return words(`holds ${name}, which ended at ${one.validToDate.toISOString()}`);
  if (one.validFromDate.getTime() > nowMs)
    return words(`holds ${name}, which begins at ${one.validFromDate.toISOString()}`);
  const isUnder = all.some((above) => one.checkIssued(above) && one.verify(above.publicKey));
  return isUnder ? null : words(`holds ${name} without the CA above it`, 'put that into the file too');
}
