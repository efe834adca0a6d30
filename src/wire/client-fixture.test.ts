// No tests here: CAs, certificates of clients, and lists of what is revoked.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  X509Certificate as EncodedCertificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

const HOUR_MS = 3_600_000;
const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
let serial = 1_000;

/** A certificate with its key; those of a chain stand behind it. */
export interface Made {
  readonly certPem: string;
  readonly keyPem: string;
  /** The certificate and those above it but for the root: what a client sends. */
  readonly chainPem: string;
  readonly key: KeyObject;
  readonly serialNumber: string;
}

/** What a certificate is to be; what is left out is as a good client's. */
export interface Wanted {
  /** Null for one that signs itself. */
  readonly by: Made | null;
  readonly subject: string | JsonName;
  readonly names?: JsonGeneralNames;
  readonly isCa?: boolean;
  /** Whose key it is for; one of its own if left out. */
  readonly key?: Made;
  readonly usage?: ExtendedKeyUsage | null;
  /** From now, in hours. */
  readonly fromHours?: number;
  readonly toHours?: number;
}

/** Makes one. */
export async function make(wanted: Wanted): Promise<Made> {
  const { by, subject, names, isCa = false, usage = isCa ? null : ExtendedKeyUsage.clientAuth } = wanted;
  const privateKey = wanted.key?.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const extensions: Extension[] = [new BasicConstraintsExtension(isCa, undefined, true)];
  if (isCa) extensions.push(new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true));
  if (usage !== null) extensions.push(new ExtendedKeyUsageExtension([usage]));
  if (names !== undefined) extensions.push(new SubjectAlternativeNameExtension(names));
  const serialNumber = (serial++).toString(16).padStart(4, '0');
  const certificate = await X509CertificateGenerator.create({
    serialNumber,
    subject,
    issuer: by === null ? subject : new EncodedCertificate(by.certPem).subjectName,
    notBefore: new Date(Date.now() + (wanted.fromHours ?? -1) * HOUR_MS),
    notAfter: new Date(Date.now() + (wanted.toHours ?? 24) * HOUR_MS),
    publicKey: new PublicKey(publicKey.export({ type: 'spki', format: 'der' })),
    signingKey: (by?.key ?? privateKey).toCryptoKey(SIGNING, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions,
  });
  const certPem = `${certificate.toString('pem')}\n`;
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certPem, keyPem, chainPem: certPem + aboveOf(by), key: privateKey, serialNumber };
}

/** A root says nothing new to whoever trusts it. */
function aboveOf(above: Made | null): string {
  if (above === null) return '';
  const { subject, issuer } = new EncodedCertificate(above.certPem);
  return subject === issuer ? '' : above.chainPem;
}

/** A CA that signs itself. */
export function makeAuthority(subject: string): Promise<Made> {
  return make({ by: null, subject, isCa: true, toHours: 240 });
}

/** What a CA has revoked, PEM. */
export async function makeList(
  by: Made,
  revoked: readonly Made[],
  { fromHours = -1, toHours = 48 }: { readonly fromHours?: number; readonly toHours?: number } = {},
): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: new EncodedCertificate(by.certPem).subject,
    thisUpdate: new Date(Date.now() + fromHours * HOUR_MS),
    nextUpdate: new Date(Date.now() + toHours * HOUR_MS),
    entries: revoked.map(({ serialNumber }) => ({ serialNumber, revocationDate: new Date(Date.now() - HOUR_MS) })),
    signingAlgorithm: SIGNING,
    signingKey: by.key.toCryptoKey(SIGNING, false, ['sign']),
  });
  return `${PemConverter.encode(list.rawData, 'X509 CRL')}\n`;
}
