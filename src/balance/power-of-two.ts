import { AliasTable } from './alias-table.ts';
import { effectiveWeight, type Entry } from './entry.ts';
import { Latency } from './latency.ts';
import type { Picker } from './picker.ts';

/** Draws in search of one that was not tried, before all are looked at. */
const DRAWS = 8;
/** The second of two is asked where it costs less than this part of the first: so weights hold among targets that are alike. */
const CLEARLY_LESS = 0.8;

/**
 * The power of two choices: of two that are drawn by weight, the one that costs less is asked. What one costs is its
 * latency (a moving average that jumps to peaks) times the requests it has for its weight, and one more. Costs nothing
 * that grows with the number of entries.
 */
export class PowerOfTwoPicker<E extends Entry> implements Picker<E> {
  readonly #entries: readonly E[];
  readonly #random: () => number;
  readonly #latencies: ReadonlyMap<E, Latency>;
  #table: AliasTable | null = null;
  /** Those that weigh anything: what the table draws from. */
  #usable: readonly E[] = [];
  /** The average of their effective weights. */
  #meanWeight = 0;
  #nowMs = 0;

  /** `known`: what was learned before of the entries that stay. */
  constructor(entries: readonly E[], random: () => number, known: PowerOfTwoPicker<E> | null) {
    this.#entries = entries;
    this.#random = random;
    const latencies = known === null ? null : known.#latencies;
    this.#latencies = new Map(entries.map((entry) => [entry, latencies?.get(entry) ?? new Latency()]));
    this.#nowMs = known === null ? 0 : known.#nowMs;
  }

  pick(_hash: number, tried: readonly E[]): E | null {
    const table = (this.#table ??= this.#weigh());
    const first = this.#draw(table, tried, null);
    const second = first === null ? null : this.#draw(table, tried, first);
    return first !== null && second !== null && this.#isClearlyLess(second, first) ? second : first;
  }

  changed(): void {
    this.#table = null;
  }

  begun(entry: E): void {
    entry.inFlight += 1;
  }

  ended(entry: E, elapsedMs: number | null, nowMs: number): void {
    entry.inFlight -= 1;
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (elapsedMs !== null) this.#latencies.get(entry)?.observe(elapsedMs, this.#nowMs);
  }

  #weigh(): AliasTable {
    this.#usable = this.#entries.filter((entry) => effectiveWeight(entry) > 0);
    const table = new AliasTable(this.#usable.map(effectiveWeight));
    this.#meanWeight = table.total / this.#usable.length;
    return table;
  }

  #draw(table: AliasTable, tried: readonly E[], other: E | null): E | null {
    const usable = this.#usable;
    if (usable.length <= (other === null ? 0 : 1)) return null;
    if (other !== null && usable.length === 2) return without(usable, other, tried);
    for (let draws = 0; draws < DRAWS; draws++) {
      const entry = usable[table.draw(this.#random())] as E;
      if (entry !== other && !tried.includes(entry)) return entry;
    }
    // One weighs so much more than the others that these are hardly ever drawn, or most have been tried.
    const rest = usable.filter((entry) => entry !== other && !tried.includes(entry));
    return rest.length === 0 ? null : (rest[new AliasTable(rest.map(effectiveWeight)).draw(this.#random())] as E);
  }

  /** Whether `one` costs clearly less. Of a new one nothing is known: it is taken to be as fast as the other. */
  #isClearlyLess(one: E, other: E): boolean {
    const latency = this.#latencies.get(one)?.at(this.#nowMs) ?? null;
    const others = this.#latencies.get(other)?.at(this.#nowMs) ?? null;
    const isKnown = latency !== null && others !== null;
    const cost = (isKnown ? latency : 1) * this.#load(one);
    return cost < CLEARLY_LESS * (isKnown ? others : 1) * this.#load(other);
  }

  #load(entry: E): number {
    return 1 + (entry.inFlight * this.#meanWeight) / effectiveWeight(entry);
  }
}

/** The other one of two, unless it was tried. */
function without<E>(two: readonly E[], one: E, tried: readonly E[]): E | null {
  const other = (two[0] === one ? two[1] : two[0]) as E;
  return tried.includes(other) ? null : other;
}
