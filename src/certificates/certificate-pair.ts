import type { KeyObject, X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { expiryLevel } from './expiry.ts';
import { namesOf, weakSignature } from './inspect.ts';
import type { Validity } from './issue.ts';
import { chainPem, keyPem, parseChain, parseKey } from './pem.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const RSA_LEAST_BITS = 2048;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** A certificate and key that have passed every check, and what the operator should hear of them nevertheless. */
export interface CheckedPair extends Validity {
  readonly material: CertificateMaterial;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

/**
 * Reads a PEM chain, leaf first, and the PEM key of its leaf, and checks all that would make clients refuse them: that
 * both parse, belong together, hold at `nowMs`, are strong enough, are meant for servers and name a host.
 * The error begins with a verb; who calls puts the file's name before it.
 */
export function checkPair(certificate: Uint8Array, key: Uint8Array, nowMs: number): Result<CheckedPair, string> {
  const chain = parseChain(new TextDecoder().decode(certificate));
  if (!chain.ok) return err(`the certificate file ${chain.error}`);
  const parsedKey = parseKey(new TextDecoder().decode(key));
  if (!parsedKey.ok) return err(`the key ${parsedKey.error}`);
  const [leaf] = chain.value;
  const fault =
    mismatch(chain.value, parsedKey.value) ??
    outsideValidity(leaf, nowMs) ??
    chain.value.map(weakness).find((found) => found !== null) ??
    wrongPurpose(leaf);
  if (fault !== null) return err(fault);
  const names = namesOf(leaf);
  if (!names.ok) return err(`the certificate ${names.error}`);
  const [notBeforeMs, notAfterMs] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  const material: CertificateMaterial = {
    names: names.value,
    chainPem: chainPem(chain.value),
    keyPem: keyPem(parsedKey.value),
    notAfterMs,
    origin: 'file',
  };
  const warnings = warningsOf(chain.value, { notBeforeMs, notAfterMs }, nowMs);
  return ok({ material, fingerprint: leaf.fingerprint256, warnings, notBeforeMs, notAfterMs });
}

function mismatch(chain: readonly X509Certificate[], key: KeyObject): string | null {
  const at = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at === 0) return null;
  return at < 0
    ? 'the key is not the key of the certificate'
    : `the key belongs to certificate number ${at + 1} of the file: the server’s own must stand first`;
}

function outsideValidity(leaf: X509Certificate, nowMs: number): string | null {
  if (nowMs >= leaf.validToDate.getTime()) return `the certificate expired at ${leaf.validToDate.toISOString()}`;
  if (nowMs >= leaf.validFromDate.getTime()) return null;
  return `the certificate is not valid before ${leaf.validFromDate.toISOString()} (or this machine’s clock is slow)`;
}

function weakness(certificate: X509Certificate): string | null {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = certificate.publicKey;
  const of = `the certificate of ${JSON.stringify(certificate.subject ?? '')}`;
  if (kind === 'rsa' || kind === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0;
    if (bits < RSA_LEAST_BITS) return `${of} has an RSA key of ${bits} bits, and ${RSA_LEAST_BITS} are the least`;
  } else if (kind === 'ec') {
    const curve = details?.namedCurve ?? 'unknown';
    if (!CURVES.has(curve)) return `${of} has a key on the curve ${curve}; P-256, P-384 and P-521 are good`;
  } else if (kind !== 'ed25519' && kind !== 'ed448') {
    return `${of} has a key of the kind ${kind ?? 'unknown'}, which TLS clients refuse`;
  }
  // Nobody verifies the signature that a root put on itself.
  if (certificate.ca && certificate.checkIssued(certificate)) return null;
  const signature = weakSignature(certificate);
  return signature === null ? null : `${of} ${signature}`;
}

function wrongPurpose(leaf: X509Certificate): string | null {
  // Node types a list, and gives undefined where the extension is missing; then any purpose is fine (RFC 5280 §4.2.1.12).
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes === undefined || purposes.includes(SERVER_AUTH)) return null;
  return 'the certificate is not made for servers: its extended key usage lacks serverAuth';
}

function warningsOf(chain: readonly X509Certificate[], validity: Validity, nowMs: number): string[] {
  const gap = chain.findIndex((certificate, at) => {
    const issuer = chain[at + 1];
    return issuer !== undefined && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
  });
  return [
    ...(gap < 0
      ? []
      : [`certificate number ${gap + 2} of the file did not sign the one before it: clients may refuse the chain`]),
    ...(expiryLevel(validity, nowMs) === null
      ? []
      : [`the certificate expires at ${new Date(validity.notAfterMs).toISOString()}`]),
  ];
}
