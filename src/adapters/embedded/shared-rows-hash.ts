/**
 * HalfSipHash-2-4 (Aumasson and Bernstein) of a text's UTF-16 code units, two bytes each, low byte first: 32 bits, as a
 * number from 0. Without the key nobody can make texts that collide. It is the smaller sister of the hash in
 * keyed-hash.ts: 32 bits are enough to find a place, and its words are as wide as those this machine reckons with.
 */
export function halfSipHash(text: string, key0: number, key1: number): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const { length } = text;
  // The last word holds what is left over and the length; after it come four rounds of their own.
  const words = (length >> 1) + 1;
  for (let word = 0; word <= words; word++) {
    const at = word * 2;
    let given = 0;
    if (word < words - 1) given = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
    else if (word === words - 1) given = (at < length ? text.charCodeAt(at) : 0) | (length << 25);
    else v2 ^= 0xff;
    v3 ^= given;
    for (let round = word < words ? 2 : 4; round > 0; round--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= given;
  }
  return (v1 ^ v3) >>> 0;
}
