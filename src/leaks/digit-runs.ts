import { isDigit, LETTERS_AND_DIGITS } from './characters.ts';

const SPACE = 0x20;
const DASH = 0x2d;
const LEAST_CHARACTERS = 11;
/** A longer series is told of in parts, each of which begins with the end of the one before. */
const GROUP_LIMIT = 1_024;
/** So many groups are more than any number of a card has. */
const CARRIED = 5;

/** Digits with a separator between groups: where each group begins and ends, and what stands between them. */
export interface DigitGroup {
  readonly from: number;
  readonly to: number;
}

/** Digits, spaces and dashes. */
const IN_RUN = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x30 && byte <= 0x39) || byte === SPACE || byte === DASH ? 1 : 0,
);

/**
 * Tells of each series of groups of digits with one and the same separator between them, a space or a dash, of eleven
 * characters and more. What is joined to a letter is no number. Few bytes are looked at: a run can't hide between two looks that are eleven
 * apart.
 */
export function eachDigitSeries(bytes: Uint8Array, found: (groups: readonly DigitGroup[]) => void): void {
  let done = 0;
  for (let at = LEAST_CHARACTERS - 1; at < bytes.length; at += LEAST_CHARACTERS) {
    if (IN_RUN[bytes[at] as number] === 0) continue;
    let from = at;
    while (from > done && IN_RUN[bytes[from - 1] as number] === 1) from--;
    let to = at + 1;
    while (to < bytes.length && IN_RUN[bytes[to] as number] === 1) to++;
    if (to - from >= LEAST_CHARACTERS) tellSeries(bytes, { from, to }, found);
    done = to;
    at = Math.max(at, to - 1);
  }
}

/** Parts a run where two separators meet, where the separator changes, and where letters are joined. */
function tellSeries(bytes: Uint8Array, run: DigitGroup, found: (groups: readonly DigitGroup[]) => void): void {
  let groups: DigitGroup[] = [];
  let separator = 0;
  const close = (): void => {
    if (groups.length > 0) found(groups);
    groups = [];
    separator = 0;
  };
  let at = run.from;
  while (at < run.to) {
    const from = at;
    while (at < run.to && isDigit(bytes[at])) at++;
    if (at > from && !isJoined(bytes, from, at)) groups.push({ from, to: at });
    else if (at > from) close();
    const mark = bytes[at] as number;
    const isSingle = at > from && at + 1 < run.to && isDigit(bytes[at + 1]);
    if (!isSingle) close();
    else if (groups.length > 1 && mark !== separator) {
      const last = groups[groups.length - 1] as DigitGroup;
      close();
      groups.push(last);
    }
    if (isSingle) separator = mark;
    if (groups.length >= GROUP_LIMIT) {
      found(groups);
      groups = groups.slice(-CARRIED);
    }
    at++;
  }
  close();
}

const DOT = 0x2e;
const UNDERSCORE = 0x5f;

/** Whether a letter, an underscore or the point of a decimal stands beside these digits. */
function isJoined(bytes: Uint8Array, from: number, to: number): boolean {
  const [before, after] = [bytes[from - 1], bytes[to]];
  if (before !== undefined && (LETTERS_AND_DIGITS[before] === 1 || before === UNDERSCORE)) return true;
  if (after !== undefined && (LETTERS_AND_DIGITS[after] === 1 || after === UNDERSCORE)) return true;
  return before === DOT && from > 1 && isDigit(bytes[from - 2]);
}
