// No tests here: CAs and lists of what they revoked, as files that a configuration names.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  type ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

const HOUR_MS = 3_600_000;
/** Of the certificates here; no test depends on today. */
export const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate and its key. */
export interface Signer {
  readonly subject: string;
  readonly pem: string;
  readonly key: KeyObject;
}

interface Wanted {
  readonly by?: Signer;
  readonly isCa?: boolean;
  readonly fromHours?: number;
  readonly toHours?: number;
  readonly usage?: ExtendedKeyUsage;
  /** DNS names. */
  readonly names?: readonly string[];
  /** Its key, where that is not a new one. */
  readonly keyOf?: Signer;
}

/** Makes a CA, or something that is none. */
export async function makeCa(
  subject: string,
  { by, isCa = true, fromHours = -1, toHours = 99, usage, names = [], keyOf }: Wanted = {},
): Promise<Signer> {
  const privateKey = keyOf?.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject,
    issuer: by?.subject ?? subject,
    notBefore: new Date(NOW_MS + fromHours * HOUR_MS),
    notAfter: new Date(NOW_MS + toHours * HOUR_MS),
    publicKey: new PublicKey(publicKey.export({ type: 'spki', format: 'der' })),
    signingKey: (by?.key ?? privateKey).toCryptoKey(SIGNING, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions: [
      new BasicConstraintsExtension(isCa, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(names.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]),
      ...(usage === undefined ? [] : [new ExtendedKeyUsageExtension([usage])]),
    ],
  });
  return { subject, pem: `${certificate.toString('pem')}\n`, key: privateKey };
}

interface WantedList {
  readonly fromHours?: number;
  /** Null for one that does not say when it ends. */
  readonly toHours?: number | null;
  /** The type of an extension that it has. */
  readonly extension?: string;
  readonly revoked?: readonly string[];
}

/** Makes a list, DER. */
export async function makeCrl(by: Signer, wanted: WantedList = {}): Promise<Buffer> {
  const { fromHours = -1, toHours = 48, extension, revoked = [] } = wanted;
  const list = await X509CrlGenerator.create({
    issuer: by.subject,
    thisUpdate: new Date(NOW_MS + fromHours * HOUR_MS),
    ...(toHours === null ? {} : { nextUpdate: new Date(NOW_MS + toHours * HOUR_MS) }),
    entries: revoked.map((serialNumber) => ({ serialNumber, revocationDate: new Date(NOW_MS - HOUR_MS) })),
    signingAlgorithm: SIGNING,
    signingKey: by.key.toCryptoKey(SIGNING, false, ['sign']),
    extensions: extension === undefined ? [] : [new Extension(extension, true, Buffer.from([2, 1, 1]))],
  });
  return Buffer.from(list.rawData);
}

/** The same as PEM. */
export function crlPem(...lists: readonly Buffer[]): string {
  return lists.map((list) => `${PemConverter.encode(list, 'X509 CRL')}\n`).join('');
}
