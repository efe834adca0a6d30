import type { Carriers } from '../credentials/config.ts';

/** The part of a certificate that says whom it is of: a kind of name, the common name, or the whole subject. */
export const CERTIFICATE_SUBJECTS = ['dn', 'cn', 'dns', 'uri', 'email'] as const;

/** One of them. */
export type CertificateSubject = (typeof CERTIFICATE_SUBJECTS)[number];

/** What is said of certificates of one name, or of one certificate. */
export interface CertificateEntry {
  /** Its name with the kind first, `dns:`, `uri:`, `email:`, `ip:` or `subject:`, or `sha256:` and 64 digits. */
  readonly match: string;
  /** The subject of the CA of ours that vouches for it; null for whichever does. */
  readonly issuer: string | null;
  /** Whom it is of, where the certificate itself does not say. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  /** What narrows its roles; null for nothing. */
  readonly scopes: readonly string[] | null;
  readonly tenant: string | null;
  /** The key path of what says it. */
  readonly path: string;
}

/** Whom certificates are of, and what they may do. */
export interface CertificateClients {
  readonly subject: CertificateSubject;
  /** What becomes of a certificate of which no entry says anything. */
  readonly unlisted: 'refuse' | 'identify';
  readonly certificates: readonly CertificateEntry[];
}

/** How certificates count for one operation. */
export interface CertificateUse {
  /** Where credentials of other ways stand, which say who calls if they are there. */
  readonly others: Carriers;
  /** Whether there is no other way to sign in. */
  readonly alone: boolean;
}

/** Who calls an API by a certificate. */
export interface MtlsConfig {
  readonly clients: CertificateClients;
  /** Null where a certificate lets nobody in. */
  readonly api: CertificateUse | null;
  /** By operation name: of operations that say it themselves. */
  readonly operations: Readonly<Record<string, CertificateUse | null>>;
}
