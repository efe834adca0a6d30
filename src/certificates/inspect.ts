// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509Certificate as EncodedCertificate } from '@peculiar/x509';
import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { canonicalName } from './names.ts';

// Both sign a message whole, with the hash that belongs to them (RFC 8410 §3).
const HASHLESS: ReadonlySet<string> = new Set(['Ed25519', 'Ed448']);
const HASHES: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/**
 * The host names and addresses of a certificate's subjectAltName, canonical, each once. Other kinds of names, and what is
 * no host name, are left out; the subject's common name does not count (RFC 9525 §2). The error says why there is none.
 */
export function namesOf(certificate: X509Certificate): Result<readonly string[], string> {
  try {
    const extension = new EncodedCertificate(certificate.raw).getExtension(SubjectAlternativeNameExtension);
    const given = (extension?.names.items ?? []).filter(({ type }) => type === 'dns' || type === 'ip');
    const names = given.map(({ value }) => canonicalName(value)).flatMap((name) => (name.ok ? [name.value] : []));
    return names.length === 0
      ? err('names no host: it has no subjectAltName with a DNS name or address, and clients read no other')
      : ok([...new Set(names)]);
  } catch {
    return err('has a subjectAltName that cannot be read');
  }
}

/**
 * Why a certificate's signature is not to be relied on: its hash is not of the SHA-2 family, wherever the encoding keeps
 * it (for RSASSA-PSS in the parameters, RFC 8017 §A.2.3), or the algorithm is unknown. Null if it is good.
 */
export function weakSignature(certificate: X509Certificate): string | null {
  try {
    const { name, hash } = new EncodedCertificate(certificate.raw).signatureAlgorithm as {
      readonly name: string;
      readonly hash?: { readonly name: string };
    };
    if (HASHLESS.has(name) || HASHES.has(hash?.name ?? '')) return null;
    return `is signed with ${hash === undefined ? name : `${name} over ${hash.name}`}, and only signatures over SHA-2 are relied on`;
  } catch {
    return 'has a signature algorithm that cannot be read';
  }
}
