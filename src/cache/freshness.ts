import { readSeconds, type ReplyDirectives } from './directives.ts';
import { readHttpDate } from './http-date.ts';
import type { Fields, ReplyTimes } from './types.ts';

/** When a reply was made, by its own word, and how old it was when it came. */
export interface Origin {
  /** Its Date, or when it came where it has none that can be read (RFC 9110 §6.6.1); the time of day in milliseconds. */
  readonly dateMs: number;
  readonly ageMs: number;
}

/**
 * How old a reply was when it came (RFC 9111 §4.2.3): the larger of what its Date and its Age say, and the time it took
 * counts as age. A Date ahead of our clock says nothing.
 */
export function originOf(fields: Fields, times: ReplyTimes): Origin {
  const date = fields.get('date');
  const dateMs = (date === null ? null : readHttpDate(date, times.wallMs)) ?? times.wallMs;
  const apparentMs = Math.max(0, times.wallMs - dateMs);
  const delayMs = Math.max(0, times.receivedAtMs - times.requestedAtMs);
  return { dateMs, ageMs: Math.max(apparentMs, readAgeMs(fields) + delayMs) };
}

/** The first member of Age counts, and only where it is a number (RFC 9111 §5.1). */
function readAgeMs(fields: Fields): number {
  const text = fields.get('age');
  return text === null ? 0 : (readSeconds((text.split(',', 1)[0] as string).trim()) ?? 0) * 1_000;
}

/**
 * How long a reply is fresh from its Date on, by its own word, in milliseconds; null where it says nothing (RFC 9111
 * §4.2.1). s-maxage comes before max-age, and that before Expires.
 */
export function explicitLifetimeMs(directives: ReplyDirectives, fields: Fields, dateMs: number): number | null {
  const seconds = directives.sMaxAge ?? directives.maxAge;
  if (seconds !== null) return seconds * 1_000;
  const expires = fields.get('expires');
  if (expires === null) return null;
  // What can't be read, above all "0", lies in the past (RFC 9111 §5.3); several of them can't be read.
  const expiresMs = readHttpDate(expires, dateMs);
  return expiresMs === null ? 0 : Math.max(0, expiresMs - dateMs);
}
