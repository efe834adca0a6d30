// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes the key of a certificate: P-256. It never leaves us. */
export function newCertificateKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** Makes the request for a certificate of this key for one canonical name (RFC 2986, RFC 8555 §7.4): PKCS#10, DER. */
export async function requestFor(name: string, key: KeyObject): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: {
      privateKey: key.toCryptoKey(SIGNING, false, ['sign']),
      publicKey: createPublicKey(key).toCryptoKey(SIGNING, true, ['verify']),
    },
    signingAlgorithm: SIGNING,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  return new Uint8Array(request.rawData);
}
