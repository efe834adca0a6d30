import { X509Certificate } from 'node:crypto';

/** Certificates that a client sends of those above its own; a chain of more is nobody's. */
const SENT_LIMIT = 8;

/** What is said of who vouches for a client: the subject of that CA, or why nobody can say. */
export type Vouched =
  | { readonly subject: string; readonly fault: null }
  | { readonly subject: null; readonly fault: 'CHAIN_TOO_LONG' | 'CHAIN_UNCLEAR' };

/**
 * The CAs that the operator has named. A client may send CAs that stand below these, and their names are whatever those
 * above them signed: the one who counts is always one of these, the nearest.
 */
export class VouchingAuthorities {
  readonly #pem: string;
  #read: readonly X509Certificate[] | null = null;

  constructor(pem: string) {
    this.#pem = pem;
  }

  /**
   * Who vouches for a certificate whose chain OpenSSL has found to be good, by the name that the operator's file has. What
   * the certificate itself says of its issuer does not count: OpenSSL compares names without regard to letters and blanks
   * (RFC 5280 §7.1), so a CA could sign as its namesake elsewhere.
   */
  of(certificate: X509Certificate): Vouched {
    const authorities = (this.#read ??= readAll(this.#pem));
    const sent = sentAbove(certificate, authorities);
    if (sent === null) return { subject: null, fault: 'CHAIN_TOO_LONG' };
    // Of several that were sent, OpenSSL does not tell which it took. Where all ways end at one name, it ended there.
    const [subject, ...others] = nearest(certificate, sent, authorities);
    if (subject === undefined || others.length > 0) return { subject: null, fault: 'CHAIN_UNCLEAR' };
    return { subject, fault: null };
  }
}

function readAll(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** What was sent and is not ours anyway, in any order; null for too many. */
function sentAbove(certificate: X509Certificate, ours: readonly X509Certificate[]): readonly X509Certificate[] | null {
  const known = new Set(ours.map(({ fingerprint256 }) => fingerprint256));
  const sent: X509Certificate[] = [];
  let above = certificate.issuerCertificate;
  for (let count = 0; above !== undefined; count++) {
    if (count === SENT_LIMIT) return null;
    if (!known.has(above.fingerprint256)) sent.push(above);
    above = above.issuerCertificate;
  }
  return sent;
}

/** The subjects of all CAs of ours that the certificate stands below by signatures, with no other of ours between. */
function nearest(
  certificate: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly string[] {
  const subjects = new Set<string>();
  const reached = new Set([certificate]);
  // A set is gone over to its end, also where it grows meanwhile.
  for (const one of reached) {
    const ours = authorities.filter((authority) => isSignedBy(one, authority));
    for (const { subject } of ours) subjects.add(subject ?? '');
    // OpenSSL looks among what it trusts first, and goes by nothing that was sent where it finds one there.
    if (ours.length > 0) continue;
    for (const above of sent) if (isSignedBy(one, above)) reached.add(above);
  }
  return [...subjects];
}

function isSignedBy(certificate: X509Certificate, above: X509Certificate): boolean {
  return above.ca && certificate.checkIssued(above) && certificate.verify(above.publicKey);
}
