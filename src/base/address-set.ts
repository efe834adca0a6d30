import { type AddressBytes, Cidr } from './cidr.ts';
import { ok, type Result } from './result.ts';

/** The blocks of one prefix length, each by the bytes of its network. */
interface Blocks {
  readonly addressBytes: number;
  readonly prefixBits: number;
  readonly networks: Set<string>;
}

/**
 * Addresses that lie in any of many blocks. A question costs one look for each prefix length that is there, however
 * many blocks have it.
 */
export class AddressSet {
  readonly #blocks: readonly Blocks[];

  private constructor(blocks: readonly Blocks[]) {
    this.#blocks = blocks;
  }

  /** Reads blocks as `Cidr.parse` does; the error is that of the first that is none. */
  static parse(texts: readonly string[]): Result<AddressSet, string> {
    const byLength = new Map<string, Blocks>();
    for (const text of texts) {
      const block = Cidr.parse(text);
      if (!block.ok) return block;
      const { network, prefixBits } = block.value;
      const key = `${network.length}/${prefixBits}`;
      const found = byLength.get(key) ?? { addressBytes: network.length, prefixBits, networks: new Set() };
      found.networks.add(networkKey(network, prefixBits));
      byLength.set(key, found);
    }
    return ok(new AddressSet([...byLength.values()]));
  }

  /** The same of texts that have been read before; others are a bug, and throw. */
  static of(texts: readonly string[]): AddressSet {
    const set = AddressSet.parse(texts);
    if (!set.ok) throw new Error(`a list of addresses ${set.error}`);
    return set.value;
  }

  /** Whether the address lies in one of the blocks; an IPv6 block holds no IPv4 address and the other way round. */
  has(address: AddressBytes): boolean {
    for (const { addressBytes, prefixBits, networks } of this.#blocks)
      if (address.length === addressBytes && networks.has(networkKey(address, prefixBits))) return true;
    return false;
  }
}

/** Whether a block holds all addresses there are of its family. Text that is no block does not. */
export function isEverything(text: string): boolean {
  const block = Cidr.parse(text);
  return block.ok && block.value.prefixBits === 0;
}

/** The first bits of an address, as a text with a character for each byte that they touch. */
function networkKey(address: AddressBytes, prefixBits: number): string {
  let key = '';
  for (let at = 0; at * 8 < prefixBits; at++) {
    const bits = Math.min(8, prefixBits - at * 8);
    key += String.fromCharCode((address[at] as number) & (0xff << (8 - bits)));
  }
  return key;
}
