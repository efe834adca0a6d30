const MONTHS: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** The three forms of a date (RFC 9110 §5.6.7): the one that is written now, and two old ones that must be read. */
const IMF = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** More years ahead than this, and a year of two digits is one of the century before. */
const YEARS_AHEAD = 50;

/**
 * A date of a field in milliseconds since 1970, or null where it is none. `nowMs` is the time of day: a year of two
 * digits is taken to be at most 50 years ahead (RFC 9110 §5.6.7).
 */
export function readHttpDate(text: string, nowMs: number): number | null {
  const imf = IMF.exec(text);
  if (imf !== null) return timeOf(imf, { day: 1, month: 2, year: 3, hour: 4 }, null);
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return timeOf(asctime, { day: 2, month: 1, year: 6, hour: 3 }, null);
  const old = RFC_850.exec(text);
  return old === null ? null : timeOf(old, { day: 1, month: 2, year: 3, hour: 4 }, nowMs);
}

/** Which group of a match holds what; minutes and seconds stand behind the hour. */
interface Groups {
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly hour: number;
}

/** `nowMs` is null where the year has four digits. */
function timeOf(match: RegExpExecArray, groups: Groups, nowMs: number | null): number | null {
  const at = (group: number): number => Number(match[group]);
  const month = MONTHS.indexOf(match[groups.month] as string);
  const [day, hour, minute, second] = [at(groups.day), at(groups.hour), at(groups.hour + 1), at(groups.hour + 2)];
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return null;
  const midnightMs =
    nowMs === null ? dayIn(at(groups.year), month, day) : nearestDay(at(groups.year), month, day, nowMs);
  return midnightMs === null ? null : midnightMs + ((hour * 60 + minute) * 60 + second) * 1_000;
}

function nearestDay(year: number, month: number, day: number, nowMs: number): number | null {
  const now = new Date(nowMs);
  const thisYear = now.getUTCFullYear();
  const guessed = thisYear - (thisYear % 100) + year;
  const latest = now.setUTCFullYear(thisYear + YEARS_AHEAD);
  const found = dayIn(guessed + 100, month, day);
  if (found !== null && found <= latest) return found;
  const near = dayIn(guessed, month, day);
  return near !== null && near > latest ? dayIn(guessed - 100, month, day) : near;
}

/** Null where the month has no such day. */
function dayIn(year: number, month: number, day: number): number | null {
  // Date.UTC takes years below 100 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCDate() === day && date.getUTCMonth() === month ? date.getTime() : null;
}
