/** The wire type of the tag that ends a group. */
export const GROUP_END = 4;
/** Messages and groups in each other; readers stop between 64 and 10,000. */
export const DEPTH_LIMIT = 64;

/**
 * Reads the smallest parts of protocol buffers (Encoding) out of octets, strictly: each number in its shortest form, so
 * that no two readers take it differently. Nothing is allocated; what was read stands in the fields.
 */
export class WireReader {
  bytes: Buffer = NOTHING;
  at = 0;
  /** The last number: its lower and its upper 32 bits, both without sign. */
  low = 0;
  high = 0;

  /** Reads a number of up to 64 bits (varint). False where there is none before `end`, or not in its shortest form. */
  varint(end: number): boolean {
    const { bytes } = this;
    if (this.at >= end) return false;
    const first = bytes[this.at] as number;
    if (first < 0x80) {
      this.at++;
      this.low = first;
      this.high = 0;
      return true;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70 && this.at < end; shift += 7) {
      const octet = bytes[this.at++] as number;
      const bits = octet & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (octet >= 0x80) continue;
      // A last octet of nothing could have been left out; the tenth has room for one bit.
      if (bits === 0 || (shift === 63 && bits > 1)) return false;
      this.low = low >>> 0;
      this.high = high >>> 0;
      return true;
    }
    return false;
  }

  /** Reads a length and gives where what it is of ends; -1 where that is not before `end`. */
  lengthEnd(end: number): number {
    if (!this.varint(end) || this.high !== 0) return -1;
    const last = this.at + this.low;
    return last <= end ? last : -1;
  }

  /** Goes over numbers of one octet each, as far as they go, up to `end`. */
  smallNumbers(end: number): void {
    const { bytes } = this;
    let at = this.at;
    while (at < end && (bytes[at] as number) < 0x80) at++;
    this.at = at;
  }

  /** Goes over so many octets. */
  skip(count: number, end: number): boolean {
    this.at += count;
    return this.at <= end;
  }

  /** Goes over a value of this wire type, in a field of this number. Groups lie in each other up to `depth` deep. */
  skipValue(number: number, wire: number, end: number, depth: number): boolean {
    switch (wire) {
      case 0:
        return this.varint(end);
      case 1:
        return this.skip(8, end);
      case 5:
        return this.skip(4, end);
      case 2: {
        const last = this.lengthEnd(end);
        if (last < 0) return false;
        this.at = last;
        return true;
      }
      case 3:
        return depth > 0 && this.#skipGroup(number, end, depth - 1);
      default:
        return false;
    }
  }

  #skipGroup(group: number, end: number, depth: number): boolean {
    for (;;) {
      if (!this.varint(end) || this.high !== 0) return false;
      const number = this.low >>> 3;
      const wire = this.low & 7;
      if (wire === GROUP_END) return number === group;
      if (number === 0 || !this.skipValue(number, wire, end, depth)) return false;
    }
  }

  /**
   * Goes to the value of the first field of this number in a message that lies between `from` and `end`, or up to the end
   * of its group. False where there is none. The message must have been found sound.
   */
  find(number: number, from: number, end: number): boolean {
    this.at = from;
    while (this.at < end && this.varint(end)) {
      const found = this.low >>> 3;
      const wire = this.low & 7;
      if (found === number) return true;
      if (wire === GROUP_END || !this.skipValue(found, wire, end, DEPTH_LIMIT)) return false;
    }
    return false;
  }

  /** Whether what follows up to `end` is UTF-8 (RFC 3629), and goes over it. */
  text(end: number): boolean {
    const { bytes } = this;
    let at = this.at;
    this.at = end;
    while (at < end && (bytes[at] as number) < 0x80) at++;
    while (at < end) {
      const lead = bytes[at] as number;
      if (lead < 0x80) {
        at++;
        continue;
      }
      const length = sequenceLength(bytes, at, end);
      if (length === 0) return false;
      at += length;
    }
    return true;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** How long the sequence of UTF-8 is that begins here; 0 where none does (RFC 3629 §4). */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  const second = at + 1 < end ? (bytes[at + 1] as number) : 0;
  if (lead < 0xc2 || lead > 0xf4 || !isContinuation(second)) return 0;
  if (lead < 0xe0) return 2;
  if (at + 2 >= end || !isContinuation(bytes[at + 2] as number)) return 0;
  // No overlong form, and no surrogate.
  if (lead < 0xf0) return (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) ? 0 : 3;
  if (at + 3 >= end || !isContinuation(bytes[at + 3] as number)) return 0;
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : 4;
}

function isContinuation(octet: number): boolean {
  return octet >= 0x80 && octet < 0xc0;
}
