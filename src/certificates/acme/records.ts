import { err, ok, type Result } from '../../base/index.ts';
import type { CollectionDeclaration } from '../../ports/index.ts';
import { member, textOf } from './reply-values.ts';

/** Our account with a CA, kept under the URL of its directory. */
export interface AccountRecord {
  /** The account's URL; empty until the CA has given one. */
  readonly url: string;
  /** The address that the CA was told. */
  readonly email: string;
  /** Its private key, PKCS#8 PEM. */
  readonly key: string;
}

/** The newest certificate for a name, kept under that name. */
export interface CertificateRecord {
  /** The directory of the CA that gave it. */
  readonly directory: string;
  readonly chain: string;
  /** Its private key, PKCS#8 PEM. */
  readonly key: string;
  /** When certificates for this name were issued of late, wall time in milliseconds, the newest last. */
  readonly issuedAtMs: readonly number[];
}

/** Accounts with CAs. */
export const ACME_ACCOUNTS: CollectionDeclaration<AccountRecord> = {
  name: 'acme-accounts',
  version: 1,
  parse: readAccount,
  indexes: [],
  secrets: ['key'],
  migrations: [],
};

/** Certificates from CAs. */
export const ACME_CERTIFICATES: CollectionDeclaration<CertificateRecord> = {
  name: 'acme-certificates',
  version: 1,
  parse: readCertificate,
  indexes: [],
  secrets: ['key'],
  migrations: [],
};

function readAccount(document: unknown): Result<AccountRecord, string> {
  const [url, email, key] = textsOf(document, ['url', 'email', 'key']);
  if (url === null || email === null || key === null) return err('is no account of ACME');
  return ok({ url, email, key });
}

function readCertificate(document: unknown): Result<CertificateRecord, string> {
  const [directory, chain, key] = textsOf(document, ['directory', 'chain', 'key']);
  const issued = member(document, 'issuedAtMs');
  if (directory === null || chain === null || key === null) return err('is no certificate of ACME');
  if (!Array.isArray(issued) || !issued.every((at) => typeof at === 'number')) return err('does not say when it began');
  return ok({ directory, chain, key, issuedAtMs: issued });
}

type Three<T> = readonly [T, T, T];

function textsOf(document: unknown, [one, two, three]: Three<string>): Three<string | null> {
  const text = (name: string): string | null => textOf(member(document, name));
  return [text(one), text(two), text(three)];
}
