import { canonicalAddress, parseAddress } from '../base/index.ts';
import { crc32c } from './crc32c.ts';

/** Where a connection came from before a proxy passed it on. `address` is canonical text. */
export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

/**
 * What begins a connection that a proxy passed on. `more`: the header is not whole yet. `header`: its length, and the
 * source it names; null where it speaks for the proxy itself.
 */
export type ProxyHeaderReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'header'; readonly bytes: number; readonly source: ProxySource | null };

const MORE: ProxyHeaderReading = { kind: 'more' };
const BROKEN: ProxyHeaderReading = { kind: 'broken' };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Signature, version and command, family, and the length of what follows. */
const HEAD_BYTES = 16;
/** Of what follows the head: addresses take 36 bytes at most, and the rest is told by proxies of their own doing. */
const LENGTH_LIMIT_BYTES = 2_048;
/** The longest line that the specification knows, CRLF included. */
const LINE_LIMIT_BYTES = 107;
const LINE_OPENING = Buffer.from('PROXY ', 'latin1');

/** No header is longer; a reading never asks for more beyond this. */
export const PROXY_HEADER_LIMIT_BYTES = HEAD_BYTES + LENGTH_LIMIT_BYTES;

/**
 * Reads a header of the PROXY protocol, version 1 or 2 (haproxy.org, proxy-protocol.txt §2), at the beginning of what a
 * connection brought. Strict: TCP over IPv4 or IPv6 only, addresses and ports in their plain forms, and nothing left
 * over; a checksum is checked where there is one.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeaderReading {
  if (beginsLike(bytes, SIGNATURE)) return bytes.length < HEAD_BYTES ? MORE : readBinary(bytes);
  return beginsLike(bytes, LINE_OPENING) ? readLine(bytes) : BROKEN;
}

function beginsLike(bytes: Buffer, opening: Buffer): boolean {
  const length = Math.min(bytes.length, opening.length);
  return opening.compare(bytes, 0, length, 0, length) === 0;
}

function readLine(bytes: Buffer): ProxyHeaderReading {
  const text = bytes.toString('latin1', 0, LINE_LIMIT_BYTES);
  const end = text.indexOf('\r\n');
  if (end < 0) return bytes.length < LINE_LIMIT_BYTES ? MORE : BROKEN;
  const line = text.slice(LINE_OPENING.length, end);
  const length = end + 2;
  // What follows UNKNOWN must be skipped, whatever it is.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { kind: 'header', bytes: length, source: null };
  const [family, from = '', to = '', fromPort = '', toPort = '', ...more] = line.split(' ');
  if ((family !== 'TCP4' && family !== 'TCP6') || more.length > 0) return BROKEN;
  const isOfFamily = (address: string): boolean =>
    address.includes(':') === (family === 'TCP6') && parseAddress(address).ok;
  const address = isOfFamily(from) && isOfFamily(to) ? canonicalAddress(from) : null;
  const port = readPort(fromPort);
  if (address === null || port === null || readPort(toPort) === null) return BROKEN;
  return { kind: 'header', bytes: length, source: { address, port } };
}

function readPort(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}

const VERSION_2 = 0x20;
const LOCAL = 0;
const PROXY = 1;
/** The bytes of an address by family and transport: TCP over IPv4 and over IPv6. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

function readBinary(bytes: Buffer): ProxyHeaderReading {
  const command = (bytes[12] as number) - VERSION_2;
  const length = HEAD_BYTES + bytes.readUInt16BE(14);
  if ((command !== LOCAL && command !== PROXY) || length > PROXY_HEADER_LIMIT_BYTES) return BROKEN;
  const addressBytes = ADDRESS_BYTES.get(bytes[13] as number) ?? null;
  // Nothing of what the proxy says of its own connection is used, so all of it is skipped.
  if (command === LOCAL) return bytes.length < length ? MORE : { kind: 'header', bytes: length, source: null };
  if (addressBytes === null) return BROKEN;
  const portsAt = HEAD_BYTES + 2 * addressBytes;
  const settingsAt = portsAt + 4;
  if (length < settingsAt) return BROKEN;
  if (bytes.length < length) return MORE;
  if (!areSound(bytes.subarray(0, length), settingsAt)) return BROKEN;
  const address = addressText(bytes.subarray(HEAD_BYTES, HEAD_BYTES + addressBytes));
  return { kind: 'header', bytes: length, source: { address, port: bytes.readUInt16BE(portsAt) } };
}

function addressText(bytes: Buffer): string {
  const text =
    bytes.length === 4
      ? bytes.join('.')
      : Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16)).join(':');
  return canonicalAddress(text) as string;
}

const CHECKSUM = 0x03;
const CHECKSUM_BYTES = 4;
const SETTING_HEAD_BYTES = 3;

/** Whether type-length-values fill the header to its end, and the checksum among them, if there is one, holds. */
function areSound(header: Buffer, from: number): boolean {
  let checksumAt: number | null = null;
  let at = from;
  while (at + SETTING_HEAD_BYTES <= header.length) {
    const valueAt = at + SETTING_HEAD_BYTES;
    const length = header.readUInt16BE(at + 1);
    if (header[at] === CHECKSUM) {
      if (checksumAt !== null || length !== CHECKSUM_BYTES) return false;
      checksumAt = valueAt;
    }
    at = valueAt + length;
  }
  return at === header.length && (checksumAt === null || isChecked(header, checksumAt));
}

/** The checksum is that of the header with four zeros in its place. */
function isChecked(header: Buffer, at: number): boolean {
  const blanked = Buffer.from(header);
  blanked.fill(0, at, at + CHECKSUM_BYTES);
  return crc32c(blanked) === header.readUInt32BE(at);
}
