import { err, hexValue, ok, type Result } from '../../base/index.ts';
import { BAD_ENCODING } from './unreadable.ts';

/**
 * Named texts, each name with its values in the order sent, and how a value is decoded (null where it can't be).
 * `encoded` is false where they were decoded before, so that a delimiter can't be told from the same character in a value.
 */
export interface Fields {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly encoded: boolean;
  readonly decode: (raw: string) => string | null;
}

/** As for forms in bodies: more than any query has, and past it some servers drop the rest unsaid. */
const PAIRS_LIMIT = 1_000;

const NOTHING: Fields = { values: new Map(), encoded: true, decode: decodeFormText };

/**
 * Splits a query (without its `?`, or null) into pairs as WHATWG URL §5.1 does: names are decoded, values are left as
 * they came, since a delimiter must be told from the same character encoded. Nothing between two ampersands is no
 * pair. Fails with words that continue "the query …" for: an empty name, bad percent-encoding of a name, too many pairs, and the
 * semicolon, at which older servers split too.
 */
export function splitQuery(query: string | null): Result<Fields, string> {
  if (query === null || query === '') return ok(NOTHING);
  if (query.includes(';')) return err('has a semicolon that is not encoded, at which some servers split');
  const values = new Map<string, string[]>();
  let at = 0;
  for (let count = 0; at < query.length; count++) {
    if (count === PAIRS_LIMIT) return err(`has more than ${PAIRS_LIMIT} pairs`);
    const found = query.indexOf('&', at);
    const end = found < 0 ? query.length : found;
    if (end > at) {
      const equals = query.indexOf('=', at);
      const nameEnd = equals < 0 || equals > end ? end : equals;
      const name = decodeFormText(query.slice(at, nameEnd));
      if (name === null) return err(BAD_ENCODING.message);
      if (name === '') return err('has a parameter without a name');
      const value = query.slice(Math.min(nameEnd + 1, end), end);
      const before = values.get(name);
      if (before === undefined) values.set(name, [value]);
      else before.push(value);
    }
    at = end + 1;
  }
  return ok({ values, encoded: true, decode: decodeFormText });
}

/** Decodes a name or a value of a query: a plus is a space. Null for what is not percent-encoded UTF-8, and for NUL. */
export function decodeFormText(raw: string): string | null {
  return decodePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
}

/** Decodes percent-encoded UTF-8 (RFC 3629: no overlong forms); null for anything else, and for NUL. */
export function decodePercent(raw: string): string | null {
  let text = '';
  let from = 0;
  for (let at = raw.indexOf('%'); at >= 0; at = raw.indexOf('%', from)) {
    const high = hexValue(raw.charCodeAt(at + 1));
    const low = hexValue(raw.charCodeAt(at + 2));
    if (high < 0 || low < 0) return null;
    // Most escapes are of ASCII, and the general way costs several times as much.
    if (high > 7) return decodeUtf8(raw);
    if (high + low === 0) return null;
    text += raw.slice(from, at) + String.fromCharCode(high * 16 + low);
    from = at + 3;
  }
  return from === 0 ? raw : text + raw.slice(from);
}

function decodeUtf8(raw: string): string | null {
  try {
    const text = decodeURIComponent(raw);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** For texts that are not encoded, or were decoded before. */
export function asItStands(raw: string): string {
  return raw;
}
