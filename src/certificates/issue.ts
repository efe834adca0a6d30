// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as EncodedCertificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import type { Random } from '../ports/index.ts';
import { isAddress } from './names.ts';
import type { ChainAndKey } from './pem.ts';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SERIAL_BYTES = 16;

/** When a certificate holds, in milliseconds since 1970; encoding cuts both to whole seconds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Makes a self-signed CA on P-256 that may sign leaves only: basicConstraints CA with pathLen 0 (RFC 5280 §4.2.1.9),
 * keyUsage keyCertSign and cRLSign (§4.2.1.3), both critical, and a subject key identifier, which strict clients demand.
 *
 * It bears no nameConstraints (§4.2.1.10). They would have to list every API host the next ten years bring: the first
 * host outside of the list would need another CA, and every client would have to trust anew. And they would promise more
 * than they hold: path validation owes a trust anchor's constraints nothing (§6.1.1), and clients differ. What guards the
 * CA is that its key lies sealed, that it signs no other CA, and that no two data folders share one.
 */
export async function issueAuthority(commonName: string, validity: Validity, random: Random): Promise<ChainAndKey> {
  const { privateKey, publicKey } = newKeyPair();
  const extensions = [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(encodedKey(publicKey)),
  ];
  const name = `CN=${commonName}`;
  const chain = await sign(
    { subject: name, issuer: name, publicKey, signer: privateKey, validity, extensions },
    random,
  );
  return { chain: [chain], key: privateKey };
}

/**
 * Makes a server certificate on P-256 for canonical names, signed by `authority`: subjectAltName with DNS names and
 * addresses (RFC 5280 §4.2.1.6), extendedKeyUsage serverAuth (§4.2.1.12), keyUsage digitalSignature.
 */
export async function issueLeaf(
  authority: ChainAndKey,
  names: readonly string[],
  validity: Validity,
  random: Random,
): Promise<ChainAndKey> {
  const { privateKey, publicKey } = newKeyPair();
  const issuer = new EncodedCertificate(authority.chain[0].raw);
  const alternatives = names.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value }));
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(alternatives),
    await SubjectKeyIdentifierExtension.create(encodedKey(publicKey)),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
  const chain = await sign(
    // The common name is for people: clients read the alternative names only (RFC 9525 §2).
    {
      subject: 'CN=Portcullis local certificate',
      issuer: issuer.subjectName,
      publicKey,
      signer: authority.key,
      validity,
      extensions,
    },
    random,
  );
  return { chain: [chain], key: privateKey };
}

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const OCTET_STRING_OF_32 = Buffer.from([0x04, 0x20]);

/**
 * Makes the certificate that answers a CA's tls-alpn-01 (RFC 8737 §3): signed by its own key, for the one name, with the
 * SHA-256 of the key authorization in a critical acmeIdentifier. `digest` has 32 bytes. It is good for nothing else.
 */
export async function issueChallenge(
  name: string,
  digest: Uint8Array,
  validity: Validity,
  random: Random,
): Promise<ChainAndKey> {
  const { privateKey, publicKey } = newKeyPair();
  const subject = 'CN=Portcullis challenge';
  const extensions = [
    new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    new Extension(ACME_IDENTIFIER, true, Buffer.concat([OCTET_STRING_OF_32, digest])),
  ];
  const wanted = { subject, issuer: subject, publicKey, signer: privateKey, validity, extensions };
  return { chain: [await sign(wanted, random)], key: privateKey };
}

interface ToBeSigned {
  readonly subject: string;
  readonly issuer: string | Name;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Extension[];
}

async function sign(wanted: ToBeSigned, random: Random): Promise<X509Certificate> {
  const serial = new Uint8Array(SERIAL_BYTES);
  random.fill(serial);
  const signed = await X509CertificateGenerator.create({
    // The library puts a zero octet before a set top bit, so that the number stays positive (RFC 5280 §4.1.2.2).
    serialNumber: Buffer.from(serial).toString('hex'),
    subject: wanted.subject,
    issuer: wanted.issuer,
    notBefore: new Date(wanted.validity.notBeforeMs),
    notAfter: new Date(wanted.validity.notAfterMs),
    publicKey: encodedKey(wanted.publicKey),
    signingKey: wanted.signer.toCryptoKey(SIGNING, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions: [...wanted.extensions],
  });
  return new X509Certificate(Buffer.from(signed.rawData));
}

function newKeyPair(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function encodedKey(publicKey: KeyObject): PublicKey {
  return new PublicKey(publicKey.export({ type: 'spki', format: 'der' }));
}
