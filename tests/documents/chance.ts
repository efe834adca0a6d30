/** Choices that are the same for the same seed. */
export interface Chance {
  /** A whole number from zero to one less than the count. */
  readonly below: (count: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
}

/** Choices by a seed: a linear congruential generator, whose high bits are good enough to choose by. */
export function createChance(seed: number): Chance {
  let state = (seed ^ 0x5deece6d) >>> 0;
  const below = (count: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  return {
    below,
    pick: (list) => {
      if (list.length === 0) throw new Error('there is nothing to pick from');
      return list[below(list.length)]!;
    },
  };
}
