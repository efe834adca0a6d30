import { type BareItem, readFieldItem } from '../../base/index.ts';
import { isDate } from './format-time.ts';

/** The longest texts that are looked at; formats of numbers and times are short. */
const LENGTH_LIMIT = 128;
const MEDIA_RANGE_LIMIT = 1024;

/** One character, a code point that is none half. */
export function isCharacter(text: string): boolean {
  return text.length <= 2 && text.isWellFormed() && Array.from(text).length === 1;
}

/** A fixed-point number as text, of any precision. */
export function isDecimal(text: string): boolean {
  return text.length <= LENGTH_LIMIT && /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text);
}

/** A number that decimal128 of IEEE 754 holds: 34 digits that count, and an exponent from -6143 to 6144. */
export function isDecimal128(text: string): boolean {
  const found = text.length > LENGTH_LIMIT ? null : /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,5}))?$/.exec(text);
  if (found === null) return false;
  const digits = `${found[1]}${found[2] ?? ''}`.replace(/^0+/, '').replace(/0+$/, '');
  // Where the first digit that counts stands; of zero it does not matter.
  const magnitude = Number(found[3] ?? 0) + found[1]!.replace(/^0+/, '').length - 1;
  return digits.length <= 34 && (digits === '' || (magnitude >= -6143 && magnitude <= 6144));
}

const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HTTP_DATE =
  /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60) GMT$/;

/** An IMF-fixdate of RFC 9110 §5.6.7, on a day that the calendar has under that name; older forms are none. */
export function isHttpDate(text: string): boolean {
  const found = text.length === 29 ? HTTP_DATE.exec(text) : null;
  if (found === null) return false;
  const month = MONTHS.indexOf(found[3]!) + 1;
  const date = `${found[4]}-${String(month).padStart(2, '0')}-${found[2]}`;
  return month > 0 && isDate(date) && DAY_NAMES[new Date(`${date}T00:00:00Z`).getUTCDay()] === found[1];
}

const LOCAL_TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,100})?$/;

/** A `partial-time` of RFC 3339 §5.6: without a zone. */
export function isLocalTime(text: string): boolean {
  return text.length <= LENGTH_LIMIT && LOCAL_TIME.test(text);
}

/** A date and a time of RFC 3339 without a zone. */
export function isLocalDateTime(text: string): boolean {
  return /^.{10}[Tt]/.test(text) && isDate(text.slice(0, 10)) && isLocalTime(text.slice(11));
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}";
const PARAMETER = `[ \\t]{0,8};[ \\t]{0,8}${TOKEN}=(?:${TOKEN}|"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~]){0,255}")`;
const MEDIA_RANGE = new RegExp(`^(?:\\*/\\*|${TOKEN}/${TOKEN})(?:${PARAMETER}){0,16}$`);

/** A media range (RFC 9110 §12.5.1), without a quality. */
export function isMediaRange(text: string): boolean {
  return text.length <= MEDIA_RANGE_LIMIT && MEDIA_RANGE.test(text) && !(text.startsWith('*/') && text[2] !== '*');
}

/** Whether a text is a structured field of one item of a kind, without parameters (RFC 9651 §3.3). */
export function isFieldItem(text: string, kind: BareItem['kind']): boolean {
  if (text.startsWith(' ') || text.endsWith(' ')) return false;
  const read = readFieldItem(text);
  return read.ok && read.value.item.kind === kind && read.value.parameters.size === 0;
}

/** Whether a number is an integer or a decimal of structured fields (RFC 9651 §3.3.1, §3.3.2), as it is written in JSON. */
export function isFieldNumber(value: number, kind: 'integer' | 'decimal'): boolean {
  if (kind === 'integer') return Number.isInteger(value) && Math.abs(value) <= 999_999_999_999_999;
  return Math.abs(value) < 1e12 && Number.isInteger(Number((value * 1000).toPrecision(15)));
}
