/** Fills a buffer with random bytes; the Random port gives one. */
export type FillRandom = (bytes: Uint8Array) => void;

/** What an id of a trusted peer's may be made of; as a path's segment it must stay where it stands. */
const REQUEST_ID = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;

/** Whether a request may bear this id: one of ours, or one that a trusted peer gave it. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

const RANDOM_BYTES = 10;
/** Ids whose random parts are written out together. */
const POOL_IDS = 200;
/** So many of these are drawn together: a draw costs some microseconds whatever its size, and more where its code is cold. */
const DRAWN_POOLS = 8;
/** Ids that become one text, of which each is a piece: as many as are asked for in a busy millisecond, which they share. */
const GROUP_IDS = 8;
/** Version and hyphens stand where they do in every id (RFC 9562 §4). */
const FORM = '00000000-0000-7000-0000-000000000000';
/** What an id begins with. */
const TIME_CHARACTERS = 13;
const HYPHEN_AT = 8;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): 48 bits of time, then 74 random bits. The time is that of `nowMs`, or the one
 * that is given, which spares the clock where it has just been read. An id is a piece of a longer text, and not put
 * together of two: whoever reads such a one by character must copy it first.
 */
export function createIdSource(fillRandom: FillRandom, nowMs: () => number): (atMs?: number) => string {
  const random = new Uint8Array(DRAWN_POOLS * POOL_IDS * RANDOM_BYTES);
  const pool = Buffer.from(FORM.repeat(POOL_IDS), 'latin1');
  const time = Buffer.from(FORM.slice(0, TIME_CHARACTERS), 'latin1');
  /** Up to here random bytes are in the pool, and ids of the pool are given away. */
  let spent = random.length;
  let taken = pool.length;
  /** The next ids of the pool, at the time `groupMs`; up to `used` they are given away. */
  let group = '';
  let used = 0;
  let groupMs = -1;
  const nextGroup = (ms: number): void => {
    if (taken === pool.length) {
      if (spent === random.length) {
        fillRandom(random);
        spent = 0;
      }
      for (let id = 0; id < pool.length; id += FORM.length, spent += RANDOM_BYTES) writeRandom(pool, id, random, spent);
      taken = 0;
    }
    const end = Math.min(pool.length, taken + GROUP_IDS * FORM.length);
    if (ms !== groupMs) writeTime(time, ms);
    groupMs = ms;
    for (let id = taken; id < end; id += FORM.length)
      for (let at = 0; at < time.length; at++) pool[id + at] = time[at] as number;
    group = pool.toString('latin1', taken, end);
    used = 0;
  };
  return (atMs = nowMs()) => {
    const ms = Math.max(0, Math.floor(atMs));
    if (used === group.length || ms !== groupMs) nextGroup(ms);
    const at = used;
    used += FORM.length;
    taken += FORM.length;
    return group.slice(at, used);
  };
}

/** The last 48 bits of a time as digits, around a hyphen. */
function writeTime(time: Uint8Array, ms: number): void {
  let rest = ms;
  for (let at = TIME_CHARACTERS - 1; at >= 0; at--) {
    if (at === HYPHEN_AT) continue;
    const above = Math.floor(rest / 16);
    time[at] = HEX_DIGITS[(rest - above * 16) & 15] as number;
    rest = above;
  }
}

/** Where each of the ten bytes goes in an id; of the first only the second digit counts. */
const PLACES = [14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

function writeRandom(pool: Uint8Array, id: number, random: Uint8Array, from: number): void {
  for (let at = 0; at < RANDOM_BYTES; at++) {
    const drawn = random[from + at] as number;
    const byte = at === 2 ? 0x80 | (drawn & 0x3f) : drawn;
    const place = id + (PLACES[at] as number);
    if (at > 0) pool[place] = HEX_DIGITS[byte >> 4] as number;
    pool[place + 1] = HEX_DIGITS[byte & 15] as number;
  }
}
