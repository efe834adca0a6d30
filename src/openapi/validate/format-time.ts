/** The longest texts that are looked at; formats of times are short. */
const LENGTH_LIMIT = 128;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d{1,100})?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const DURATION_DAYS = '(?:\\d{1,100}D|\\d{1,100}M(?:\\d{1,100}D)?|\\d{1,100}Y(?:\\d{1,100}M(?:\\d{1,100}D)?)?)';
const DURATION_TIME = 'T(?:\\d{1,100}S|\\d{1,100}M(?:\\d{1,100}S)?|\\d{1,100}H(?:\\d{1,100}M(?:\\d{1,100}S)?)?)';
const DURATION = new RegExp(`^P(?:${DURATION_DAYS}(?:${DURATION_TIME})?|${DURATION_TIME}|\\d{1,100}W)$`);

/** A `full-date` of RFC 3339 §5.6, one that the calendar has. */
export function isDate(text: string): boolean {
  if (text.length !== 10) return false;
  const found = DATE.exec(text);
  if (found === null) return false;
  const month = Number(found[2]);
  const day = Number(found[3]);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(Number(found[1]), month);
}

/** A `full-time` of RFC 3339 §5.6; second 60 only where it is the last one of a day in UTC (§5.7). */
export function isTime(text: string): boolean {
  const found = text.length > LENGTH_LIMIT ? null : TIME.exec(text);
  if (found === null) return false;
  if (found[3] !== '60') return true;
  const offset = (Number(found[5] ?? 0) * 60 + Number(found[6] ?? 0)) * (found[4] === '-' ? -1 : 1);
  const minutes = Number(found[1]) * 60 + Number(found[2]) - offset;
  return (minutes + 2 * 1440) % 1440 === 1439;
}

/** A `date-time` of RFC 3339 §5.6. */
export function isDateTime(text: string): boolean {
  const separator = text[10];
  return (separator === 'T' || separator === 't') && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/** A `duration` of RFC 3339, appendix A. */
export function isDuration(text: string): boolean {
  return text.length <= LENGTH_LIMIT && DURATION.test(text);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
