// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** What a CA is asked to certify, and the key of it, which never leaves us. */
export interface CertificateRequest {
  /** PKCS#10, DER. */
  readonly csr: Uint8Array;
  readonly key: KeyObject;
}

/** Makes a key on P-256 and the request for a certificate of it for one canonical name (RFC 2986, RFC 8555 §7.4). */
export async function requestFor(name: string): Promise<CertificateRequest> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: {
      privateKey: privateKey.toCryptoKey(SIGNING, false, ['sign']),
      publicKey: publicKey.toCryptoKey(SIGNING, true, ['verify']),
    },
    signingAlgorithm: SIGNING,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  return { csr: new Uint8Array(request.rawData), key: privateKey };
}
