import { type LedgerRecord, RECORD_VERSION } from '../base/index.ts';

/** Longer texts are cut on their way into the ledger; only hostile ones are. */
export const TEXT_LIMIT = 1_024;

/** No line is longer: ten texts of 1,024 characters, each escaped to six, and room. */
export const LINE_LIMIT_BYTES = 64 * 1024;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
/** Whole numbers below it are written by digits; the last seven of them and those before are small integers then. */
const DIGITS_LIMIT = 1e15;
const SEVEN_DIGITS = 1e7;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const KIND_INTENT = ascii(`{"version":${RECORD_VERSION},"kind":"intent","id":`);
const KIND_COMPLETION = ascii(`{"version":${RECORD_VERSION},"kind":"completion","id":`);
const KIND_CHANGE = ascii(`{"version":${RECORD_VERSION},"kind":"change","id":`);
const AT = ascii(',"at":');
const REVISION = ascii(',"revision":');
const API = ascii(',"api":');
const OPERATION = ascii(',"operation":');
const METHOD = ascii(',"method":');
const SUBJECT = ascii(',"subject":');
const ADDRESS = ascii(',"address":');
const VERDICT = ascii(',"verdict":');
const PROBLEM = ascii(',"problem":');
const POLICY = ascii(',"policy":');
const RULE = ascii(',"rule":');
const STATUS = ascii(',"status":');
const UPSTREAM_STATUS = ascii(',"upstreamStatus":');
const REQUEST_BYTES = ascii(',"requestBytes":');
const RESPONSE_BYTES = ascii(',"responseBytes":');
const DURATION = ascii(',"durationUs":');
const UPSTREAM = ascii(',"upstreamUs":');
const COMPLETE = ascii(',"complete":true}\n');
const INCOMPLETE = ascii(',"complete":false}\n');
const AUTHOR = ascii(',"author":');
const ACTION = ascii(',"action":');
const TARGET = ascii(',"target":');
const BEFORE = ascii(',"before":');
const AFTER = ascii(',"after":');
const NULL = ascii('null');

/**
 * Writes a record as one line of JSON in printable ASCII, with its line break, to `target` from `from` on, and gives
 * the position behind it; `LINE_LIMIT_BYTES` of room are enough for any. What is not printable ASCII is escaped, so that
 * a line breaks nowhere and colours no terminal. Texts of more than 1,024 characters are cut, and end in `…` then. Bytes
 * and no strings, because it runs twice for each request; the fields are those of the type, in its order.
 */
export function encodeRecord(record: LedgerRecord, target: Uint8Array, from: number): number {
  switch (record.kind) {
    case 'intent': {
      let at = head(target, from, KIND_INTENT, record);
      at = number(target, copy(target, at, REVISION), record.revision);
      at = textOrNull(target, copy(target, at, API), record.api);
      at = textOrNull(target, copy(target, at, OPERATION), record.operation);
      at = text(target, copy(target, at, METHOD), record.method);
      at = textOrNull(target, copy(target, at, SUBJECT), record.subject);
      at = text(target, copy(target, at, ADDRESS), record.address);
      at = text(target, copy(target, at, VERDICT), record.verdict);
      at = textOrNull(target, copy(target, at, PROBLEM), record.problem);
      at = textOrNull(target, copy(target, at, POLICY), record.policy);
      return close(target, textOrNull(target, copy(target, at, RULE), record.rule));
    }
    case 'completion': {
      let at = head(target, from, KIND_COMPLETION, record);
      at = number(target, copy(target, at, STATUS), record.status);
      at = numberOrNull(target, copy(target, at, UPSTREAM_STATUS), record.upstreamStatus);
      at = textOrNull(target, copy(target, at, PROBLEM), record.problem);
      at = number(target, copy(target, at, REQUEST_BYTES), record.requestBytes);
      at = number(target, copy(target, at, RESPONSE_BYTES), record.responseBytes);
      at = number(target, copy(target, at, DURATION), record.durationUs);
      at = numberOrNull(target, copy(target, at, UPSTREAM), record.upstreamUs);
      return copy(target, at, record.complete ? COMPLETE : INCOMPLETE);
    }
    case 'change': {
      let at = head(target, from, KIND_CHANGE, record);
      at = text(target, copy(target, at, AUTHOR), record.author);
      at = text(target, copy(target, at, ACTION), record.action);
      at = text(target, copy(target, at, TARGET), record.target);
      at = textOrNull(target, copy(target, at, BEFORE), record.before);
      return close(target, textOrNull(target, copy(target, at, AFTER), record.after));
    }
  }
}

function head(target: Uint8Array, from: number, kind: Uint8Array, record: LedgerRecord): number {
  const at = text(target, copy(target, from, kind), record.id);
  return number(target, copy(target, at, AT), record.at);
}

function close(target: Uint8Array, at: number): number {
  target[at] = 0x7d;
  target[at + 1] = NEWLINE;
  return at + 2;
}

/** A loop, because a call of `set` costs more than these few bytes. */
function copy(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  for (let n = 0; n < length; n++) target[at + n] = bytes[n] as number;
  return at + length;
}

function text(target: Uint8Array, at: number, value: string): number {
  const { length } = value;
  if (length > TEXT_LIMIT) return escaped(target, at, `${value.slice(0, TEXT_LIMIT - 1)}…`);
  target[at] = QUOTE;
  let to = at + 1;
  for (let n = 0; n < length; n++) {
    const code = value.charCodeAt(n);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return escaped(target, at, value);
    target[to++] = code;
  }
  target[to] = QUOTE;
  return to + 1;
}

function escaped(target: Uint8Array, at: number, value: string): number {
  const plain = JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return characters(target, at, plain);
}

function characters(target: Uint8Array, at: number, plain: string): number {
  for (let n = 0; n < plain.length; n++) target[at + n] = plain.charCodeAt(n);
  return at + plain.length;
}

function textOrNull(target: Uint8Array, at: number, value: string | null): number {
  return value === null ? copy(target, at, NULL) : text(target, at, value);
}

/** What is no number is a bug elsewhere; it makes its record unreadable, never the line of another. */
function number(target: Uint8Array, at: number, value: number): number {
  if (!(value >= 0 && value < DIGITS_LIMIT && Math.floor(value) === value)) {
    return Number.isFinite(value) ? characters(target, at, String(value)) : copy(target, at, NULL);
  }
  if (value < SEVEN_DIGITS) return digits(target, at, value | 0, 1);
  const upper = Math.floor(value / SEVEN_DIGITS);
  return digits(target, digits(target, at, upper | 0, 1), (value - upper * SEVEN_DIGITS) | 0, 7);
}

/** A whole number below a thousand million, with zeros in front up to `least` digits. */
function digits(target: Uint8Array, at: number, value: number, least: number): number {
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

function numberOrNull(target: Uint8Array, at: number, value: number | null): number {
  return value === null ? copy(target, at, NULL) : number(target, at, value);
}

type FieldType = 'text' | 'text?' | 'number' | 'number?' | 'flag';

const FIELDS: Readonly<Record<LedgerRecord['kind'], Readonly<Record<string, FieldType>>>> = {
  intent: {
    id: 'text',
    at: 'number',
    revision: 'number',
    api: 'text?',
    operation: 'text?',
    method: 'text',
    subject: 'text?',
    address: 'text',
    verdict: 'text',
    problem: 'text?',
    policy: 'text?',
    rule: 'text?',
  },
  completion: {
    id: 'text',
    at: 'number',
    status: 'number',
    upstreamStatus: 'number?',
    problem: 'text?',
    requestBytes: 'number',
    responseBytes: 'number',
    durationUs: 'number',
    upstreamUs: 'number?',
    complete: 'flag',
  },
  change: {
    id: 'text',
    at: 'number',
    author: 'text',
    action: 'text',
    target: 'text',
    before: 'text?',
    after: 'text?',
  },
};

/**
 * The record that a text holds, or null where it holds none of this version. Codes and verdicts are kept as they are:
 * an earlier version of this program may have had others.
 */
export function decodeRecord(text: string): LedgerRecord | null {
  const value = parseObject(text);
  if (value === null || value['version'] !== RECORD_VERSION) return null;
  const kind = value['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return null;
  const fields = Object.entries(FIELDS[kind as LedgerRecord['kind']]);
  if (Object.keys(value).length !== fields.length + 2) return null;
  const fits = fields.every(([name, type]) => Object.hasOwn(value, name) && isOf(type, value[name]));
  return fits ? (value as unknown as LedgerRecord) : null;
}

/** The object that a JSON text is, or null where it is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

function isOf(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'text?':
      return value === null || typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'number?':
      return value === null || typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
  }
}
