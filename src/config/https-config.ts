/** Where the certificate of the https port comes from. */
export type CertificateConfig = { readonly kind: 'local' } | FileCertificateConfig | AcmeConfig;

/** A certificate in files: an absolute path, and `key` as a secret reference, `${file:…}` for a plain path. */
export interface FileCertificateConfig {
  readonly kind: 'files';
  readonly certificate: string;
  readonly key: string;
}

/** A CA that gives certificates by ACME: the URL of its directory. `externalAccount.key` is a secret reference, `caFile` absolute. */
export interface AcmeAuthority {
  readonly directory: string;
  readonly externalAccount: { readonly id: string; readonly key: string } | null;
  readonly caFile: string | null;
}

/** Certificates by ACME. The CAs and the challenges stand in the order in which they are tried; `names` null: the hosts of the APIs. */
export interface AcmeConfig {
  readonly kind: 'acme';
  readonly email: string;
  readonly authorities: readonly AcmeAuthority[];
  readonly challenges: readonly ('http-01' | 'tls-alpn-01' | 'dns-01')[];
  /** The program that changes the DNS, absolute, and how long after it a record is looked for; null without dns-01. */
  readonly dnsHook: { readonly path: string; readonly settleMs: number } | null;
  readonly profile: string | null;
  readonly names: readonly string[] | null;
  /** Absolute; where certificates are kept that several nodes share, null where this node keeps its own. */
  readonly folder: string | null;
}

/** Who may open a session: clients with a certificate that these CAs vouch for. Both files are absolute. */
export interface ClientTrustConfig {
  readonly caFile: string;
  /** What the CAs have revoked; null where that is not looked at. */
  readonly crlFile: string | null;
  /** With their kinds, canonical: `dns:`, `uri:`, `email:`, `ip:`, `subject:`. Null where everybody is meant. */
  readonly names: readonly string[] | null;
  /** The key path of what says it. */
  readonly path: string;
}

/**
 * What one host has of its own. `clients` null: anybody may open a session; `certificate` null: that of a pattern, else of the https port. A
 * name that begins with `*.` stands for one whole first label, and says nothing of clients.
 */
export interface HttpsHostConfig {
  readonly name: string;
  readonly clients: ClientTrustConfig | null;
  readonly certificate: FileCertificateConfig | null;
  /** The key path of what says it. */
  readonly path: string;
}

/** The https port, and who may open a session on it: for hosts that are not named, and for each that is. */
export interface HttpsConfig {
  readonly port: number;
  readonly certificate: CertificateConfig;
  readonly clients: ClientTrustConfig | null;
  readonly hosts: readonly HttpsHostConfig[];
  /** Clients are judged although this version of Node has known holes. */
  readonly acceptNodeBelowFloor: boolean;
}
