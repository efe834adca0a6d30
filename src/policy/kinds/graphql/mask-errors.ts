import { cutMembers, DEFAULT_BODY_LIMITS, type JsonObject, type JsonValue, parseBody } from '../../../body/index.ts';
import { findTrace } from '../upstream-errors/stack-trace.ts';

/** What became of a reply. `plain`: nothing had to be masked. `unreadable`: something had, and can't be. */
export type Masked =
  | { readonly kind: 'plain' }
  | { readonly kind: 'masked'; readonly bytes: Uint8Array }
  | { readonly kind: 'unreadable' };

const PLAIN: Masked = { kind: 'plain' };
const UNREADABLE: Masked = { kind: 'unreadable' };

/** Replies come from the operator's own API, 10 MiB at most; they may be deep where documents may. */
const REPLY_LIMITS = {
  ...DEFAULT_BODY_LIMITS,
  json: { ...DEFAULT_BODY_LIMITS.json, depth: 512, keys: 1_000_000, elements: 1_000_000 },
};

/** Under these names servers write what went wrong inside them, in any case, and with whatever between their words. */
const TELLING =
  /^(?:exceptions?|internal|statement|stack|stacktrace|trace|backtrace|debug|debugmessage|debuginfo|originalerror|innererror|file|line|sql|query|cause)$/i;
const BETWEEN_WORDS = /[-_. ]/g;
/** Of `errors` as a name: in JSON any letter of it may be written with an escape, which no usual writer does. */
const ESCAPED_LETTER = /\\u00(?:65|72|6[fF]|73)/;
/** Lists of results within a result, of `@defer` and `@stream`, each with errors of its own. */
const LATER = ['incremental', 'completed'];
/** `Did you mean "secret"?`: names of a schema that may not be asked for. */
const SUGGESTION = 'Did you mean ';
const SUGGESTION_LENGTH = 500;
const MASKED_MESSAGE = 'Internal server error';
const DEPTH_LIMIT = 8;

/**
 * Masks what the errors of a reply tell of the server's inside: members that hold traces, texts that show one, and
 * guesses at names. Everything else of the reply stays byte for byte.
 */
export function maskErrors(bytes: Uint8Array): Masked {
  if (isWide(bytes)) return UNREADABLE;
  if (!mayHaveErrors(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) return PLAIN;
  const read = parseBody('application/json', bytes, REPLY_LIMITS);
  if (!read.ok || read.value.kind !== 'json') return UNREADABLE;
  const { value } = read.value;
  if (Array.isArray(value)) {
    // Nothing of a list can be replaced in its place without writing the numbers of all of it anew.
    const arePlain = (value as readonly JsonValue[]).every((each) => maskedIn(each) === null && isPlainLater(each));
    return arePlain ? PLAIN : UNREADABLE;
  }
  if (!isPlainLater(value)) return UNREADABLE;
  const masked = maskedIn(value);
  if (masked === null) return PLAIN;
  const rest = cutMembers(bytes, value, new Map([[value as JsonObject, new Map([['errors', true]])]]));
  const end = rest.lastIndexOf('}');
  const isEmpty = Object.keys(value as JsonObject).length === 1;
  const errors = Buffer.from(`${isEmpty ? '' : ','}"errors":${JSON.stringify(masked)}`);
  return { kind: 'masked', bytes: Buffer.concat([rest.subarray(0, end), errors, rest.subarray(end)]) };
}

/**
 * Whether it is text in UTF-16 or UTF-32, which some readers of JSON know by its first bytes (RFC 4627 §3): JSON begins with two
 * characters of ASCII, or a mark.
 */
function isWide(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4).some((byte) => byte === 0 || byte >= 0xfe);
}

/** Whether any member can be called `errors`: most replies have none, and are not read any closer. */
function mayHaveErrors(text: Buffer): boolean {
  if (text.includes('"errors"')) return true;
  const from = text.indexOf('\\u00');
  return from >= 0 && ESCAPED_LETTER.test(text.toString('latin1', from));
}

/** Whether nothing has to be masked in what a result brings later, which some servers write into one reply all the same. */
function isPlainLater(result: JsonValue): boolean {
  const parts = isObject(result) ? LATER.flatMap((name) => result[name] ?? []) : [];
  return (parts as readonly JsonValue[]).every((each) => maskedIn(each) === null);
}

/** The errors of one result, masked; null where they are plain, or there are none. */
function maskedIn(value: JsonValue | undefined): JsonValue | null {
  const errors = isObject(value) ? value['errors'] : undefined;
  if (errors === undefined || errors === null) return null;
  const masked = Array.isArray(errors) ? (errors as readonly JsonValue[]).map(maskedError) : [maskedError(errors)];
  return JSON.stringify(masked) === JSON.stringify(errors) ? null : masked;
}

function maskedError(error: JsonValue): JsonValue {
  if (!isObject(error)) return { message: MASKED_MESSAGE };
  const masked: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(error)) {
    if (name === 'locations' && isLocations(value)) masked[name] = value;
    else if (name === 'message') masked[name] = maskedMessage(value);
    else if (!isTelling(name)) {
      const kept = withoutTelling(value, DEPTH_LIMIT);
      if (kept !== undefined) masked[name] = kept;
    }
  }
  return masked;
}

/** Lines and columns of the document, which is the client's own; elsewhere a line tells of the server's sources. */
function isLocations(value: JsonValue): boolean {
  if (!Array.isArray(value)) return false;
  return (value as readonly JsonValue[]).every((each) => {
    const { line, column, ...rest } = isObject(each) ? each : { other: each };
    return typeof line === 'number' && typeof column === 'number' && Object.keys(rest).length === 0;
  });
}

function isTelling(name: string): boolean {
  return TELLING.test(name.replace(BETWEEN_WORDS, ''));
}

function maskedMessage(message: JsonValue): JsonValue {
  if (typeof message !== 'string' || showsTrace(message)) return MASKED_MESSAGE;
  return withoutSuggestions(message);
}

/** A text without guesses at names. Linear: what clients sent may stand in it. */
function withoutSuggestions(text: string): string {
  let kept = '';
  let from = 0;
  let end = -1;
  for (let at = text.indexOf(SUGGESTION); at >= 0; at = text.indexOf(SUGGESTION, Math.max(from, at + 1))) {
    const first = at + SUGGESTION.length;
    if (end < first) end = text.indexOf('?', first);
    if (end < 0) break;
    if (end === first || end - first > SUGGESTION_LENGTH) continue;
    kept += text.slice(from, text[at - 1] === ' ' ? Math.max(from, at - 1) : at);
    from = end + 1;
  }
  return kept + text.slice(from);
}

/** A value without members that tell, texts that show a trace, and guesses; undefined where nothing of it may stay. */
function withoutTelling(value: JsonValue, depth: number): JsonValue | undefined {
  if (typeof value === 'string') return showsTrace(value) ? undefined : withoutSuggestions(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).flatMap((each) => withoutTelling(each, depth - 1) ?? []);
  }
  const kept: Record<string, JsonValue> = {};
  for (const [name, each] of Object.entries(value as JsonObject)) {
    const inner = isTelling(name) ? undefined : withoutTelling(each, depth - 1);
    if (inner !== undefined) kept[name] = inner;
  }
  return kept;
}

/** No message of a person's is as long as those that are not looked through. */
const TEXT_LIMIT = 64 * 1024;

function showsTrace(text: string): boolean {
  return text.length > TEXT_LIMIT || (text.length > 10 && findTrace(Buffer.from(text)) !== null);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
