import { createSeededRandom } from '../../src/adapters/index.ts';

/** What happens by chance in one run: the same for the same seed. */
export interface Chance {
  /** A whole number from 0 up to `below`, without it. */
  below(below: number): number;
  /** True so many times of a hundred. */
  percent(percent: number): boolean;
  oneOf<T>(values: readonly T[]): T;
}

const DRAWN = 1_024;

export function createChance(seed: number | string): Chance {
  const random = createSeededRandom(seed);
  const drawn = new Uint32Array(DRAWN);
  let at = DRAWN;
  const next = (): number => {
    if (at === DRAWN) {
      random.fill(new Uint8Array(drawn.buffer));
      at = 0;
    }
    return (drawn[at++] as number) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    percent: (percent) => next() * 100 < percent,
    oneOf: <T>(values: readonly T[]) => values[below(values.length)] as T,
  };
}
