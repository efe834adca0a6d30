import type { Counter, Meter, Replays, Use, Used } from '../../ports/index.ts';
import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';
import { isForgotten, PERIOD_BITS, periodOf, ReplayShares, SHARES_BYTES } from './replay-shares.ts';

/** What the replays of all threads share. Made once by the control side and given to each thread. */
export interface ReplayMemory {
  readonly words: SharedArrayBuffer;
  /** Who has taken how much of it. */
  readonly shares: SharedArrayBuffer;
  /** 16 bytes, secret: without them nobody can find keys that fall together. */
  readonly hashKey: Uint8Array;
  /** Wall time at which it was made. */
  readonly sinceMs: number;
}

/** 32 MiB, of which the machine gives what is written to: 15,000 uses a second find room. */
const DEFAULT_SLOTS = 2 ** 22;
const LEAST_SLOTS = 256;
const MOST_SLOTS = 2 ** 26;
const WORD_BYTES = 8;
/** So many slots a key may lie behind its home. */
const PROBE_LIMIT = 256;

/** The bits of the hash beside the period in the upper half of a word. */
const UPPER_BITS = 32 - PERIOD_BITS;
const UPPER_MASK = 2 ** UPPER_BITS - 1;

/** Makes the memory; `fillRandom` draws the key of its hash. A number of slots that is no power of two throws a RangeError. */
export function createReplayMemory(options: {
  readonly fillRandom: (bytes: Uint8Array) => void;
  readonly nowMs: number;
  readonly slots?: number;
}): ReplayMemory {
  const { fillRandom, nowMs, slots = DEFAULT_SLOTS } = options;
  if (!(slots >= LEAST_SLOTS && slots <= MOST_SLOTS && Number.isInteger(Math.log2(slots))))
    throw new RangeError(`replays in ${slots} slots`);
  const hashKey = new Uint8Array(16);
  fillRandom(hashKey);
  const words = new SharedArrayBuffer(slots * WORD_BYTES);
  return { words, shares: new SharedArrayBuffer(SHARES_BYTES), hashKey, sinceMs: nowMs };
}

/**
 * Remembers uses exactly over all threads that share the memory, and never waits. A key is looked for from its home on,
 * and put into the first slot that is free for it: empty, or of a key that was made so much earlier that it can't be
 * used any more. What is free for a key depends on its time and the slot alone, not on the clock, and a slot that is not
 * free for a time never becomes free for it. So all who use a key at the same moment meet at the same slot, where one
 * compare-and-swap has one winner. A thread that dies leaves nothing half done. Whoever has taken his share of the room
 * is told so, and takes none from others; what was used is known as such all the same. Two keys are taken for one with a
 * probability of 2^-44 for each of the few that lie near each other: then one that was never used is refused.
 */
export function createSharedReplays(memory: ReplayMemory, meter?: Meter): Replays {
  return new SharedReplays(memory, meter);
}

class SharedReplays implements Replays {
  readonly sinceMs: number;
  readonly #words: BigUint64Array<SharedArrayBuffer>;
  readonly #hash: KeyedHash;
  readonly #homeSize: number;
  readonly #shares: ReplayShares;
  readonly #full: Counter | undefined;
  readonly #exceeded: Counter | undefined;
  // Words are taken apart and put together here, the low half first: the one that was found, and the new one.
  readonly #halves = new Uint32Array(4);
  readonly #scratch = new BigUint64Array(this.#halves.buffer);

  constructor({ words, shares, hashKey, sinceMs }: ReplayMemory, meter: Meter | undefined) {
    this.sinceMs = sinceMs;
    this.#words = new BigUint64Array(words);
    this.#hash = createKeyedHash(hashKey);
    this.#homeSize = this.#words.length / 2 ** PERIOD_BITS;
    this.#shares = new ReplayShares(shares, this.#words.length);
    this.#full = meter?.counter(
      'portcullis_replays_full_total',
      'Proofs refused since nobody could say whether they are new',
    );
    this.#exceeded = meter?.counter(
      'portcullis_replays_exceeded_total',
      'Proofs refused since their caller had taken its share of the room',
    );
  }

  use({ key, source, madeAtMs }: Used): Use {
    const period = periodOf(madeAtMs);
    const hash = this.#hash;
    hash.update(source);
    const taker = hash.low;
    hash.update(key);
    const halves = this.#halves;
    // Nobody's word is zero, as an empty slot is.
    halves[2] = hash.low || 1;
    halves[3] = ((period << UPPER_BITS) | (hash.high & UPPER_MASK)) >>> 0;
    const home = Math.floor((hash.high >>> UPPER_BITS) * this.#homeSize);
    const use = this.#place(home, period, this.#shares.judge(taker, period));
    if (use === 'first') this.#shares.add(taker, period);
    else if (use === 'full') this.#full?.add(1);
    else if (use === 'exceeded') this.#exceeded?.add(1);
    return use;
  }

  /** Puts the new word into the first slot that is free for it, unless it is there already or may not take one. */
  #place(home: number, period: number, wouldBe: Use): Use {
    const words = this.#words;
    const scratch = this.#scratch;
    const wanted = scratch[1] as bigint;
    const last = words.length - 1;
    for (let step = 0; step < PROBE_LIMIT; step++) {
      const at = (home + step) & last;
      let found = Atomics.load(words, at);
      while (this.#isFree(found, period)) {
        if (wouldBe !== 'first') return wouldBe;
        const before = Atomics.compareExchange(words, at, found, wanted);
        if (before === found) return 'first';
        found = before;
      }
      if (found === wanted) return 'again';
    }
    return 'full';
  }

  #isFree(word: bigint, period: number): boolean {
    if (word === 0n) return true;
    this.#scratch[0] = word;
    return isForgotten((this.#halves[1] as number) >>> UPPER_BITS, period);
  }
}
