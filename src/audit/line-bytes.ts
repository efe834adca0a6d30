/** Longer texts are cut on their way into the ledger; only hostile ones are. */
export const TEXT_LIMIT = 1_024;

/** No line is longer: ten texts of 1,024 characters, each escaped to six, and room. */
export const LINE_LIMIT_BYTES = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
/** Whole numbers below it are written by digits; the last seven of them and those before are small integers then. */
const DIGITS_LIMIT = 1e15;
const SEVEN_DIGITS = 1e7;
const NULL = ascii('null');

/** The bytes of a text in ASCII. */
export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Writes bytes and gives the position behind them. A loop, because a call of `set` costs more than these few bytes. */
export function putBytes(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  for (let n = 0; n < length; n++) target[at + n] = bytes[n] as number;
  return at + length;
}

/**
 * Writes a text as JSON in printable ASCII and gives the position behind it. What is not printable ASCII is escaped. A
 * text of more than 1,024 characters is cut, and ends in `…` then.
 */
export function putText(target: Uint8Array, at: number, value: string): number {
  const { length } = value;
  if (length > TEXT_LIMIT) return putEscaped(target, at, `${value.slice(0, TEXT_LIMIT - 1)}…`);
  target[at] = QUOTE;
  let to = at + 1;
  for (let n = 0; n < length; n++) {
    const code = value.charCodeAt(n);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return putEscaped(target, at, value);
    target[to++] = code;
  }
  target[to] = QUOTE;
  return to + 1;
}

/** The same, or `null`. */
export function putTextOrNull(target: Uint8Array, at: number, value: string | null): number {
  return value === null ? putBytes(target, at, NULL) : putText(target, at, value);
}

function putEscaped(target: Uint8Array, at: number, value: string): number {
  const plain = JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return putCharacters(target, at, plain);
}

function putCharacters(target: Uint8Array, at: number, plain: string): number {
  for (let n = 0; n < plain.length; n++) target[at + n] = plain.charCodeAt(n);
  return at + plain.length;
}

/**
 * Writes a number as JSON has it, and gives the position behind it. What is no number is a bug elsewhere; it is written
 * as `null`, which makes its record unreadable, never the line of another.
 */
export function putNumber(target: Uint8Array, at: number, value: number): number {
  if (!(value >= 0 && value < DIGITS_LIMIT && Math.floor(value) === value)) {
    return Number.isFinite(value) ? putCharacters(target, at, String(value)) : putBytes(target, at, NULL);
  }
  if (value < SEVEN_DIGITS) return putDigits(target, at, value | 0, 1);
  const upper = Math.floor(value / SEVEN_DIGITS);
  return putDigits(target, putDigits(target, at, upper | 0, 1), (value - upper * SEVEN_DIGITS) | 0, 7);
}

/** The same, or `null`. */
export function putNumberOrNull(target: Uint8Array, at: number, value: number | null): number {
  return value === null ? putBytes(target, at, NULL) : putNumber(target, at, value);
}

/** A whole number below a thousand million, with zeros in front up to `least` digits. */
function putDigits(target: Uint8Array, at: number, value: number, least: number): number {
  let count = least;
  for (let bound = least === 1 ? 10 : SEVEN_DIGITS; value >= bound; bound *= 10) count++;
  let rest = value;
  for (let n = at + count - 1; n >= at; n--) {
    const tenth = (rest / 10) | 0;
    target[n] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + count;
}
