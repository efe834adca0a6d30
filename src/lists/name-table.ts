import { canonicalName } from './domain-name.ts';

/**
 * Domain names in one piece of memory that threads share: a head, slots, and the texts. There are twice as many slots as
 * names, a power of two; each says where its text begins, counted from 1, and 0 is empty. A text is a byte of its length
 * and its bytes.
 */
const FORMAT = 0x4c4e5431;
const HEAD_WORDS = 4;
const WORD = { format: 0, entries: 1, slots: 2 } as const;

/** Packs entries as `readNameEntry` gives them; what stands there twice is kept once. */
export function packNames(entries: Iterable<string>): Uint8Array {
  const names = [...new Set(entries)];
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, names.length * 2)));
  const textBytes = names.reduce((sum, name) => sum + 1 + name.length, 0);
  const textsAt = (HEAD_WORDS + slots) * 4;
  const memory = new SharedArrayBuffer(textsAt + Math.ceil(textBytes / 4) * 4);
  const words = new Uint32Array(memory, 0, HEAD_WORDS + slots);
  const texts = new Uint8Array(memory, textsAt);
  words[WORD.format] = FORMAT;
  words[WORD.entries] = names.length;
  words[WORD.slots] = slots;
  let end = 0;
  for (const name of names) {
    let slot = hashOf(name) & (slots - 1);
    while (words[HEAD_WORDS + slot] !== 0) slot = (slot + 1) & (slots - 1);
    words[HEAD_WORDS + slot] = end + 1;
    texts[end++] = name.length;
    for (let at = 0; at < name.length; at++) texts[end++] = name.charCodeAt(at);
  }
  return new Uint8Array(memory);
}

/** Packed names, to be asked. */
export class NameTable {
  readonly entries: number;
  readonly #slots: Uint32Array;
  readonly #texts: Uint8Array;

  /** Opens what `packNames` gave; anything else is a bug, and throws. */
  constructor(packed: Uint8Array) {
    const head = new Uint32Array(packed.buffer, packed.byteOffset, HEAD_WORDS);
    if (head[WORD.format] !== FORMAT) throw new Error('this is no packed list of names');
    const slots = head[WORD.slots] as number;
    this.entries = head[WORD.entries] as number;
    this.#slots = new Uint32Array(packed.buffer, packed.byteOffset + HEAD_WORDS * 4, slots);
    this.#texts = packed.subarray((HEAD_WORDS + slots) * 4);
  }

  /** Whether a name is one of them, or lies below one that begins with `*.`. Any spelling is taken; what is no name is none of them. */
  has(text: string): boolean {
    const name = canonicalName(text);
    if (name === null) return false;
    if (this.#holds(name)) return true;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
      if (this.#holds(`*${name.slice(dot)}`)) return true;
    return false;
  }

  #holds(name: string): boolean {
    const last = this.#slots.length - 1;
    for (let slot = hashOf(name) & last; ; slot = (slot + 1) & last) {
      const start = this.#slots[slot] as number;
      if (start === 0) return false;
      if (this.#isAt(start - 1, name)) return true;
    }
  }

  #isAt(start: number, name: string): boolean {
    const texts = this.#texts;
    if (texts[start] !== name.length) return false;
    for (let at = 0; at < name.length; at++) if (texts[start + 1 + at] !== name.charCodeAt(at)) return false;
    return true;
  }
}

/** Spreads names evenly (FNV-1a and a last mix); names come from the operator's lists, not from clients. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
