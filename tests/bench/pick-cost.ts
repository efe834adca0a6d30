import { createSystemRandom } from '../../src/adapters/index.ts';
import { type BalanceRule, createPicker, type Entry } from '../../src/balance/index.ts';
import { createChance } from '../../src/main/thread-load.ts';
import { printTable } from './table.ts';

const RULES = ['p2c', 'round-robin', 'least-requests', 'hash'] as const satisfies readonly BalanceRule[];
const COUNTS = [1, 10, 1_000];
const ROUNDS = 9;
const ROUND_PICKS = 200_000;
/** How many requests are under way at a time. */
const IN_FLIGHT = 32;
const NONE: readonly Entry[] = [];

/**
 * What the picking of a target costs in this process, in ns, by rule and number of targets: the pick, and that the picker
 * hears of the beginning and the end of the request. Prints a table.
 */
export function measurePicks(): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const found = Object.fromEntries(
    RULES.map((rule) => [rule, Object.fromEntries(COUNTS.map((count) => [String(count), measure(rule, count)]))]),
  );
  printTable(
    ['ns a pick', ...COUNTS.map((count) => `${count} targets`)],
    Object.entries(found).map(([rule, costs]) => [rule, ...COUNTS.map((count) => String(costs[count]))]),
  );
  return found;
}

function measure(rule: BalanceRule, count: number): number {
  const random = createSystemRandom();
  const entries = Array.from(
    { length: count },
    (_, at): Entry => ({ name: `http://10.0.${at >>> 8}.${at & 255}:3001`, weight: 1, share: 1, inFlight: 0 }),
  );
  const picker = createPicker(
    rule,
    entries,
    createChance((bytes) => random.fill(bytes)),
  );
  const underWay: Entry[] = [];
  let at = 0;
  const runRound = (): number => {
    const begunMs = performance.now();
    for (let done = 0; done < ROUND_PICKS; done++, at++) {
      const entry = picker.pick(Math.imul(at, 0x9e3779b1) >>> 0, NONE);
      if (entry === null) throw new Error(`${rule} picks none of ${count}`);
      picker.begun(entry);
      const oldest = underWay[at % IN_FLIGHT];
      if (oldest !== undefined) picker.ended(oldest, 1 + (at & 7), at / 100);
      underWay[at % IN_FLIGHT] = entry;
    }
    return ((performance.now() - begunMs) * 1e6) / ROUND_PICKS;
  };
  for (let round = 0; round < ROUNDS; round++) runRound();
  const costs = Array.from({ length: ROUNDS }, runRound).toSorted((a, b) => a - b);
  return Math.round(costs[Math.floor(ROUNDS / 2)] ?? Number.NaN);
}
