/** What is called for each place at which a secret ends: how far the bytes go that were read of it. */
export type SecretFound = (end: number) => void;

/**
 * A secret as it is looked for in what streams by: in one walk over the bytes, in linear time whatever they are (Knuth,
 * Morris and Pratt, SIAM J. Comput. 6:2). Made once, used for many replies.
 */
export class SoughtSecret {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** By how many of its bytes were found: so many of them begin it anew where the next one does not fit. */
  readonly #shorter: Uint16Array;
  readonly #text: string;

  /** Of 1 to 65,535 bytes. */
  constructor(bytes: Uint8Array) {
    if (bytes.length === 0 || bytes.length > 0xffff) throw new RangeError('a secret of no length, or too long');
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#text = Buffer.from(bytes).toString('latin1');
    this.#shorter = new Uint16Array(bytes.length + 1);
    for (let at = 1, known = 0; at < bytes.length; at++) {
      known = this.#behind(known, bytes[at] as number);
      this.#shorter[at + 1] = known;
    }
  }

  /** Whether a text holds it. Each character of the text stands for an octet. */
  isIn(text: string): boolean {
    return text.includes(this.#text);
  }

  /**
   * Tells of each place in these bytes, from `from` on, at which it ends. `begun` of its bytes came before; what comes of
   * it says with how many of its bytes these ones end, and is always less than all of them.
   */
  scan(bytes: Uint8Array, from: number, begun: number, found: SecretFound): number {
    const first = this.#bytes[0] as number;
    const { length } = bytes;
    let known = begun;
    for (let at = from; at < length; at++) {
      if (known === 0) {
        while (at < length && bytes[at] !== first) at++;
        if (at === length) return 0;
      }
      known = this.#behind(known, bytes[at] as number);
      if (known < this.length) continue;
      found(at + 1);
      known = this.#shorter[known] as number;
    }
    return known;
  }

  /** How many of its bytes stand at the end where `known` of them stood before this byte. */
  #behind(known: number, byte: number): number {
    let left = known;
    while (left > 0 && this.#bytes[left] !== byte) left = this.#shorter[left] as number;
    return this.#bytes[left] === byte ? left + 1 : left;
  }
}
