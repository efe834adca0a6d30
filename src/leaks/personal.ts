import { isDigit, LETTERS_AND_DIGITS } from './characters.ts';
import type { DigitGroup } from './digit-runs.ts';
import type { Finding } from './finding.ts';

const set = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0));

/** The local part without quotes (RFC 5321 §4.1.2), but for `'` and the like, which mostly stand around addresses. */
const IN_LOCAL = set(/[A-Za-z0-9._%+!#$&*=?^~-]/);
const IN_DOMAIN = set(/[A-Za-z0-9.-]/);
const LOCAL_LIMIT = 64;
const DOMAIN_LIMIT = 255;
const DOT = 0x2e;

/** The address of mail around this `@`. */
export function emailAt(bytes: Uint8Array, at: number): Finding | undefined {
  let from = at;
  while (from > 0 && at - from < LOCAL_LIMIT && IN_LOCAL[bytes[from - 1] as number] === 1) from--;
  let to = at + 1;
  while (to < bytes.length && to - at <= DOMAIN_LIMIT && IN_DOMAIN[bytes[to] as number] === 1) to++;
  while (to > at + 1 && LETTERS_AND_DIGITS[bytes[to - 1] as number] === 0) to--;
  // Not beyond the domain: a text without points would be gone through for each of its marks.
  const dot = at + bytes.subarray(at, to).lastIndexOf(DOT);
  if (from === at || dot <= at + 1 || to - dot < 3 || isDigit(bytes[to - 1])) return undefined;
  return { kind: 'emails', form: 'email', from, to, whole: true };
}

const LEAST_DIGITS = 8;
/** ITU-T E.164 §6.2.1. */
const MOST_DIGITS = 15;
const SEPARATORS = set(/[ ().-]/);
const ZERO = 0x30;

/** The number of a telephone behind this `+`, as it is written between countries. */
export function phoneAt(bytes: Uint8Array, at: number): Finding | undefined {
  const [before, first] = [bytes[at - 1], bytes[at + 1]];
  if (!isDigit(first) || first === ZERO) return undefined;
  if (before !== undefined && LETTERS_AND_DIGITS[before] === 1) return undefined;
  let digits = 0;
  let end = at + 1;
  let separators = 0;
  for (let to = at + 1; to < bytes.length && separators <= 2; to++) {
    const byte = bytes[to] as number;
    if (isDigit(byte)) {
      digits++;
      separators = 0;
      end = to + 1;
    } else if (SEPARATORS[byte] === 1) separators++;
    else break;
    if (digits > MOST_DIGITS) return undefined;
  }
  const after = bytes[end];
  const isJoined = after !== undefined && LETTERS_AND_DIGITS[after] === 1;
  if (digits < LEAST_DIGITS || isJoined) return undefined;
  return { kind: 'phones', form: 'phone', from: at, to: end, whole: true };
}

const DASH = 0x2d;

/** Whether these groups are a social security number of the United States, by the ranges that are given out. */
export function isSocialSecurityNumber(bytes: Uint8Array, groups: readonly DigitGroup[]): boolean {
  const [area, group, serial, more] = groups;
  if (area === undefined || group === undefined || serial === undefined || more !== undefined) return false;
  if (bytes[area.to] !== DASH) return false;
  const numbers = groups.map(({ from, to }) => Buffer.from(bytes.subarray(from, to)).toString('latin1'));
  const [first = '', second = '', third = ''] = numbers;
  if (first.length !== 3 || second.length !== 2 || third.length !== 4) return false;
  return first !== '000' && first !== '666' && first < '900' && second !== '00' && third !== '0000';
}
