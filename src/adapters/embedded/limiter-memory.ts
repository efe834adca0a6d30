/** What the limiters and leases of all threads share. Made once by the control side and given to each thread. */
export interface LimiterMemory {
  readonly rates: SharedArrayBuffer;
  readonly leases: SharedArrayBuffer;
  /** 16 bytes, secret: without them nobody can find keys that fall together. */
  readonly hashKey: Uint8Array;
}

/** So many threads may hold leases over the life of a process at the same time. */
export const LEASE_HOLDERS = 64;

/** Keys that can be found from one place of the rates, and so compete for room. */
export const WINDOW_SLOTS = 32;

/** Shares that are told apart; beyond these, shares go together. */
export const SHARE_LIMIT = 255;

const DEFAULT_KEY_LIMIT = 100_000;
const LEAST_KEY_LIMIT = 8;
const MOST_KEY_LIMIT = 2 ** 24;
/**
 * Half of the slots are for strangers, half of a window for one share, and keys do not spread evenly: so one window in
 * 5,000 is short of room.
 */
const SLOTS_FOR_KEY = 8;
const COUNT_BYTES = 4;
/** A slot of the rates in halves of words: a tag, a label, and the two halves of its word. */
export const SLOT_SIZE = 4;
const SLOT_BYTES = SLOT_SIZE * COUNT_BYTES;
/** A latch has a whole word, so that the words behind them are whole too. */
const LATCH_BYTES = 8;
const HEAD_BYTES = (SHARE_LIMIT + 1) * COUNT_BYTES;
const DEFAULT_LEASE_KEY_LIMIT = 16_384;
/** Keys of leases that can be found from one place. */
export const LEASE_WINDOW_SLOTS = 32;

/**
 * Makes the memory; `fillRandom` draws the key of its hash. `keyLimit` keys of limits (100,000 unless said otherwise)
 * fit beside each other under one rule, about 160 bytes each; `leaseKeyLimit` keys (16,384) may have leases at once,
 * 260 bytes each. Numbers below 8, or beyond 16 million, are a bug and throw a RangeError.
 */
export function createLimiterMemory(options: {
  readonly fillRandom: (bytes: Uint8Array) => void;
  readonly keyLimit?: number;
  readonly leaseKeyLimit?: number;
}): LimiterMemory {
  const { fillRandom, keyLimit = DEFAULT_KEY_LIMIT, leaseKeyLimit = DEFAULT_LEASE_KEY_LIMIT } = options;
  const windows = slotsFor(keyLimit, SLOTS_FOR_KEY) / WINDOW_SLOTS;
  const leaseSlots = slotsFor(leaseKeyLimit, 1);
  const hashKey = new Uint8Array(16);
  fillRandom(hashKey);
  return {
    rates: new SharedArrayBuffer(HEAD_BYTES + windows * (LATCH_BYTES + WINDOW_SLOTS * SLOT_BYTES)),
    leases: new SharedArrayBuffer(COUNT_BYTES + leaseSlots * (LEASE_HOLDERS + 1) * COUNT_BYTES),
    hashKey,
  };
}

/** The rates as numbers: the shares that are known, a latch for each window, and the windows themselves. */
export interface RateViews {
  readonly shares: Int32Array<SharedArrayBuffer>;
  /** One for each window, at twice its number. */
  readonly latches: Int32Array<SharedArrayBuffer>;
  /** How many windows there are: a power of two. The first half is for callers, the second for strangers. */
  readonly windows: number;
  /** All of the memory, in halves of words and in words. */
  readonly halves: Int32Array<SharedArrayBuffer>;
  readonly words: BigInt64Array<SharedArrayBuffer>;
  /** Where the windows begin, in halves. */
  readonly start: number;
}

/** Reads the rates' memory. One of another size is a bug and throws a RangeError. */
export function viewRates({ rates }: LimiterMemory): RateViews {
  const windows = (rates.byteLength - HEAD_BYTES) / (LATCH_BYTES + WINDOW_SLOTS * SLOT_BYTES);
  if (!isPowerOfTwo(windows) || windows < 2) throw new RangeError(`rates in ${rates.byteLength} bytes`);
  return {
    shares: new Int32Array(rates, 0, SHARE_LIMIT + 1),
    latches: new Int32Array(rates, HEAD_BYTES, windows * 2),
    windows,
    halves: new Int32Array(rates),
    words: new BigInt64Array(rates),
    start: (HEAD_BYTES + windows * LATCH_BYTES) / COUNT_BYTES,
  };
}

/** The leases as numbers: how many columns are in use, the tags of keys, and a row of columns for each key. */
export interface LeaseViews {
  readonly used: Int32Array<SharedArrayBuffer>;
  readonly tags: Int32Array<SharedArrayBuffer>;
  readonly counts: Int32Array<SharedArrayBuffer>;
}

/** Reads the leases' memory. One of another size is a bug and throws a RangeError. */
export function viewLeases({ leases }: LimiterMemory): LeaseViews {
  const slots = (leases.byteLength - COUNT_BYTES) / ((LEASE_HOLDERS + 1) * COUNT_BYTES);
  if (!isPowerOfTwo(slots) || slots < LEASE_WINDOW_SLOTS) throw new RangeError(`leases in ${leases.byteLength} bytes`);
  return {
    used: new Int32Array(leases, 0, 1),
    tags: new Int32Array(leases, COUNT_BYTES, slots),
    counts: new Int32Array(leases, COUNT_BYTES * (1 + slots), slots * LEASE_HOLDERS),
  };
}

function slotsFor(keyLimit: number, slotsForKey: number): number {
  if (!(keyLimit >= LEAST_KEY_LIMIT && keyLimit <= MOST_KEY_LIMIT))
    throw new RangeError(`a limiter of ${keyLimit} keys`);
  return 2 ** Math.ceil(Math.log2(Math.max(WINDOW_SLOTS, keyLimit * slotsForKey)));
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
