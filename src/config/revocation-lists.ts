// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { PemConverter, X509Certificate as EncodedCertificate, X509Crl } from '@peculiar/x509';
import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { words } from './words.ts';

/** As many as there may be CAs, each of which may have issued some over time. */
const LIST_LIMIT = 400;

const BLOCK = /-----BEGIN X509 CRL-----[^-]{1,1048576}-----END X509 CRL-----/g;
/** Of what the largest file can hold: an entry has seven nodes, and at least 25 octets. */
const NODE_LIMIT = 300_000;
const PARSING = { berOptions: { maxNodes: NODE_LIMIT } };
const DELTA = '2.5.29.27';
const DISTRIBUTION_POINT = '2.5.29.28';
/** Signatures that may be relied on; OpenSSL refuses weaker ones too. */
const HASHES: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/** Lists of revoked certificates: for each CA the newest, and when the first of them is past its end. */
export interface RevocationLists {
  readonly pem: string;
  readonly endsAtMs: number;
}

/**
 * Reads certificate revocation lists (RFC 5280 §5), PEM or DER. Each is signed by one of the CAs, which all have one, and
 * is a whole list: OpenSSL would take the first of two lists, an older one as well as a newer, and refuse all clients of a
 * CA without one. One that is past its end is taken, and OpenSSL lets no client of its CA in by it: that is these clients'
 * trouble, and must not become that of all hosts. An error is in `words`.
 */
export async function readRevocationLists(
  bytes: Uint8Array,
  authorities: readonly X509Certificate[],
  nowMs: number,
): Promise<Result<RevocationLists, string>> {
  const lists = decode(bytes);
  if (!lists.ok) return lists;
  const newest = new Map<X509Certificate, X509Crl>();
  for (const list of lists.value) {
    const signers = await signersOf(list, authorities);
    const [first] = signers;
    const wrong = first === undefined ? strangerWords(list) : faultOf(list, first);
    if (wrong !== null) return err(wrong);
    for (const authority of signers) {
      const known = newest.get(authority);
      if (known === undefined || known.thisUpdate < list.thisUpdate) newest.set(authority, list);
    }
  }
  const without = authorities.find((authority) => !newest.has(authority));
  if (without !== undefined)
    return err(
      words(`holds no list of ${nameOf(without)}`, 'each CA of `clientCa` needs one, also where it revoked nothing'),
    );
  const counting = [...new Set(newest.values())];
  const endsAtMs = Math.min(...counting.map((list) => endOf(list)));
  const future = counting.find((list) => list.thisUpdate.getTime() > nowMs);
  if (future !== undefined) return err(`holds a list that begins at ${future.thisUpdate.toISOString()}`);
  return ok({ pem: counting.map((list) => pemOf(list)).join(''), endsAtMs });
}

/** When the first of these lists is past its end; what `readRevocationLists` gave is read. */
export function endOfLists(pem: Uint8Array): number {
  const lists = decode(pem);
  return lists.ok ? Math.min(...lists.value.map((list) => endOf(list))) : 0;
}

/** OpenSSL reads lists under this name and no other. */
function pemOf({ rawData }: X509Crl): string {
  return `${PemConverter.encode(rawData, 'X509 CRL')}\n`;
}

function decode(bytes: Uint8Array): Result<readonly X509Crl[], string> {
  const text = Buffer.from(bytes).toString('latin1');
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length > LIST_LIMIT) return err(`holds ${blocks.length} lists, and at most ${LIST_LIMIT} are read`);
  try {
    if (blocks.length === 0 && bytes[0] === 0x30) return ok([new X509Crl(bytes, PARSING)]);
    if (blocks.length === 0)
      return err(words('holds no revocation list', 'it begins with -----BEGIN X509 CRL-----, or is DER'));
    return ok(blocks.map((block) => new X509Crl(PemConverter.decodeFirst(block), PARSING)));
  } catch {
    return err('holds a revocation list that cannot be read');
  }
}

/** The CA that signed a list, by its key, since two CAs may bear one name; one that was renewed with its key is there twice. */
async function signersOf(list: X509Crl, authorities: readonly X509Certificate[]): Promise<readonly X509Certificate[]> {
  const signers: X509Certificate[] = [];
  for (const authority of authorities) {
    const encoded = new EncodedCertificate(authority.raw);
    if (encoded.subject === list.issuer && (await isSignedBy(list, encoded))) signers.push(authority);
  }
  return signers;
}

async function isSignedBy(list: X509Crl, authority: EncodedCertificate): Promise<boolean> {
  try {
    return await list.verify({ publicKey: authority });
  } catch {
    return false;
  }
}

function faultOf(list: X509Crl, authority: X509Certificate): string | null {
  if (list.nextUpdate === undefined) return `holds a list of ${nameOf(authority)} that does not say when it ends`;
  const partial = list.extensions.some(({ type }) => type === DELTA || type === DISTRIBUTION_POINT);
  if (partial) return words(`holds a list of ${nameOf(authority)} that is only a part`, 'whole lists are read');
  const { name, hash } = list.signatureAlgorithm as {
    readonly name: string;
    readonly hash?: { readonly name: string };
  };
  const isSound = name.startsWith('Ed') || HASHES.has(hash?.name ?? '');
  return isSound ? null : `holds a list of ${nameOf(authority)} whose signature is not over SHA-2`;
}

function strangerWords(list: X509Crl): string {
  const issuer = JSON.stringify(list.issuer);
  return words(`holds a list of ${issuer} that no CA of \`clientCa\` has signed`, 'take it away, or name that CA too');
}

function endOf({ nextUpdate }: X509Crl): number {
  return nextUpdate === undefined ? 0 : nextUpdate.getTime();
}

function nameOf(authority: X509Certificate): string {
  return JSON.stringify((authority.subject ?? '').split('\n').join(','));
}
