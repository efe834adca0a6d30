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
}

/** What CAs count against a name, kept under it. Times are wall time in milliseconds. */
export interface AttemptsRecord {
  /** When certificates were issued of late, served or not, the newest last. */
  readonly issuedAtMs: readonly number[];
  /** How long after it was issued the newest that was served is due to be renewed; null where there was none. */
  readonly dueAfterMs: number | null;
  /** A CA that is left alone for a while, by its directory. */
  readonly rest: { readonly directory: string; readonly untilMs: number } | null;
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
  version: 2,
  parse: readCertificate,
  indexes: [],
  secrets: ['key'],
  // When it was issued stands in another collection.
  migrations: [({ directory = '', chain = '', key = '' }) => ({ directory, chain, key })],
};

/** What CAs count. */
export const ACME_ATTEMPTS: CollectionDeclaration<AttemptsRecord> = {
  name: 'acme-attempts',
  version: 1,
  parse: readAttempts,
  indexes: [],
  secrets: [],
  migrations: [],
};

function readAccount(document: unknown): Result<AccountRecord, string> {
  const [url, email, key] = textsOf(document, ['url', 'email', 'key']);
  if (url === null || email === null || key === null) return err('is no account of ACME');
  return ok({ url, email, key });
}

function readCertificate(document: unknown): Result<CertificateRecord, string> {
  const [directory, chain, key] = textsOf(document, ['directory', 'chain', 'key']);
  if (directory === null || chain === null || key === null) return err('is no certificate of ACME');
  return ok({ directory, chain, key });
}

function readAttempts(document: unknown): Result<AttemptsRecord, string> {
  const [issuedAtMs, dueAfterMs, rest] = ['issuedAtMs', 'dueAfterMs', 'rest'].map((name) => member(document, name));
  if (!Array.isArray(issuedAtMs) || !issuedAtMs.every(isNumber)) return err('does not say when it was issued');
  if (dueAfterMs !== null && !isNumber(dueAfterMs)) return err('does not say when it is due');
  const [directory, untilMs] = [textOf(member(rest, 'directory')), member(rest, 'untilMs')];
  if (rest === null) return ok({ issuedAtMs, dueAfterMs, rest });
  if (directory === null || !isNumber(untilMs)) return err('does not say who is left alone');
  return ok({ issuedAtMs, dueAfterMs, rest: { directory, untilMs } });
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

type Three<T> = readonly [T, T, T];

function textsOf(document: unknown, [one, two, three]: Three<string>): Three<string | null> {
  const text = (name: string): string | null => textOf(member(document, name));
  return [text(one), text(two), text(three)];
}
