import { hashText } from './hash-text.ts';
import { IndexedHeap } from './heap.ts';

/** A prime, and 65 for each of 1,000 targets. The same for every pool: else all keys would move where a size is passed. */
export const TABLE_SIZE = 65_537;
const FREE = 0xffff;
const OFFSET_SEED = 1;
const SKIP_SEED = 2;

/** One to be given a part of the table. Weights are above 0. */
interface Named {
  readonly name: string;
  readonly weight: number;
}

/**
 * A consistent table (Maglev; Eisenbud and others, NSDI 2016, §3.4): each has its own order of all slots, and in turns, by
 * weight, takes the first that is free. Where one is added or goes, almost only its own slots change owner. The table is
 * the same whatever the order of `owners`; it holds their places, which are fewer than 65,535.
 */
export function maglevTable(owners: readonly Named[]): Uint16Array {
  const table = new Uint16Array(TABLE_SIZE).fill(FREE);
  const turns = new IndexedHeap(owners.length);
  const places = owners.map((_, place) => place).toSorted((one, other) => compare(owners[one], owners[other]));
  const ranks = new Uint32Array(owners.length);
  for (const [rank, place] of places.entries()) ranks[place] = rank;
  for (const [place, { weight }] of owners.entries()) turns.set(place, 1 / weight, ranks[place] as number);
  const slots = owners.map(({ name }) => hashText(name, OFFSET_SEED) % TABLE_SIZE);
  const skips = owners.map(({ name }) => (hashText(name, SKIP_SEED) % (TABLE_SIZE - 1)) + 1);
  const taken = new Uint32Array(owners.length);
  for (let free = owners.length === 0 ? 0 : TABLE_SIZE; free > 0; free--) {
    const place = turns.least;
    let slot = slots[place] as number;
    while (table[slot] !== FREE) slot = (slot + (skips[place] as number)) % TABLE_SIZE;
    table[slot] = place;
    slots[place] = slot;
    const count = (taken[place] as number) + 1;
    taken[place] = count;
    turns.set(place, (count + 1) / (owners[place] as Named).weight, ranks[place] as number);
  }
  return table;
}

function compare(one: Named | undefined, other: Named | undefined): number {
  if (one === undefined || other === undefined || one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}
