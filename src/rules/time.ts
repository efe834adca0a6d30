/** Points of time are nanoseconds since 1970 in UTC, spans are nanoseconds; both are BigInt, so that none is lost. */
const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
const FIRST = -62_135_596_800n * SECOND;
const LAST = 253_402_300_799n * SECOND + 999_999_999n;
/** What 64 bits hold, which is some 292 years. */
const LONGEST = 2n ** 63n - 1n;

const TIMESTAMP =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** A point of time as RFC 3339 writes it, from the year 1 to 9999; null for anything else, and for days that are none. */
export function readTimestamp(text: string): bigint | null {
  const found = TIMESTAMP.exec(text);
  if (found === null) return null;
  const numbers = found.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const [year, month, day, hour, minute, second] = numbers;
  const [offsetHour, offsetMinute] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return null;
  const offset = (offsetHour * 60 + offsetMinute) * (found[8] === '-' ? -60_000 : 60_000);
  date.setUTCHours(hour, minute, second);
  return within(BigInt(date.getTime() - offset) * MILLISECOND + BigInt((found[7] ?? '').padEnd(9, '0')), FIRST, LAST);
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3_600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: MILLISECOND,
  us: 1_000n,
  ns: 1n,
};
const DURATION = /^-?(?:[0-9]{1,18}(?:\.[0-9]{1,9})?(?:h|ms|m|s|us|ns)){1,8}$/;
const PIECE = /([0-9]+)(?:\.([0-9]+))?(h|ms|m|s|us|ns)/g;

/** A span of time such as `1h30m` or `-1.5s`; null for anything else. */
export function readDuration(text: string): bigint | null {
  if (!DURATION.test(text)) return null;
  let total = 0n;
  for (const [, whole, fraction, unit] of text.matchAll(PIECE)) {
    const length = UNITS[unit as string] as bigint;
    total += BigInt(whole as string) * length;
    if (fraction !== undefined) total += (BigInt(fraction) * length) / 10n ** BigInt(fraction.length);
  }
  return asDuration(text.startsWith('-') ? -total : total);
}

/** A point of time, or null where the calendar ends. */
export function asTimestamp(nanoseconds: bigint): bigint | null {
  return within(nanoseconds, FIRST, LAST);
}

/** A span of time, or null where it is longer than any. */
export function asDuration(nanoseconds: bigint): bigint | null {
  return within(nanoseconds, -LONGEST, LONGEST);
}

/** A point of time in milliseconds since 1970, as one here. */
export function timestampOf(milliseconds: number): bigint {
  return BigInt(Math.trunc(milliseconds)) * MILLISECOND;
}

/** Seconds since 1970. */
export function secondsOf(timestamp: bigint): number {
  return Math.floor(Number(floorDivided(timestamp, MILLISECOND)) / 1000);
}

function within(value: bigint, least: bigint, most: bigint): bigint | null {
  return value >= least && value <= most ? value : null;
}

function floorDivided(value: bigint, by: bigint): bigint {
  const whole = value / by;
  return value % by < 0n ? whole - 1n : whole;
}

function dateOf(timestamp: bigint): Date {
  return new Date(Number(floorDivided(timestamp, MILLISECOND)));
}

/** What can be asked of a point of time, in UTC. Months, and days of the month and of the year, count from 0 but in `getDate`. */
export const TIMESTAMP_PARTS: ReadonlyMap<string, (timestamp: bigint) => number> = new Map([
  ['getFullYear', (at: bigint) => dateOf(at).getUTCFullYear()],
  ['getMonth', (at: bigint) => dateOf(at).getUTCMonth()],
  ['getDate', (at: bigint) => dateOf(at).getUTCDate()],
  ['getDayOfMonth', (at: bigint) => dateOf(at).getUTCDate() - 1],
  ['getDayOfWeek', (at: bigint) => dateOf(at).getUTCDay()],
  ['getDayOfYear', dayOfYear],
  ['getHours', (at: bigint) => dateOf(at).getUTCHours()],
  ['getMinutes', (at: bigint) => dateOf(at).getUTCMinutes()],
  ['getSeconds', (at: bigint) => dateOf(at).getUTCSeconds()],
  ['getMilliseconds', (at: bigint) => dateOf(at).getUTCMilliseconds()],
]);

function dayOfYear(timestamp: bigint): number {
  const date = dateOf(timestamp);
  const begin = new Date(0);
  begin.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - begin.getTime()) / 86_400_000);
}

/** What can be asked of a span of time: all of its hours, minutes or seconds, and the milliseconds beside those. */
export const DURATION_PARTS: ReadonlyMap<string, (duration: bigint) => number> = new Map([
  ['getHours', (span: bigint) => Number(span / (3_600n * SECOND))],
  ['getMinutes', (span: bigint) => Number(span / (60n * SECOND))],
  ['getSeconds', (span: bigint) => Number(span / SECOND)],
  ['getMilliseconds', (span: bigint) => Number((span % SECOND) / MILLISECOND)],
]);
