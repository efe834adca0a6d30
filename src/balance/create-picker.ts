import { ConsistentHashPicker } from './consistent-hash.ts';
import type { Entry } from './entry.ts';
import type { BalanceRule, Picker } from './picker.ts';
import { LeastRequestsPicker } from './least-requests.ts';
import { PowerOfTwoPicker } from './power-of-two.ts';
import { RoundRobinPicker } from './round-robin.ts';

/**
 * A picker over these entries, which have different names. `random` gives numbers from 0 up to and not including 1.
 * `previous`, the one it takes the place of, says what was learned of the entries that stay.
 */
export function createPicker<E extends Entry>(
  rule: BalanceRule,
  entries: readonly E[],
  random: () => number,
  previous: Picker<E> | null = null,
): Picker<E> {
  switch (rule) {
    case 'p2c':
      return new PowerOfTwoPicker(entries, random, previous instanceof PowerOfTwoPicker ? previous : null);
    case 'round-robin':
      return new RoundRobinPicker(entries, random);
    case 'least-requests':
      return new LeastRequestsPicker(entries, random);
    case 'hash':
      return new ConsistentHashPicker(entries);
  }
}
