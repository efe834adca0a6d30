import { hashText } from './hash-text.ts';

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
  const places = owners.map((_, place) => place).toSorted((one, other) => compare(owners[one], owners[other]));
  const heaviest = owners.reduce((most, { weight }) => Math.max(most, weight), 0);
  const offsets = owners.map(({ name }) => hashText(name, OFFSET_SEED) % TABLE_SIZE);
  const skips = owners.map(({ name }) => (hashText(name, SKIP_SEED) % (TABLE_SIZE - 1)) + 1);
  const due = new Float64Array(owners.length);
  let free = owners.length === 0 ? 0 : TABLE_SIZE;
  while (free > 0) {
    for (const place of places) {
      due[place] = (due[place] as number) + (owners[place] as Named).weight / heaviest;
      if ((due[place] as number) < 1 || free === 0) continue;
      due[place] = (due[place] as number) - 1;
      let slot = offsets[place] as number;
      while (table[slot] !== FREE) slot = (slot + (skips[place] as number)) % TABLE_SIZE;
      table[slot] = place;
      offsets[place] = (slot + (skips[place] as number)) % TABLE_SIZE;
      free -= 1;
    }
  }
  return table;
}

function compare(one: Named | undefined, other: Named | undefined): number {
  if (one === undefined || other === undefined || one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}
