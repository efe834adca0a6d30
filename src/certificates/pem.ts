import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';

// No public chain has more than four; a bundle of a system's CAs given by mistake has 140.
const CHAIN_LIMIT = 10;
/** A block ends at the next five dashes, whatever they begin: looking on from each BEGIN would take the square of the text. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----(?:[^-]|-(?!----)){0,65536}-----END \1-----/g;

/** A certificate chain, leaf first, with the key of the leaf. */
export interface ChainAndKey {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly key: KeyObject;
}

/** Reads all certificates of a PEM text (RFC 7468 §5), in their order; text around them is left out. */
export function parseChain(text: string): Result<readonly [X509Certificate, ...X509Certificate[]], string> {
  const blocks = blocksOf(text, (label) => label === 'CERTIFICATE');
  if (blocks.length > CHAIN_LIMIT)
    return err(`holds ${blocks.length} certificates, at most ${CHAIN_LIMIT} make a chain`);
  try {
    const [leaf, ...others] = blocks.map((block) => new X509Certificate(block));
    return leaf === undefined
      ? err('holds no certificate in PEM (-----BEGIN CERTIFICATE-----)')
      : ok([leaf, ...others]);
  } catch {
    return err('holds a damaged certificate');
  }
}

/** Reads the private key of a PEM text: PKCS#8, SEC1 or PKCS#1. The error never quotes the text. */
export function parseKey(text: string): Result<KeyObject, string> {
  const [block, second] = blocksOf(text, (label) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) return err('holds no private key in PEM (-----BEGIN PRIVATE KEY-----)');
  if (second !== undefined) return err('holds more than one private key');
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(block)) {
    return err('is protected by a passphrase: decrypt it (openssl pkey), or give the key as a secret');
  }
  try {
    return ok(createPrivateKey(block));
  } catch {
    return err('holds a damaged private key, or one of a kind that is not supported');
  }
}

/** The chain as PEM, nothing else around it, ending in a line break. */
export function chainPem(chain: readonly X509Certificate[]): string {
  return chain.map((certificate) => certificate.toString().trimEnd() + '\n').join('');
}

/** The key as PKCS#8 PEM (RFC 7468 §10), whatever it was read from. */
export function keyPem(key: KeyObject): Uint8Array {
  return new TextEncoder().encode(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** A chain and its key as one text, so that both are written and read in one step; `parseBundle` reads it. */
export function bundle(chain: readonly X509Certificate[], key: KeyObject): Uint8Array {
  return new TextEncoder().encode(chainPem(chain) + key.export({ type: 'pkcs8', format: 'pem' }));
}

/** Reads what `bundle` wrote and makes sure that the key is the leaf's. */
export function parseBundle(bytes: Uint8Array): Result<ChainAndKey, string> {
  const text = new TextDecoder().decode(bytes);
  const chain = parseChain(text);
  if (!chain.ok) return chain;
  const key = parseKey(text);
  if (!key.ok) return key;
  if (!chain.value[0].checkPrivateKey(key.value)) return err('holds a key that is not the certificate’s');
  return ok({ chain: chain.value, key: key.value });
}

function blocksOf(text: string, wanted: (label: string) => boolean): string[] {
  return [...text.matchAll(BLOCK)].flatMap((found) => (wanted(found[1] ?? '') ? [found[0]] : []));
}
