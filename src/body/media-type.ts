import { err, ok, type Result } from '../base/index.ts';

/**
 * A media type as Content-Type names it. Type, subtype and parameter names are lower case; `essence` is `type/subtype`.
 * `suffix` is what follows the last plus of the subtype (`json` in `application/problem+json`), or null.
 */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly suffix: string | null;
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Why a Content-Type is not read. */
export type MediaTypeFault =
  | 'malformed'
  | 'duplicate-parameter'
  | 'extended-parameter'
  | 'too-many-parameters'
  | 'unknown-charset';

// No registered type has more than a handful, and readers differ on how many they look at.
const PARAMETERS_LIMIT = 16;

// RFC 6838 §4.2: narrower than a token, so that `*/*` and `application/json'` name no type.
const TYPE = /^([a-z0-9][a-z0-9!#$&^_.+-]{0,126})\/([a-z0-9][a-z0-9!#$&^_.+-]{0,126})/i;
const NEXT = /[\t ]*;[\t ]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9a-z-]+/iy;
// RFC 9110 §5.6.4, but with a backslash only before what needs one: some readers keep the others.
const QUOTED_STRING = /"((?:[\t !#-[\]-~]|\\["\\])*)"/y;

const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'us-ascii']);
const BINARY_TYPES: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'font', 'model']);

/**
 * Reads a Content-Type field (RFC 9110 §8.3.1), already without white space around it, in the one way it can be read.
 * Refuses what readers take in different ways: lists and other text after the type, a parameter named twice, extended
 * parameters (`charset*=`, RFC 8187; `charset*0=`, RFC 2231), more than 16 parameters, and, where the format may be text,
 * a charset other than utf-8 or us-ascii. Empty parameters (`application/json;`) are grammar and mean nothing.
 */
export function parseMediaType(field: string): Result<MediaType, MediaTypeFault> {
  const found = TYPE.exec(field);
  if (found === null) return err('malformed');
  const parameters = parseParameters(field, found[0].length);
  if (!parameters.ok) return parameters;
  const type = found[1]!.toLowerCase();
  const subtype = found[2]!.toLowerCase();
  const mediaType = {
    type,
    subtype,
    suffix: /\+([^+]+)$/.exec(subtype)?.[1] ?? null,
    essence: `${type}/${subtype}`,
    parameters: parameters.value,
  };
  const charset = charsetOf(mediaType);
  return charset === null || CHARSETS.has(charset) ? ok(mediaType) : err('unknown-charset');
}

/** The charset a media type names, in lower case; null where it names none, or is binary and so has none. */
export function charsetOf({ type, essence, parameters }: MediaType): string | null {
  if (BINARY_TYPES.has(type) || essence === 'application/octet-stream') return null;
  return parameters.get('charset')?.toLowerCase() ?? null;
}

function parseParameters(field: string, start: number): Result<ReadonlyMap<string, string>, MediaTypeFault> {
  const parameters = new Map<string, string>();
  let at = start;
  for (let count = 0; at < field.length; count++) {
    const separator = matchAt(NEXT, field, at);
    if (separator === null) return err('malformed');
    if (count === PARAMETERS_LIMIT) return err('too-many-parameters');
    at += separator[0].length;
    const name = matchAt(TOKEN, field, at)?.[0].toLowerCase();
    if (name === undefined) continue;
    at += name.length;
    if (name.includes('*')) return err('extended-parameter');
    const value = field[at] === '=' ? valueAt(field, at + 1) : null;
    if (value === null) return err('malformed');
    if (parameters.has(name)) return err('duplicate-parameter');
    parameters.set(name, value.meant);
    at += 1 + value.length;
  }
  return ok(parameters);
}

/** The token or quoted string at `at`: what it means, and its length as written. */
function valueAt(field: string, at: number): { meant: string; length: number } | null {
  const token = matchAt(TOKEN, field, at);
  if (token !== null) return { meant: token[0], length: token[0].length };
  const quoted = matchAt(QUOTED_STRING, field, at);
  return quoted && { meant: quoted[1]!.replace(/\\(.)/g, '$1'), length: quoted[0].length };
}

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}
