/** Fills a buffer with random bytes; the Random port gives one. */
export type FillRandom = (bytes: Uint8Array) => void;

const RANDOM_BYTES = 10;
/** Ids whose random parts are written out together. */
const POOL_IDS = 200;
/** So many of these are drawn together: a draw costs some microseconds whatever its size, and more where its code is cold. */
const DRAWN_POOLS = 8;
/** What follows the time: `xxx-Nxxx-xxxxxxxxxxxx`, where N holds the variant. */
const TAIL_CHARACTERS = 21;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HYPHEN = 0x2d;

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): 48 bits of time, then 74 random bits. The time is that of `nowMs`, or the one
 * that is given, which spares the clock where it has just been read. Random parts are written out together into one text,
 * of which each id takes its own piece.
 */
export function createIdSource(fillRandom: FillRandom, nowMs: () => number): (atMs?: number) => string {
  const random = new Uint8Array(DRAWN_POOLS * POOL_IDS * RANDOM_BYTES);
  const octets = Buffer.alloc(POOL_IDS * TAIL_CHARACTERS, HYPHEN);
  let tails = '';
  let used = 0;
  let spent = random.length;
  let lastMs = -1;
  let prefix = '';
  return (atMs = nowMs()) => {
    if (used === tails.length) {
      if (spent === random.length) {
        fillRandom(random);
        spent = 0;
      }
      for (let tail = 0; tail < octets.length; tail += TAIL_CHARACTERS, spent += RANDOM_BYTES)
        writeTail(octets, tail, random, spent);
      tails = octets.toString('latin1');
      used = 0;
    }
    const ms = Math.max(0, Math.floor(atMs));
    if (ms !== lastMs) {
      lastMs = ms;
      const time = ms.toString(16).padStart(12, '0').slice(-12);
      prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    }
    const at = used;
    used += TAIL_CHARACTERS;
    return prefix + tails.slice(at, used);
  };
}

/** Where each of the ten bytes goes in a tail; of the first only the second digit counts. */
const PLACES = [-1, 1, 4, 6, 9, 11, 13, 15, 17, 19] as const;

function writeTail(octets: Uint8Array, tail: number, random: Uint8Array, from: number): void {
  for (let at = 0; at < RANDOM_BYTES; at++) {
    const drawn = random[from + at] as number;
    const byte = at === 2 ? 0x80 | (drawn & 0x3f) : drawn;
    const place = tail + (PLACES[at] as number);
    if (at > 0) octets[place] = HEX_DIGITS[byte >> 4] as number;
    octets[place + 1] = HEX_DIGITS[byte & 15] as number;
  }
}
