/** Fills a buffer with random bytes; the Random port gives one. */
export type FillRandom = (bytes: Uint8Array) => void;

/** Ids that are drawn together: each takes ten random bytes, and one draw for each would cost more than the rest. */
const POOL_IDS = 400;
const RANDOM_BYTES = 10;
/** What follows the time: `xxx-Nxxx-xxxxxxxxxxxx`, where N holds the variant. */
const TAIL_CHARACTERS = 21;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HYPHEN = 0x2d;

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): 48 bits of time, then 74 random bits. Their random parts are written out
 * together into one text, of which each id takes its own piece.
 */
export function createIdSource(fillRandom: FillRandom, nowMs: () => number): () => string {
  const random = new Uint8Array(POOL_IDS * RANDOM_BYTES);
  const octets = Buffer.alloc(POOL_IDS * TAIL_CHARACTERS, HYPHEN);
  let tails = '';
  let used = 0;
  let lastMs = -1;
  let prefix = '';
  return () => {
    if (used === tails.length) {
      fillRandom(random);
      for (let id = 0; id < POOL_IDS; id++) writeTail(octets, random, id);
      tails = octets.toString('latin1');
      used = 0;
    }
    const ms = Math.max(0, Math.floor(nowMs()));
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

function writeTail(octets: Uint8Array, random: Uint8Array, id: number): void {
  const tail = id * TAIL_CHARACTERS;
  for (let at = 0; at < RANDOM_BYTES; at++) {
    const drawn = random[id * RANDOM_BYTES + at] as number;
    const byte = at === 2 ? 0x80 | (drawn & 0x3f) : drawn;
    const place = tail + (PLACES[at] as number);
    if (at > 0) octets[place] = HEX_DIGITS[byte >> 4] as number;
    octets[place + 1] = HEX_DIGITS[byte & 15] as number;
  }
}
