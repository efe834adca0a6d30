/** A hash of texts that nobody can foresee without its key: 64 bits, as two 32-bit numbers. */
export interface KeyedHash {
  /** Hashes the text's UTF-16 code units, two bytes each, low byte first; leaves the halves in `high` and `low`. */
  update(text: string): void;
  readonly high: number;
  readonly low: number;
}

const KEY_BYTES = 16;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) in halves of 32 bits, since 64-bit integers are slow here. A key of other
 * than 16 bytes is a bug and throws a RangeError.
 */
export function createKeyedHash(key: Uint8Array): KeyedHash {
  if (key.byteLength !== KEY_BYTES) throw new RangeError(`a hash key of ${key.byteLength} bytes`);
  return new SipHash(key);
}

class SipHash implements KeyedHash {
  high = 0;
  low = 0;
  // Four words of 64 bits, the low half first.
  readonly #state = new Int32Array(8);
  readonly #start: Int32Array;

  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const [k0, k1, k2, k3] = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number, number];
    this.#start = Int32Array.of(
      ...[k0 ^ 0x70736575, k1 ^ 0x736f6d65, k2 ^ 0x6e646f6d, k3 ^ 0x646f7261],
      ...[k0 ^ 0x6e657261, k1 ^ 0x6c796765, k2 ^ 0x79746573, k3 ^ 0x74656462],
    );
  }

  update(text: string): void {
    const state = this.#state;
    state.set(this.#start);
    const whole = text.length - (text.length % 4);
    for (let at = 0; at < whole; at += 4) absorb(state, pair(text, at), pair(text, at + 2));
    // What is left over, and the length in bytes in the last one.
    absorb(state, pair(text, whole), (pair(text, whole + 2) & 0xffff) | (((text.length * 2) & 0xff) << 24));
    state[4] = (state[4] as number) ^ 0xff;
    for (let round = 0; round < 4; round++) mix(state);
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    this.low = a ^ c ^ e ^ g;
    this.high = b ^ d ^ f ^ h;
  }
}

/** Two code units, zero behind the end. */
function pair(text: string, at: number): number {
  const first = at < text.length ? text.charCodeAt(at) : 0;
  const second = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
  return first | (second << 16);
}

function absorb(state: Int32Array, low: number, high: number): void {
  state[6] = (state[6] as number) ^ low;
  state[7] = (state[7] as number) ^ high;
  mix(state);
  mix(state);
  state[0] = (state[0] as number) ^ low;
  state[1] = (state[1] as number) ^ high;
}

/** One SipRound. */
function mix(state: Int32Array): void {
  add(state, 0, 2);
  turn(state, 2, 13);
  xor(state, 2, 0);
  swap(state, 0);
  add(state, 4, 6);
  turn(state, 6, 16);
  xor(state, 6, 4);
  add(state, 0, 6);
  turn(state, 6, 21);
  xor(state, 6, 0);
  add(state, 4, 2);
  turn(state, 2, 17);
  xor(state, 2, 4);
  swap(state, 4);
}

function add(state: Int32Array, to: number, from: number): void {
  const low = ((state[to] as number) >>> 0) + ((state[from] as number) >>> 0);
  state[to] = low | 0;
  state[to + 1] = ((state[to + 1] as number) + (state[from + 1] as number) + (low > 0xffffffff ? 1 : 0)) | 0;
}

function xor(state: Int32Array, to: number, from: number): void {
  state[to] = (state[to] as number) ^ (state[from] as number);
  state[to + 1] = (state[to + 1] as number) ^ (state[from + 1] as number);
}

/** Turns a word left by less than 32 bits. */
function turn(state: Int32Array, at: number, bits: number): void {
  const low = state[at] as number;
  const high = state[at + 1] as number;
  state[at] = (low << bits) | (high >>> (32 - bits));
  state[at + 1] = (high << bits) | (low >>> (32 - bits));
}

/** Turns a word by 32 bits. */
function swap(state: Int32Array, at: number): void {
  const low = state[at] as number;
  state[at] = state[at + 1] as number;
  state[at + 1] = low;
}
