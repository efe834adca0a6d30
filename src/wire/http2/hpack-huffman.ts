/**
 * How long the code of each octet is, and behind all of them that of EOS (RFC 7541 appendix B). The code is canonical:
 * shorter codes come first, and those of one length in the order of their octets, so lengths say all.
 */
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

const EOS = 256;

/** The shortest code has five bits. */
const GROWTH = 8 / 5;

/**
 * Where strings are decoded to, one at a time; taken out of it before the next one begins. It has room for the longest name
 * of a table and the longest string of a header block, of which eight octets grow to thirteen at most.
 */
export const DECODED = Buffer.alloc(73_728);

// The automaton reads four bits a step. No code is shorter than five, so a step yields one octet at most. A word for each
// state and nibble: the octet, the next state above it, and these two marks.
const YIELDS = 1 << 16;
const FAILS = 1 << 17;
const steps = new Uint32Array(256 * 16);

/** Ends are sound in the states below this: nothing is open, or up to seven bits of EOS, which are padding (§5.2). */
const SOUND_ENDS = 8;

/**
 * Decodes the octets `from`..`to` into `DECODED` from `at` on, and gives the end there. -1 where they hold EOS, or end
 * with padding of more than seven bits or other than ones (RFC 7541 §5.2), or where there is no room for them.
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number, at: number): number {
  if (DECODED.length - at < (to - from) * GROWTH) return -1;
  let end = at;
  let state = 0;
  for (let next = from; next < to; next++) {
    const octet = bytes[next] as number;
    let step = steps[(state << 4) | (octet >>> 4)] as number;
    if (step >= YIELDS) {
      if (step >= FAILS) return -1;
      DECODED[end++] = step;
    }
    step = steps[((step >>> 4) & 0xff0) | (octet & 15)] as number;
    if (step >= YIELDS) {
      if (step >= FAILS) return -1;
      DECODED[end++] = step;
    }
    state = (step >>> 8) & 0xff;
  }
  return state < SOUND_ENDS ? end : -1;
}

/** A node of the code's tree: what follows a 0 and a 1, as the number of a node, or less than zero for an octet. */
type Node = [zero: number, one: number];

/** The nodes; the first eight are those that ones alone lead to, of which EOS begins with thirty. */
function buildTree(): readonly Node[] {
  const nodes: Node[] = [[0, 0]];
  const order = Array.from(CODE_BITS.keys()).toSorted((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  for (let depth = 1; depth < SOUND_ENDS; depth++) {
    nodes.push([0, 0]);
    (nodes[depth - 1] as Node)[1] = depth;
  }
  let code = 0;
  let bits = 0;
  for (const octet of order) {
    code *= 2 ** (bitsOf(octet) - bits);
    bits = bitsOf(octet);
    plant(nodes, code++, octet);
  }
  return nodes;
}

function bitsOf(octet: number): number {
  return CODE_BITS[octet] as number;
}

function plant(nodes: Node[], code: number, octet: number): void {
  let node = 0;
  for (let bit = bitsOf(octet) - 1; bit > 0; bit--) {
    const branch = (code >>> bit) & 1;
    const branches = nodes[node] as Node;
    if (branches[branch] === 0) branches[branch] = nodes.push([0, 0]) - 1;
    node = branches[branch] as number;
  }
  (nodes[node] as Node)[code & 1] = -1 - octet;
}

function fillSteps(nodes: readonly Node[]): void {
  for (let state = 0; state < nodes.length; state++)
    for (let nibble = 0; nibble < 16; nibble++) steps[(state << 4) | nibble] = stepOf(nodes, state, nibble);
}

function stepOf(nodes: readonly Node[], state: number, nibble: number): number {
  let node = state;
  let yielded = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = (nodes[node] as Node)[((nibble >>> bit) & 1) as 0 | 1];
    if (node === -1 - EOS) return FAILS;
    if (node >= 0) continue;
    yielded = YIELDS | (-1 - node);
    node = 0;
  }
  return yielded | (node << 8);
}

fillSteps(buildTree());
