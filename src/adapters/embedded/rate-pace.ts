import type { Rate } from '../../ports/index.ts';

/**
 * A rate in whole numbers. Time counts in units of `1 / unitsPerMs` ms, chosen so that the interval between two calls is
 * whole: 10/min is 6000 units of 1 ms, 7/min is 60,000 units of 1/7 ms. So nothing is rounded, however long it runs.
 */
export interface Pace {
  readonly unitsPerMs: number;
  /** Between two calls, in units. */
  readonly interval: number;
  /** How far ahead of their time calls may come, in units: the burst less one, times the interval. */
  readonly tolerance: number;
  /** What a key that has just been used up owes, in units. */
  readonly capacity: number;
  /** Times count round this many milliseconds, and as many units. */
  readonly roundMs: number;
  readonly round: number;
}

/** Above every `count` of a configuration, which has at most a million. */
export const UNITS_LIMIT = 2 ** 20;

/** Bits of a time. With a million units a millisecond it goes round in 49 days, with one in 140,000 years. */
export const TIME_BITS = 52;

/**
 * The pace of a rate. One that is not in whole numbers above zero, that takes a million units or more a millisecond, or
 * whose burst is more than an eighth of the time that can be told apart (six days at the least), is a bug and throws a
 * RangeError.
 */
export function paceOf({ count, periodMs, burst }: Rate): Pace {
  const whole = [count, periodMs, burst].every((part) => Number.isSafeInteger(part) && part > 0);
  if (!whole) throw new RangeError(`a rate of ${count} each ${periodMs} ms, ${burst} at once`);
  const divisor = greatestDivisor(count, periodMs);
  const unitsPerMs = count / divisor;
  const interval = periodMs / divisor;
  const roundMs = Math.floor(2 ** TIME_BITS / unitsPerMs);
  const round = roundMs * unitsPerMs;
  if (unitsPerMs >= UNITS_LIMIT || burst * interval > round / 8) {
    throw new RangeError(`a rate of ${count} each ${periodMs} ms, ${burst} at once, is more than a word can hold`);
  }
  return { unitsPerMs, interval, tolerance: (burst - 1) * interval, capacity: burst * interval, roundMs, round };
}

/** A moment in units; `ms` is whole. */
export function unitsAt(ms: number, { roundMs, unitsPerMs }: Pick<Pace, 'roundMs' | 'unitsPerMs'>): number {
  const within = ms % roundMs;
  return (within < 0 ? within + roundMs : within) * unitsPerMs;
}

/** How far `time` lies ahead of `now`, or behind if negative. What is more than `ahead` in front is taken for long past. */
export function distance(time: number, now: number, { round, ahead }: { round: number; ahead: number }): number {
  const passed = time - now;
  const forward = passed < 0 ? passed + round : passed;
  return forward <= ahead ? forward : forward - round;
}

function greatestDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestDivisor(other, one % other);
}
