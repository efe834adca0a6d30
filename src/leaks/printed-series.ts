import { isDigit, LETTERS_AND_DIGITS } from './characters.ts';
import type { DigitGroup } from './digit-runs.ts';

const POINT = 0x2e;
const UNDERSCORE = 0x5f;
/** All bytes of characters beyond ASCII are as large. */
const BEYOND_ASCII = 0x80;
/** No character that is printed between groups has more bytes in UTF-8. */
const WIDTH_LIMIT = 3;
/** With one point between them digits are a decimal. */
const LEAST_POINTED = 3;
/** No number that is looked for has longer groups, or more of them. */
const DIGITS_LIMIT = 20;
const GROUPS_LIMIT = 5;

/** Digits, points, and all that is beyond ASCII. */
const IN_SERIES = Uint8Array.from({ length: 256 }, (_, byte) =>
  isDigit(byte) || byte === POINT || byte >= BEYOND_ASCII ? 1 : 0,
);
/** Of so many bytes one is looked at: before and behind the first mark of a number four digits stand at least. */
const STEP = 8;
const HALF = 4;

/**
 * Tells of each five groups of digits at most, one behind the other, with a point or one character beyond ASCII, such as a
 * space that does not break, between them: the same between all.
 */
export function eachPrintedSeries(bytes: Uint8Array, found: (groups: readonly DigitGroup[]) => void): void {
  for (let at = 0; at < bytes.length + HALF; at += STEP) {
    const here = bytes[at] ?? POINT;
    if (IN_SERIES[here] === 0 || (here === POINT && !isDigit(bytes[at - 1]) && at < bytes.length)) continue;
    const last = Math.min(bytes.length - 2, at + HALF);
    for (let mark = Math.max(1, at - HALF + 1); mark <= last; mark++) {
      const byte = bytes[mark] as number;
      if ((byte !== POINT && byte < BEYOND_ASCII) || !isDigit(bytes[mark - 1])) continue;
      const groups = groupsAround(bytes, mark);
      if (groups.length >= (byte === POINT ? LEAST_POINTED : 2)) found(groups);
    }
  }
}

/** How many bytes the character here has; of one beyond ASCII no more are counted than may stand between groups. */
export function widthAt(bytes: Uint8Array, at: number): number {
  let width = 1;
  if ((bytes[at] as number) < BEYOND_ASCII) return width;
  while (width < WIDTH_LIMIT && (bytes[at + width] ?? 0) >= BEYOND_ASCII) width++;
  return width;
}

/** The group before a mark and those behind it; of what is joined to letters none. */
function groupsAround(bytes: Uint8Array, mark: number): readonly DigitGroup[] {
  let from = mark;
  while (mark - from < DIGITS_LIMIT && isDigit(bytes[from - 1])) from--;
  if (from === mark || isInWord(bytes[from - 1])) return [];
  const width = widthAt(bytes, mark);
  const groups: DigitGroup[] = [{ from, to: mark }];
  for (let at = mark; groups.length < GROUPS_LIMIT && isSame(bytes, { at, mark, width }); ) {
    const start = at + width;
    let to = start;
    while (to - start < DIGITS_LIMIT && isDigit(bytes[to])) to++;
    if (to === start || isInWord(bytes[to])) break;
    groups.push({ from: start, to });
    at = to;
  }
  return groups;
}

function isSame(
  bytes: Uint8Array,
  { at, mark, width }: { readonly at: number; readonly mark: number; readonly width: number },
): boolean {
  for (let index = 0; index < width; index++) if (bytes[at + index] !== bytes[mark + index]) return false;
  return true;
}

function isInWord(byte: number | undefined): boolean {
  return byte !== undefined && (LETTERS_AND_DIGITS[byte] === 1 || byte === UNDERSCORE);
}
