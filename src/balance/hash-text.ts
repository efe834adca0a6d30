/** The 32 bits next in the row: every bit of what goes in reaches every bit of what comes out (MurmurHash3's last step). */
export function mixBits(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * The 32 bits that a text hashes to (FNV-1a over its UTF-16 units, mixed). The same on every thread and node, and no secret:
 * whoever chooses the text can choose the hash.
 */
export function hashText(text: string, seed = 0): number {
  let bits = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return mixBits(bits);
}
