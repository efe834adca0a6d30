/** Bytes that begin no anchor at any place have class 0; the others have 1 and up. */
const CLASSES = 64;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const TO_LOWER = 0x20;
/** States are numbers of 16 bits, in a table of 64 columns. */
const STATE_LIMIT = 16_384;

/** What is called for each anchor that stands in the bytes: its number, and where it begins. */
export type AnchorFound = (anchor: number, from: number) => void;

/**
 * Finds many short texts in bytes at once, in one walk whose time depends on the length of the bytes alone (Aho and
 * Corasick, CACM 18:6). Letters of ASCII are taken in either case: whoever asks looks closer at what was found.
 */
export class AnchorTable {
  readonly #classes = new Uint8Array(256);
  readonly #next: Uint16Array;
  /** States from this number on end an anchor. */
  readonly #firstEnd: number;
  /** By state less `#firstEnd`: the anchors that end there. */
  readonly #ends: readonly (readonly number[])[];
  readonly #lengths: readonly number[];

  /** Throws where the anchors are too many for the table, or one is empty or beyond ASCII. */
  constructor(anchors: readonly string[]) {
    this.#lengths = anchors.map(({ length }) => length);
    const words = anchors.map((anchor) => Buffer.from(anchor.toLowerCase(), 'latin1'));
    let classes = 1;
    for (const byte of new Set(words.flatMap((word) => [...word]))) {
      if (byte === 0 || byte >= 0x80 || classes >= CLASSES) throw new RangeError('anchors of too many characters');
      this.#classes[byte] = classes++;
    }
    for (let upper = UPPER_A; upper <= UPPER_Z; upper++)
      this.#classes[upper] = this.#classes[upper + TO_LOWER] as number;
    const built = link(words.map((word) => [...word].map((byte) => this.#classes[byte] as number)));
    const order = [...built.keys()].toSorted((one, other) => rank(built[one]) - rank(built[other]));
    const numbers = new Map(order.map((old, now) => [old, now]));
    this.#next = new Uint16Array(order.length * CLASSES);
    for (const [now, old] of order.entries()) {
      const { next } = built[old] as Node;
      for (let at = 0; at < CLASSES; at++) this.#next[now * CLASSES + at] = numbers.get(next[at] ?? 0) as number;
    }
    this.#firstEnd = order.findIndex((old) => (built[old] as Node).ends.length > 0);
    this.#ends = order.slice(this.#firstEnd).map((old) => (built[old] as Node).ends);
  }

  /** Tells of all anchors in the order in which they end. */
  scan(bytes: Uint8Array, found: AnchorFound): void {
    const next = this.#next;
    const classes = this.#classes;
    const firstEnd = this.#firstEnd;
    let state = 0;
    for (let at = 0; at < bytes.length; at++) {
      state = next[(state << 6) | (classes[bytes[at] as number] as number)] as number;
      if (state >= firstEnd) this.#tell(state, at, found);
    }
  }

  #tell(state: number, at: number, found: AnchorFound): void {
    for (const anchor of this.#ends[state - this.#firstEnd] as readonly number[]) {
      found(anchor, at + 1 - (this.#lengths[anchor] as number));
    }
  }
}

interface Node {
  readonly next: (number | undefined)[];
  readonly ends: number[];
}

/** The root stays first, and states that end an anchor come last. */
function rank(node: Node | undefined): number {
  return node !== undefined && node.ends.length > 0 ? 1 : 0;
}

/** The trie of the words, in which each state then knows where every class leads. */
function link(words: readonly (readonly number[])[]): readonly Node[] {
  const nodes: Node[] = [{ next: [], ends: [] }];
  for (const [number, word] of words.entries()) {
    if (word.length === 0) throw new RangeError('an empty anchor');
    let state = 0;
    for (const each of word) {
      const { next } = nodes[state] as Node;
      next[each] ??= nodes.push({ next: [], ends: [] }) - 1;
      state = next[each];
    }
    (nodes[state] as Node).ends.push(number);
  }
  if (nodes.length > STATE_LIMIT) throw new RangeError('too many anchors');
  // By depth, so that the longest other beginning of a state is whole before the state is.
  const queue: { readonly state: number; readonly back: number }[] = [{ state: 0, back: 0 }];
  for (const { state, back } of queue) {
    const node = nodes[state] as Node;
    const behind = nodes[back] as Node;
    if (state !== 0) node.ends.push(...behind.ends);
    for (let at = 0; at < CLASSES; at++) {
      const own = node.next[at];
      const other = state === 0 ? 0 : (behind.next[at] ?? 0);
      if (own === undefined) node.next[at] = other;
      else queue.push({ state: own, back: other });
    }
  }
  return nodes;
}
