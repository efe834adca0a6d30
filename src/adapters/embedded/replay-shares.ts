import { REPLAYS_AHEAD_MS, REPLAYS_KEPT_MS } from '../../ports/index.ts';

/** Times are told apart by so much. */
const PERIOD_MS = REPLAYS_AHEAD_MS;
/** A slot is given to another key made so many periods later, and to no earlier one. */
const PERIODS_KEPT = REPLAYS_KEPT_MS / PERIOD_MS + 1;
/** The bits of a period: in a year they begin anew. */
export const PERIOD_BITS = 20;
const PERIOD_MASK = 2 ** PERIOD_BITS - 1;

/** The number of the half minute in which something was made. */
export function periodOf(madeAtMs: number): number {
  return Math.floor(madeAtMs / PERIOD_MS) & PERIOD_MASK;
}

/**
 * Whether what was made in one period is forgotten for what was made in another. Whatever seems to be half of all periods
 * old was made later, before the clock was set back.
 */
export function isForgotten(made: number, forPeriod: number): boolean {
  const age = (forPeriod - made) & PERIOD_MASK;
  return age > PERIODS_KEPT && age <= PERIOD_MASK >>> 1;
}

/** More than the periods that lie between what is remembered longest for a key and what is made last. */
const ALL_PERIODS = 16;
/** More than the periods of which a key can be. */
const KEY_PERIODS = 8;
/** Sources are told apart by so many cells: of two that nobody can foresee one in so many shares its own with another. */
const CELLS = 2 ** 16;
const WORD_BYTES = 8;
/** In how many parts of what is left one source may take one, in the keys of each period. */
const PARTS = 8;
/** With so much of the slots in use, one key in many millions finds none. */
const USABLE = 3 / 4;

/** How many bytes of shared memory the counts take: none that the machine gives before they are written to. */
export const SHARES_BYTES = (ALL_PERIODS + CELLS * KEY_PERIODS) * WORD_BYTES;

/**
 * Who has taken how much of the room, over all threads. A source may take an eighth of what is left in each period. So
 * one that is alone has much, many at once have the same each, and however many there are, some is left for the next: a
 * source that takes all it can get takes it from itself first. Two sources in one cell count as one.
 */
export class ReplayShares {
  readonly #counts: BigUint64Array<SharedArrayBuffer>;
  readonly #usable: number;

  constructor(counts: SharedArrayBuffer, slots: number) {
    this.#counts = new BigUint64Array(counts);
    this.#usable = Math.floor(slots * USABLE);
  }

  /** Whether a source, by its hash, may take room for a key of a period. */
  judge(source: number, period: number): 'first' | 'exceeded' | 'full' {
    let left = this.#usable;
    for (let at = 0; at < ALL_PERIODS; at++) {
      const word = Atomics.load(this.#counts, at);
      if (word !== 0n && !isForgotten(tagOf(word), period)) left -= countOf(word);
    }
    if (left <= 0) return 'full';
    const own = Atomics.load(this.#counts, cellOf(source, period));
    return tagOf(own) === period && countOf(own) * PARTS >= left ? 'exceeded' : 'first';
  }

  /** It has taken some. */
  add(source: number, period: number): void {
    this.#raise(period % ALL_PERIODS, period);
    this.#raise(cellOf(source, period), period);
  }

  /** A count of another period begins anew: one is never written over while it counts, as the numbers of cells show. */
  #raise(at: number, period: number): void {
    const counts = this.#counts;
    for (let found = Atomics.load(counts, at); ; ) {
      const count = tagOf(found) === period ? countOf(found) : 0;
      const before = Atomics.compareExchange(counts, at, found, (BigInt(period) << 32n) | BigInt(count + 1));
      if (before === found) return;
      found = before;
    }
  }
}

function cellOf(source: number, period: number): number {
  return ALL_PERIODS + ((source >>> 0) % CELLS) * KEY_PERIODS + (period % KEY_PERIODS);
}

const tagOf = (word: bigint): number => Number(word >> 32n);

const countOf = (word: bigint): number => Number(word & 0xffffffffn);
