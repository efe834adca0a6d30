import { err, ok, type Result } from './result.ts';

/** An address in network byte order: 4 or 16 bytes. An IPv4-mapped IPv6 address is read as the IPv4 address it means. */
export type AddressBytes = Uint8Array;

const DECIMAL_OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const LONGEST_ADDRESS = 45;
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * Reads an IP address in its one plain spelling: dotted decimal without leading zeros (RFC 6943 §3.1.1), or the text
 * forms of RFC 4291 §2.2. Zone ids, brackets, octal, hexadecimal and shortened IPv4 are errors, since programs read
 * them in different ways.
 */
export function parseAddress(text: string): Result<AddressBytes, string> {
  const bytes = text.length > LONGEST_ADDRESS ? null : text.includes(':') ? ipv6(text) : ipv4(text);
  return bytes === null ? err('expected an IP address such as 192.0.2.7 or 2001:db8::7') : ok(unmapped(bytes));
}

/** A block of addresses. */
export class Cidr {
  /** Its first address. */
  readonly network: AddressBytes;
  /** How many bits all of its addresses begin with. */
  readonly prefixBits: number;

  private constructor(network: AddressBytes, prefixBits: number) {
    this.network = network;
    this.prefixBits = prefixBits;
  }

  /**
   * Reads `10.0.0.0/8`, `2001:db8::/32`, or one address alone. Bits behind the prefix are an error: who writes
   * 10.1.0.0/8 means something else than what it says. A block of IPv4-mapped addresses is the IPv4 block.
   */
  static parse(text: string): Result<Cidr, string> {
    const [address = '', prefix, ...more] = text.split('/');
    const parsed = parseAddress(address);
    if (!parsed.ok || more.length > 0) return err('expected a block such as 10.0.0.0/8 or 2001:db8::/32');
    const network = parsed.value;
    const widthBits = network.length * 8;
    const writtenBits = address.includes(':') ? 128 : 32;
    if (prefix === undefined) return ok(new Cidr(network, widthBits));
    const prefixBits = DECIMAL_OCTET.test(prefix) ? Number(prefix) - (writtenBits - widthBits) : -1;
    if (prefixBits < 0 || prefixBits > widthBits) return err(`expected a prefix length of at most ${writtenBits}`);
    const block = new Cidr(network, prefixBits);
    return block.#isExact() ? ok(block) : err(`has bits set behind the first ${prefix}`);
  }

  /** Whether the address lies in the block; an IPv6 block holds no IPv4 address and the other way round. */
  contains(address: AddressBytes): boolean {
    if (address.length !== this.network.length) return false;
    return this.network.every((byte, at) => byte === ((address[at] as number) & this.#maskAt(at)));
  }

  #isExact(): boolean {
    return this.network.every((byte, at) => byte === (byte & this.#maskAt(at)));
  }

  #maskAt(at: number): number {
    const bits = Math.min(8, Math.max(0, this.prefixBits - at * 8));
    return (0xff << (8 - bits)) & 0xff;
  }
}

function ipv4(text: string): AddressBytes | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL_OCTET.test(part) && Number(part) <= 255)) return null;
  return Uint8Array.from(parts, Number);
}

function ipv6(text: string): AddressBytes | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  // `::` stands for at least one group of zeros (RFC 5952 §4.2.2 asks writers for two; readers take one).
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of colon-separated groups; only the very last group of an address may be dotted decimal. */
function groups(text: string, atEnd: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    const dotted = atEnd && at === parts.length - 1 && part.includes('.') ? ipv4(part) : null;
    if (dotted !== null) bytes.push(...dotted);
    else if (HEX_GROUP.test(part)) bytes.push(Number.parseInt(part, 16) >>> 8, Number.parseInt(part, 16) & 0xff);
    else return null;
  }
  return bytes;
}

function unmapped(bytes: AddressBytes): AddressBytes {
  const mapped = bytes.length === 16 && MAPPED_PREFIX.every((byte, at) => byte === bytes[at]);
  return mapped ? bytes.subarray(12) : bytes;
}
