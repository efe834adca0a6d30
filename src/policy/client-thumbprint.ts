import type { ClientCertificate } from '../wire/index.ts';

const made = new WeakMap<ClientCertificate, string>();

/** The SHA-256 of a certificate as tokens name it (RFC 8705 §3.1); a session's certificate is one object while it stands. */
export function thumbprintOf(certificate: ClientCertificate): string {
  const known = made.get(certificate);
  if (known !== undefined) return known;
  const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  made.set(certificate, thumbprint);
  return thumbprint;
}
