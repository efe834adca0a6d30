import { BIT_NUMBERS, DISGUISED_FIELD, FieldMark } from '../field-names.ts';
import { HeaderFields } from '../header-fields.ts';

/** The fields of a block while they are gathered: as lines of HTTP/1.1, with the words of HeaderFields over them. */
export interface FieldLines {
  text: string;
  readonly words: number[];
  /** So many of the words are filled. */
  count: number;
  /** Which fields with a number below `BIT_NUMBERS` are there, and which of them more than once: bits `1 << number`. */
  seen: number;
  repeated: number;
  lengths: number;
}

/** Lines to fill. The caller bounds them: offsets are for 16 KiB. */
export function newFieldLines(): FieldLines {
  return { text: '', words: [], count: 0, seen: 0, repeated: 0, lengths: 0 };
}

/** Makes lines new again, for there is one of them for each decoder. */
export function clearFieldLines(lines: FieldLines): void {
  lines.text = '';
  lines.count = lines.seen = lines.repeated = lines.lengths = 0;
}

/** Adds a field; `line` is its name, `: `, its value and CRLF. */
export function addLine(lines: FieldLines, name: string, number: number, line: string): void {
  const { words, count } = lines;
  const start = lines.text.length;
  const valueStart = start + name.length + 2;
  words[count] = start | (name.length << 16);
  words[count + 1] = valueStart | ((line.length - name.length - 4) << 16);
  words[count + 2] = number;
  lines.count = count + 3;
  lines.lengths |= 1 << name.length;
  lines.text += line;
  if (number <= DISGUISED_FIELD || number >= BIT_NUMBERS) return;
  const bit = 1 << number;
  lines.repeated |= lines.seen & bit;
  lines.seen |= bit;
}

/** How many fields there are. */
export function countOfFields(lines: FieldLines): number {
  return lines.count / 3;
}

/** What was gathered, apart from what will be gathered next. */
export function takeFields(lines: FieldLines, dropMarks: number = FieldMark.drop): HeaderFields {
  return new HeaderFields(lines.text, lines.words.slice(0, lines.count), lines, dropMarks);
}

/** A content-length: plain decimal digits without leading zeros, below 2^53 (RFC 9110 §8.6); else -1. */
export function readLength(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return -1;
  const length = Number(text);
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}
