/** Longer names are rare, and met again less often. */
export const NAME_LIMIT_BYTES = 31;

/** As many as the descriptions of many APIs have; a power of two. What lies here is at most some 100 KB a thread. */
const PLACES = 1024;
/** The length of a name, and its bytes. */
const PLACE_BYTES = NAME_LIMIT_BYTES + 1;

const names: string[] = Array.from({ length: PLACES }, () => '');
const written = new Uint8Array(PLACES * PLACE_BYTES);

/**
 * The name that some ASCII bytes spell, at most `NAME_LIMIT_BYTES` of them. Names of members come again and again: one
 * that is found here is no new string, and V8 has looked it up among its own names before, which is half of what reading a
 * member takes. A place holds the last name that fell to it and is compared byte by byte, so whoever sends names that fall
 * to one place only loses the gain.
 */
export function nameOf(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  const place = placeOf(bytes, start, length);
  const at = place * PLACE_BYTES;
  let differs = written[at] !== length;
  for (let index = 0; index < length && !differs; index++) differs = written[at + 1 + index] !== bytes[start + index];
  if (differs) {
    written[at] = length;
    for (let index = 0; index < length; index++) written[at + 1 + index] = bytes[start + index]!;
    // As a key it becomes the one string that V8 has for this name.
    names[place] = Object.keys({ [bytes.toString('latin1', start, end)]: null })[0]!;
  }
  return names[place]!;
}

function placeOf(bytes: Buffer, start: number, length: number): number {
  if (length === 0) return 0;
  const middle = bytes[start + (length >> 1)]!;
  return (bytes[start]! * 7 + middle * 131 + bytes[start + length - 1]! * 31 + length * 61) & (PLACES - 1);
}
