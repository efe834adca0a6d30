import { type AddressBytes, Cidr } from '../base/index.ts';

/**
 * A radix tree of blocks of addresses (RFC 4632 §3.1), one for each family, in one piece of memory that threads share:
 * a head of `HEAD_WORDS` words, the nodes of IPv4, those of IPv6, the blocks of IPv6, and where the tree of IPv4 is large
 * a word for each value of the first `JUMP_BITS` bits, with the node at which they lead on.
 *
 * A node has two words, and its left child is the node behind it. An inner node: the bit to look at, the number of its
 * right child. A leaf of IPv4: `LEAF` and the length of the prefix, the prefix. A leaf of IPv6: `LEAF`, the number of its
 * block. A block of IPv6 has five words: the prefix, and its length. Bits that all blocks below a node share are not
 * looked at on the way, so the leaf is compared whole.
 */
const FORMAT = 0x4c415431;
const HEAD_WORDS = 8;
const WORD = { format: 0, nodes4: 1, nodes6: 2, entries: 3, jumps: 4, blocks6: 5 } as const;
const LEAF = 0x8000_0000;
const BLOCK_WORDS = 5;
const BITS_PLACES = 64;
const JUMP_BITS = 16;
/** Below this many nodes the table would be larger than the tree. */
const JUMPING_NODES = 8_192;

/** Takes blocks in any order, and packs them. Blocks inside others are left out, and so is what stands there twice. */
export class AddressTreeBuilder {
  /** Of IPv4: the prefix as a number, times 64, plus its length, so that what holds others comes first. */
  #keys = new Float64Array(1_024);
  #count4 = 0;
  /** Of IPv6: five words each. */
  readonly #blocks6: number[] = [];

  /** How many were added. */
  get entries(): number {
    return this.#count4 + this.#blocks6.length / BLOCK_WORDS;
  }

  add({ network, prefixBits }: Cidr): void {
    if (network.length === 4) this.addIpv4(wordAt(network, 0), prefixBits);
    else
      this.#blocks6.push(wordAt(network, 0), wordAt(network, 4), wordAt(network, 8), wordAt(network, 12), prefixBits);
  }

  /** A block of IPv4 by the number that its network is; no bit behind the prefix may be set. */
  addIpv4(network: number, prefixBits: number): void {
    if (this.#count4 === this.#keys.length) {
      const grown = new Float64Array(this.#keys.length * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    this.#keys[this.#count4++] = network * BITS_PLACES + prefixBits;
  }

  /** The tree, in memory that can be shared. */
  pack(): Uint8Array {
    const blocks4 = outermost4(this.#keys.subarray(0, this.#count4).sort());
    const blocks6 = outermost6(Uint32Array.from(this.#blocks6));
    const count6 = blocks6.length / BLOCK_WORDS;
    const nodes4 = Math.max(0, blocks4.length * 2 - 1);
    const nodes6 = Math.max(0, count6 * 2 - 1);
    const jumps = nodes4 < JUMPING_NODES ? 0 : 2 ** JUMP_BITS;
    const memory = new SharedArrayBuffer((HEAD_WORDS + (nodes4 + nodes6) * 2 + blocks6.length + jumps) * 4);
    const words = new Uint32Array(memory);
    words[WORD.format] = FORMAT;
    words[WORD.nodes4] = nodes4;
    words[WORD.nodes6] = nodes6;
    words[WORD.entries] = blocks4.length + count6;
    words[WORD.jumps] = jumps;
    words[WORD.blocks6] = blocks6.length;
    const at6 = HEAD_WORDS + nodes4 * 2;
    words.set(blocks6, at6 + nodes6 * 2);
    if (nodes4 > 0) new Nodes(words.subarray(HEAD_WORDS, at6), new Blocks4(blocks4)).build(0, blocks4.length);
    if (nodes6 > 0) new Nodes(words.subarray(at6, at6 + nodes6 * 2), new Blocks6(blocks6)).build(0, count6);
    if (jumps > 0) fillJumps(words.subarray(words.length - jumps), words.subarray(HEAD_WORDS, at6));
    return new Uint8Array(memory);
  }
}

/** A packed tree, to be asked. Asking costs a step for each bit in which blocks differ, and allocates nothing. */
export class AddressTree {
  /** How many blocks it holds, those inside others not counted. */
  readonly entries: number;
  readonly #nodes4: Uint32Array;
  readonly #nodes6: Uint32Array;
  readonly #blocks6: Uint32Array;
  readonly #jumps: Uint32Array;

  /** Opens what `pack` gave; anything else is a bug, and throws. */
  constructor(packed: Uint8Array) {
    const words = new Uint32Array(packed.buffer, packed.byteOffset, packed.byteLength / 4);
    if (words[WORD.format] !== FORMAT) throw new Error('this is no packed list of addresses');
    const at6 = HEAD_WORDS + (words[WORD.nodes4] as number) * 2;
    const blocks = at6 + (words[WORD.nodes6] as number) * 2;
    this.entries = words[WORD.entries] as number;
    this.#nodes4 = words.subarray(HEAD_WORDS, at6);
    this.#nodes6 = words.subarray(at6, blocks);
    const jumps = blocks + (words[WORD.blocks6] as number);
    this.#blocks6 = words.subarray(blocks, jumps);
    this.#jumps = words.subarray(jumps, jumps + (words[WORD.jumps] as number));
  }

  /** Whether the address lies in one of the blocks; an IPv6 block holds no IPv4 address and the other way round. */
  has(address: AddressBytes): boolean {
    return address.length === 4 ? this.#has4(wordAt(address, 0)) : this.#has6(address);
  }

  #has4(address: number): boolean {
    const nodes = this.#nodes4;
    if (nodes.length === 0) return false;
    const from = this.#jumps.length === 0 ? 0 : (this.#jumps[address >>> (32 - JUMP_BITS)] as number);
    for (let at = from; ; ) {
      const word = nodes[at] as number;
      const other = nodes[at + 1] as number;
      if (word >= LEAF) return sharesBits(address ^ other, word - LEAF);
      at = ((address >>> (31 - word)) & 1) === 1 ? other * 2 : at + 2;
    }
  }

  #has6(address: AddressBytes): boolean {
    const nodes = this.#nodes6;
    if (nodes.length === 0) return false;
    for (let at = 0; ; ) {
      const word = nodes[at] as number;
      const other = nodes[at + 1] as number;
      if (word >= LEAF) return this.#isInBlock(address, other * BLOCK_WORDS);
      at = (((address[word >>> 3] as number) >>> (7 - (word & 7))) & 1) === 1 ? other * 2 : at + 2;
    }
  }

  #isInBlock(address: AddressBytes, at: number): boolean {
    const blocks = this.#blocks6;
    const bits = blocks[at + 4] as number;
    for (let word = 0; word * 32 < bits; word++) {
      const differing = wordAt(address, word * 4) ^ (blocks[at + word] as number);
      if (!sharesBits(differing, Math.min(32, bits - word * 32))) return false;
    }
    return true;
  }
}

/** A tree of blocks that are written as `Cidr.parse` reads them; others are a bug, and throw. */
export function addressTreeOf(texts: readonly string[]): AddressTree {
  const builder = new AddressTreeBuilder();
  for (const text of texts) {
    const block = Cidr.parse(text);
    if (!block.ok) throw new Error(`a list of addresses ${block.error}`);
    builder.add(block.value);
  }
  return new AddressTree(builder.pack());
}

/** For each value of the first bits the place of the node behind those that look at them. */
function fillJumps(jumps: Uint32Array, nodes: Uint32Array): void {
  for (let first = 0; first < jumps.length; first++) {
    let at = 0;
    for (let word = nodes[at] as number; word < JUMP_BITS; word = nodes[at] as number)
      at = ((first >>> (JUMP_BITS - 1 - word)) & 1) === 1 ? (nodes[at + 1] as number) * 2 : at + 2;
    jumps[first] = at;
  }
}

/** Whether two words that differ in these bits have the first so many in common. */
function sharesBits(differing: number, bits: number): boolean {
  return bits === 0 || differing >>> (32 - bits) === 0;
}

function wordAt(bytes: AddressBytes, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

function outermost4(keys: Float64Array): Float64Array {
  let kept = 0;
  let end = -1;
  for (const key of keys) {
    const bits = key % BITS_PLACES;
    const network = (key - bits) / BITS_PLACES;
    if (network <= end) continue;
    end = network + 2 ** (32 - bits) - 1;
    keys[kept++] = key;
  }
  return keys.subarray(0, kept);
}

/** Sorted, and without those that lie in another. */
function outermost6(blocks: Uint32Array): Uint32Array {
  const order = Uint32Array.from({ length: blocks.length / BLOCK_WORDS }, (_, index) => index * BLOCK_WORDS);
  order.sort((one, other) => {
    for (let word = 0; word < BLOCK_WORDS; word++) {
      const difference = (blocks[one + word] as number) - (blocks[other + word] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  const kept = new Uint32Array(blocks.length);
  let length = 0;
  for (const at of order) {
    if (length > 0 && holds(kept.subarray(length - BLOCK_WORDS, length), blocks.subarray(at, at + BLOCK_WORDS)))
      continue;
    kept.set(blocks.subarray(at, at + BLOCK_WORDS), length);
    length += BLOCK_WORDS;
  }
  return kept.slice(0, length);
}

function holds(outer: Uint32Array, inner: Uint32Array): boolean {
  const bits = outer[4] as number;
  if (bits > (inner[4] as number)) return false;
  for (let word = 0; word * 32 < bits; word++) {
    const differing = (outer[word] as number) ^ (inner[word] as number);
    if (!sharesBits(differing, Math.min(32, bits - word * 32))) return false;
  }
  return true;
}

/** Blocks that are sorted, of which none holds another, as a tree is built over them. */
interface SortedBlocks {
  /** The first bit in which two of them differ. */
  difference(one: number, other: number): number;
  bit(number: number, at: number): number;
  /** What stands in its leaf. */
  leaf(number: number): readonly [word: number, other: number];
}

class Blocks4 implements SortedBlocks {
  readonly #keys: Float64Array;

  constructor(keys: Float64Array) {
    this.#keys = keys;
  }

  difference(one: number, other: number): number {
    return Math.clz32(this.#network(one) ^ this.#network(other));
  }

  bit(number: number, at: number): number {
    return (this.#network(number) >>> (31 - at)) & 1;
  }

  leaf(number: number): readonly [number, number] {
    return [LEAF + ((this.#keys[number] as number) % BITS_PLACES), this.#network(number)];
  }

  #network(number: number): number {
    return Math.floor((this.#keys[number] as number) / BITS_PLACES);
  }
}

class Blocks6 implements SortedBlocks {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  difference(one: number, other: number): number {
    const words = this.#words;
    for (let word = 0; word < 4; word++) {
      const differing = (words[one * BLOCK_WORDS + word] as number) ^ (words[other * BLOCK_WORDS + word] as number);
      if (differing !== 0) return word * 32 + Math.clz32(differing);
    }
    throw new Error('a block stands twice in a sorted list');
  }

  bit(number: number, at: number): number {
    return ((this.#words[number * BLOCK_WORDS + (at >>> 5)] as number) >>> (31 - (at & 31))) & 1;
  }

  leaf(number: number): readonly [number, number] {
    return [LEAF, number];
  }
}

/** The nodes of one family while they are written. */
class Nodes {
  readonly #words: Uint32Array;
  readonly #blocks: SortedBlocks;
  #next = 0;

  constructor(words: Uint32Array, blocks: SortedBlocks) {
    this.#words = words;
    this.#blocks = blocks;
  }

  /** Writes the tree over the blocks from `from` up to `to`; no deeper than an address has bits. */
  build(from: number, to: number): void {
    const at = this.#next++ * 2;
    if (to - from === 1) {
      const [word, other] = this.#blocks.leaf(from);
      this.#words[at] = word;
      this.#words[at + 1] = other;
      return;
    }
    const bit = this.#blocks.difference(from, to - 1);
    const middle = this.#firstWith(bit, from, to);
    this.#words[at] = bit;
    this.build(from, middle);
    this.#words[at + 1] = this.#next;
    this.build(middle, to);
  }

  /** The first of them in which a bit is set; before it stand those in which it is not. */
  #firstWith(bit: number, from: number, to: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks.bit(middle, bit) === 1) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
