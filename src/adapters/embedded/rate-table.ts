import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';
import { type LimiterMemory, SHARE_LIMIT, SLOT_SIZE, viewRates, WINDOW_SLOTS } from './limiter-memory.ts';
import { distance, TIME_BITS, UNITS_LIMIT, unitsAt } from './rate-pace.ts';

/**
 * Where a key is looked for and how it is known there. `tag` is 32 bits of its hash; `label` the units a millisecond of
 * its rate (20 bits), its share (8) and 4 bits more of its hash.
 */
export interface RatePlace {
  readonly window: number;
  readonly tag: number;
  readonly label: number;
}

/** What became of a key that was to be put into the table. */
export type Placed = 'placed' | 'known' | 'full';

const TIME_HIGH_BITS = TIME_BITS - 32;
const HALF = 2 ** 32;
const CHECK = 0xfff;
/** Where a slot has its label and the halves of its word, from its tag on. */
const LABEL = 1;
const LOW = 2;
const HIGH = 3;
const WINDOW_SIZE = WINDOW_SLOTS * SLOT_SIZE;
const SPIN_LIMIT = 2_000;
const WAIT_MS = 1;
const WAIT_LIMIT = 5;
/** A thread that has been at it for longer has died. */
const LATCH_LIMIT_MS = 1_000;
const LATCH_MASK = 0x3fffffff;
/** Shares whose numbers are remembered: the rules of 10,000 operations, some hundred bytes each. */
const KNOWN_SHARE_LIMIT = 10_000;

/**
 * The words of all keys, in shared memory. A slot has a tag, a label and one word of 64 bits, side by side: 12 bits of
 * the tag again, and 52 bits of time, from which on the next call passes. Only the word is decided on, by
 * compare-and-swap; since it names its key, a word that was given to another key meanwhile is never mistaken.
 */
export class RateTable {
  readonly #halves: Int32Array<SharedArrayBuffer>;
  readonly #words: BigInt64Array<SharedArrayBuffer>;
  readonly #latches: Int32Array<SharedArrayBuffer>;
  readonly #shares: Int32Array<SharedArrayBuffer>;
  readonly #start: number;
  readonly #half: number;
  readonly #hash: KeyedHash;
  // Words are put together here: the expected one, and the new one.
  readonly #scratch = new Int32Array(4);
  readonly #scratchWords = new BigInt64Array(this.#scratch.buffer);
  readonly #counts = new Uint8Array(SHARE_LIMIT + 1);
  readonly #shareNumbers = new Map<string, number>();

  constructor(memory: LimiterMemory) {
    const { halves, words, latches, shares, start, windows } = viewRates(memory);
    this.#halves = halves;
    this.#words = words;
    this.#latches = latches;
    this.#shares = shares;
    this.#start = start;
    this.#half = windows / 2;
    this.#hash = createKeyedHash(memory.hashKey);
  }

  /** Where a name belongs. Names of one share compete with each other before all others, and never with strangers. */
  place(name: string, room: { readonly share: string; readonly stranger: boolean }, unitsPerMs: number): RatePlace {
    const shareNumber = this.#shareNumber(room.share);
    this.#hash.update(name);
    const { high, low } = this.#hash;
    // The check in the word is never zero, so that an empty word is nobody's.
    const tag = (low & CHECK) === 0 ? low | 1 : low;
    const window = (high & (this.#half - 1)) + (room.stranger ? this.#half : 0);
    return { window, tag, label: (high & 0xf0000000) | (shareNumber << 20) | unitsPerMs };
  }

  /** The slot of a key, as its place in halves; -1 where it has none. `hint`, a slot or -1, is looked at first. */
  find({ window, tag, label }: RatePlace, hint: number): number {
    if (hint >= 0 && this.#holds(hint, tag, label)) return hint;
    const from = this.#start + window * WINDOW_SIZE;
    for (let at = from; at < from + WINDOW_SIZE; at += SLOT_SIZE) if (this.#holds(at, tag, label)) return at;
    return -1;
  }

  /** The time in a slot, read in two halves: only `swap` and `isStill` tell whether they belong together. */
  timeAt(at: number): number {
    const high = this.#halves[at + HIGH] as number;
    return (high & (2 ** TIME_HIGH_BITS - 1)) * HALF + ((this.#halves[at + LOW] as number) >>> 0);
  }

  /** Whether the slot holds this time of this key. */
  isStill(at: number, tag: number, time: number): boolean {
    this.#compose(0, tag, time);
    return Atomics.load(this.#words, wordOf(at)) === this.#scratchWords[0];
  }

  /** Gives the slot another time if it still holds this one of this key: the one moment at which a call is counted. */
  swap(at: number, tag: number, { from, to }: { readonly from: number; readonly to: number }): boolean {
    const scratch = this.#scratch;
    this.#compose(0, tag, from);
    this.#compose(2, tag, to);
    const low = scratch[0];
    const high = scratch[1];
    const words = this.#scratchWords;
    words[0] = Atomics.compareExchange(this.#words, wordOf(at), words[0] as bigint, words[1] as bigint);
    return scratch[0] === low && scratch[1] === high;
  }

  /**
   * Puts a key that has no slot into its window with this time. Keys come into a window one after the other, so that
   * no two threads can make two words of one key. Where another thread is at it for milliseconds, or no slot can be
   * given away, the answer is `full`; so it is where this thread stood still meanwhile, and lost the slot. `dropped` is
   * called for a key that made room.
   */
  insert(place: RatePlace, time: number, nowMs: number, dropped: () => void): Placed {
    const stamp = this.#takeLatch(2 * place.window, nowMs);
    if (stamp === 0) return 'full';
    try {
      if (this.find(place, -1) >= 0) return 'known';
      // Calls of the slot's key go on meanwhile; each time one does, another choice is made.
      for (let tries = 0; tries < WINDOW_SLOTS; tries++) {
        const at = this.#choose(place, nowMs);
        if (at < 0) return 'full';
        const before = Atomics.load(this.#words, wordOf(at));
        if (before !== 0n && !this.#isFree(at) && !this.#mayGo(at, nowMs)) continue;
        const named = this.#nameOf(at);
        this.#compose(2, place.tag, time);
        const after = this.#scratchWords[1] as bigint;
        if (Atomics.compareExchange(this.#words, wordOf(at), before, after) !== before) continue;
        if (before !== 0n) dropped();
        if (!this.#rename(at, named, place)) return 'full';
        return this.#standsAlone(at, place, after) ? 'placed' : 'known';
      }
      return 'full';
    } finally {
      Atomics.compareExchange(this.#latches, 2 * place.window, stamp, 0);
    }
  }

  #nameOf(at: number): { readonly tag: number; readonly label: number } {
    return { tag: Atomics.load(this.#halves, at), label: Atomics.load(this.#halves, at + LABEL) };
  }

  /**
   * Gives a slot its new name. False if it has another than before: this thread stood still for so long that it was
   * taken for dead, and the slot is another key's now.
   */
  #rename(at: number, before: { readonly tag: number; readonly label: number }, { tag, label }: RatePlace): boolean {
    return (
      Atomics.load(this.#halves, at) === before.tag &&
      Atomics.compareExchange(this.#halves, at + LABEL, before.label, label) === before.label &&
      Atomics.compareExchange(this.#halves, at, before.tag, tag) === before.tag
    );
  }

  /** Whether a key has this slot only. If a thread that was taken for dead has put it in too, this slot is given up. */
  #standsAlone(at: number, { window, tag, label }: RatePlace, word: bigint): boolean {
    const from = this.#start + window * WINDOW_SIZE;
    for (let other = from; other < from + WINDOW_SIZE; other += SLOT_SIZE) {
      if (other === at || !this.#holds(other, tag, label)) continue;
      return Atomics.compareExchange(this.#words, wordOf(at), word, 0n) !== word;
    }
    return true;
  }

  #holds(at: number, tag: number, label: number): boolean {
    const halves = this.#halves;
    return (
      halves[at] === tag &&
      halves[at + LABEL] === label &&
      (halves[at + HIGH] as number) >>> TIME_HIGH_BITS === (tag & CHECK)
    );
  }

  #compose(to: number, tag: number, time: number): void {
    const high = Math.floor(time / HALF);
    this.#scratch[to] = (time - high * HALF) | 0;
    this.#scratch[to + 1] = ((tag & CHECK) << TIME_HIGH_BITS) | high;
  }

  /**
   * A slot for a new key; -1 if there is none. A share takes empty slots up to half of what others leave (rounded up).
   * Beyond that the key idle for longest goes, of the same share or of one that has at least two more. A key that is
   * used up stays in any case.
   */
  #choose({ window, label }: RatePlace, nowMs: number): number {
    const from = this.#start + window * WINDOW_SIZE;
    const counts = this.#counts.fill(0);
    const share = shareOf(label);
    let empty = -1;
    let occupied = 0;
    for (let at = from; at < from + WINDOW_SIZE; at += SLOT_SIZE) {
      if (this.#isFree(at)) {
        if (empty < 0) empty = at;
      } else {
        const other = shareOf(this.#halves[at + LABEL] as number);
        counts[other] = (counts[other] as number) + 1;
        occupied++;
      }
    }
    const own = counts[share] as number;
    const quota = Math.ceil((WINDOW_SLOTS - (occupied - own)) / 2);
    if (empty >= 0 && own < quota) return empty;
    let best = -1;
    let bestIdleMs = 0;
    for (let at = from; at < from + WINDOW_SIZE; at += SLOT_SIZE) {
      if (this.#isFree(at)) continue;
      const other = shareOf(this.#halves[at + LABEL] as number);
      if (other !== share && (counts[other] as number) < own + 2) continue;
      const idleMs = this.#idleMs(at, nowMs);
      if (idleMs >= 0 && (best < 0 || idleMs > bestIdleMs)) {
        best = at;
        bestIdleMs = idleMs;
      }
    }
    return best;
  }

  /** Nobody's: empty, or left by a thread that died while it put a key there. */
  #isFree(at: number): boolean {
    const tag = this.#halves[at] as number;
    return (this.#halves[at + HIGH] as number) >>> TIME_HIGH_BITS !== (tag & CHECK) || tag === 0;
  }

  #mayGo(at: number, nowMs: number): boolean {
    return this.#idleMs(at, nowMs) >= 0;
  }

  /** For how long a call of this slot's key would have passed; negative if none would now. */
  #idleMs(at: number, nowMs: number): number {
    const unitsPerMs = (this.#halves[at + LABEL] as number) & (UNITS_LIMIT - 1);
    const roundMs = Math.floor(2 ** TIME_BITS / unitsPerMs);
    const round = roundMs * unitsPerMs;
    const now = unitsAt(nowMs, { roundMs, unitsPerMs });
    return -distance(this.timeAt(at), now, { round, ahead: round / 4 }) / unitsPerMs;
  }

  /** The stamp to give the latch back with; 0 where it can't be had. */
  #takeLatch(latch: number, nowMs: number): number {
    const stamp = (nowMs & LATCH_MASK) + 1;
    for (let tries = 0; tries < SPIN_LIMIT + WAIT_LIMIT; tries++) {
      const held = Atomics.compareExchange(this.#latches, latch, 0, stamp);
      if (held === 0) return stamp;
      const heldMs = (stamp - held) & LATCH_MASK;
      const isDead = heldMs > LATCH_LIMIT_MS && heldMs < LATCH_MASK / 2;
      if (isDead && Atomics.compareExchange(this.#latches, latch, held, stamp) === held) return stamp;
      if (tries >= SPIN_LIMIT) Atomics.wait(this.#latches, latch, held, WAIT_MS);
    }
    return 0;
  }

  /** Shares are numbered as they come; when the numbers are used up they go together by their hash. A number stays. */
  #shareNumber(share: string): number {
    let number = this.#shareNumbers.get(share);
    if (number === undefined) {
      this.#hash.update(share);
      number = this.#numberFor(this.#hash.low);
      if (this.#shareNumbers.size >= KNOWN_SHARE_LIMIT) this.#shareNumbers.clear();
      this.#shareNumbers.set(share, number);
    }
    return number;
  }

  #numberFor(hash: number): number {
    const wanted = hash === 0 ? 1 : hash;
    for (let number = 1; number <= SHARE_LIMIT; number++) {
      const known = Atomics.compareExchange(this.#shares, number, 0, wanted);
      if (known === 0 || known === wanted) return number;
    }
    return 1 + ((wanted >>> 0) % SHARE_LIMIT);
  }
}

/** The word of a slot. */
function wordOf(at: number): number {
  return (at + LOW) >> 1;
}

function shareOf(label: number): number {
  return (label >>> 20) & 0xff;
}
