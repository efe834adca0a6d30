import type { Secret } from '../../base/index.ts';

/** How a CA may be shown that a name is ours (RFC 8555 §8, RFC 8737). */
export type ChallengeKind = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** A key that a CA has given for binding our account to one that its operator has there (RFC 8555 §7.3.4). */
export interface ExternalAccount {
  readonly id: string;
  /** The HMAC key itself, decoded. */
  readonly key: Secret;
}

/** One CA that may be asked. */
export interface AuthoritySettings {
  /** The URL of its directory, https. */
  readonly directory: string;
  readonly externalAccount: ExternalAccount | null;
  /** CAs, PEM, that the connections to it are verified by instead of the well-known ones; or null. */
  readonly caPem: string | null;
}

/** Where certificates come from by ACME. */
export interface AcmeSettings {
  readonly email: string;
  /** The first is asked first; the others where it fails. At least one. */
  readonly authorities: readonly AuthoritySettings[];
  /** What kind of certificate to ask for, by the CA's own name for it; null for its default. */
  readonly profile: string | null;
  /** In the order in which they are tried; at least one. */
  readonly challenges: readonly ChallengeKind[];
  /** How long name servers may take to tell of a record that the hook has put in; null where there is no hook. */
  readonly settleMs: number | null;
  /** The names to have certificates for; null for the hosts that are served. */
  readonly names: readonly string[] | null;
}
