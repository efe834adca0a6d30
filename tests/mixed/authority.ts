// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { KeyObject, webcrypto } from 'node:crypto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const ALTERNATIVE_NAMES = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
] as const;

/** A CA of a test: its certificate, and certificates for localhost with a key of their own, all PEM. */
export interface TestAuthority {
  readonly ca: string;
  issue(): Promise<{ readonly certificate: string; readonly key: string | Buffer }>;
}

/** Makes a CA that nobody else knows; what it issues holds for a day. */
export async function makeAuthority(): Promise<TestAuthority> {
  const life = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const caKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=mixed-ca',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    ...life,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const issue: TestAuthority['issue'] = async () => {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.create({
      subject: 'CN=localhost',
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...life,
      extensions: [new SubjectAlternativeNameExtension([...ALTERNATIVE_NAMES])],
    });
    const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
    return { certificate: `${certificate.toString('pem')}\n`, key };
  };
  return { ca: ca.toString('pem'), issue };
}
