import { err, ok, type Result } from '../../base/index.ts';
import type { CollectionDeclaration } from '../../ports/index.ts';
import { member, textOf } from './reply-values.ts';
import type { ChallengeKind } from './settings.ts';

const CHALLENGES = ['http-01', 'tls-alpn-01', 'dns-01'] as const satisfies readonly ChallengeKind[];

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

/** An order that is under way, kept under its name: after a crash it is gone on with, and no second one is made. */
export interface OrderRecord {
  readonly directory: string;
  /** The order's URL. */
  readonly url: string;
  /** The private key of the certificate that is ordered, PKCS#8 PEM. */
  readonly key: string;
  readonly challenge: ChallengeKind;
}

/** Which node may order for a name, kept under it. */
export interface LeaseRecord {
  /** By chance, another for each start of each node. */
  readonly holder: string;
  /** Wall time in milliseconds; in the past where nobody has it. */
  readonly untilMs: number;
  /** One more with each holder. */
  readonly fence: number;
}

/** A node that shares a store with others, kept under an id of its own by chance. */
export interface NodeRecord {
  /** The CAs that it asks. */
  readonly directories: readonly string[];
  /** Wall time in milliseconds. */
  readonly seenAtMs: number;
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

/** Orders that are under way. */
export const ACME_ORDERS: CollectionDeclaration<OrderRecord> = {
  name: 'acme-orders',
  version: 1,
  parse: readOrder,
  indexes: [],
  secrets: ['key'],
  migrations: [],
};

/** Who may order, where several nodes share a store. */
export const ACME_LEASES: CollectionDeclaration<LeaseRecord> = {
  name: 'acme-leases',
  version: 1,
  parse: readLease,
  indexes: [],
  secrets: [],
  migrations: [],
};

/** Which nodes share a store. */
export const ACME_NODES: CollectionDeclaration<NodeRecord> = {
  name: 'acme-nodes',
  version: 1,
  parse: readNode,
  indexes: ['seenAtMs'],
  secrets: [],
  migrations: [],
};

function readNode(document: unknown): Result<NodeRecord, string> {
  const [directories, seenAtMs] = [member(document, 'directories'), member(document, 'seenAtMs')];
  if (!Array.isArray(directories) || !directories.every((one) => typeof one === 'string')) return err('names no CAs');
  return isNumber(seenAtMs) ? ok({ directories, seenAtMs }) : err('does not say when it was seen');
}

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

function readOrder(document: unknown): Result<OrderRecord, string> {
  const [directory, url, key] = textsOf(document, ['directory', 'url', 'key']);
  const challenge = CHALLENGES.find((kind) => kind === member(document, 'challenge'));
  if (directory === null || url === null || key === null || challenge === undefined) return err('is no order of ACME');
  return ok({ directory, url, key, challenge });
}

function readLease(document: unknown): Result<LeaseRecord, string> {
  const [holder, untilMs, fence] = ['holder', 'untilMs', 'fence'].map((name) => member(document, name));
  if (typeof holder !== 'string' || !isNumber(untilMs) || !isNumber(fence)) return err('is no lease');
  return ok({ holder, untilMs, fence });
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

type Three<T> = readonly [T, T, T];

function textsOf(document: unknown, [one, two, three]: Three<string>): Three<string | null> {
  const text = (name: string): string | null => textOf(member(document, name));
  return [text(one), text(two), text(three)];
}
