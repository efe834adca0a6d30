import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import type { AcmeConfig, FileCertificateConfig } from './config.ts';
import { checked, gatherFile, gatherSecret, type Work } from './gather-work.ts';
import { checkKey, PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';
import { words } from './words.ts';

/** Reads the certificates that clients see, with their keys, and what obtaining others takes. */
export async function gatherCertificates(work: Work): Promise<void> {
  const { certificate, hosts } = work.parsed.config.server.https;
  const at = 'server.https.certificate';
  if (certificate.kind === 'files') await gatherPair(work, at, certificate);
  if (certificate.kind === 'acme') await gatherAuthorities(work, `${at}.acme`, certificate);
  for (const host of hosts) {
    if (host.certificate === null) continue;
    const path = `${host.path}.certificate`;
    const leaf = await gatherPair(work, path, host.certificate);
    if (leaf !== null) checked(work, `${path}.cert`, checkNames(leaf, host.name));
  }
}

async function gatherPair(
  work: Work,
  path: string,
  { certificate, key }: FileCertificateConfig,
): Promise<X509Certificate | null> {
  const certificates = await gatherChain(work, `${path}.cert`, certificate);
  const bytes = await gatherSecret(work, `${path}.key`, key);
  if (bytes !== null) checked(work, `${path}.key`, checkKey(bytes, certificates));
  return certificates?.[0] ?? null;
}

/** A certificate that is shown, and those above it. It is read as its key is: where secrets are read anew, it is too. */
export async function gatherChain(
  { held: _held, ...work }: Work,
  path: string,
  file: string,
): Promise<readonly X509Certificate[] | null> {
  const chain = await gatherFile(work, path, file, PEM_LIMIT_BYTES);
  return chain === null ? null : checked(work, path, readCertificates(chain));
}

/** No certificate names this label by itself, only by an asterisk in its place. */
const ANY_LABEL = 'x'.repeat(63);

function checkNames(leaf: X509Certificate, name: string): Result<void, string> {
  const asked = name.startsWith('*.') ? `${ANY_LABEL}${name.slice(1)}` : name;
  // Clients read no other name of it (RFC 9525 §2).
  if (leaf.checkHost(asked, { subject: 'never', partialWildcards: false }) !== undefined) return ok(undefined);
  return err(words(`holds a certificate that does not name ${name}`, 'get one that does, or name the host it is for'));
}

async function gatherAuthorities(work: Work, path: string, { authorities }: AcmeConfig): Promise<void> {
  for (const [index, { caFile, externalAccount }] of authorities.entries()) {
    const at = index === 0 ? path : `${path}.fallback[${index - 1}]`;
    const bytes = caFile === null ? null : await gatherFile(work, `${at}.ca`, caFile, PEM_LIMIT_BYTES);
    if (bytes !== null) checked(work, `${at}.ca`, readCertificates(bytes));
    if (externalAccount !== null) await gatherSecret(work, `${at}.eab.key`, externalAccount.key);
  }
}
