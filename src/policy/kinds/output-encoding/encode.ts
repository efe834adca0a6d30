/** What a body is that a browser would read as a page: JSON, what only looks like it, or a page indeed. */
export type PageBody =
  | { readonly kind: 'json'; readonly encoded: Buffer | null }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'page' };

/** More is not read as JSON: whoever sends that much as a page is not worth the time. */
const READ_LIMIT_BYTES = 1024 * 1024;

const OPENING = { brace: 0x7b, bracket: 0x5b, quote: 0x22, parenthesis: 0x29 } as const;
/** How JSON begins that holds text, a guard before it, and what has characters of two octets. */
const NO_PAGE: ReadonlySet<number> = new Set([...Object.values(OPENING), 0x00, 0xfe, 0xff]);
/** The byte order mark of UTF-8. */
const MARK: readonly number[] = [0xef, 0xbb, 0xbf];
const QUOTE_END = 0x27;
const SEPARATORS = Buffer.from('\u2028');
const SEPARATOR_FIRST = SEPARATORS[0] as number;
const SEPARATOR_SECOND = SEPARATORS[1] as number;
const LINE_SEPARATOR = SEPARATORS[2] as number;

/** What each octet is written as that HTML or JavaScript would read: `<`, `>`, `&` and `'`. In JSON they stand in strings alone. */
const ESCAPES: ReadonlyMap<number, string> = new Map(
  ['<', '>', '&', String.fromCharCode(QUOTE_END)].map((text) => [
    text.charCodeAt(0),
    `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`,
  ]),
);

/**
 * Looks at a body that would be rendered. JSON comes back as a document that is equal to it and holds nothing that HTML or
 * JavaScript reads as its own (`encoded` is null where it held nothing of it before); what begins like JSON and is none, or
 * is too long to tell, is doubtful.
 */
export function readPageBody(bytes: Uint8Array): PageBody {
  const start = startOf(bytes);
  const first = bytes[start];
  if (isWide(bytes)) return { kind: 'doubtful' };
  const looks = first === OPENING.brace || first === OPENING.bracket;
  // What guards JSON from being run as a script: `)]}'` on a line before it.
  if (first === OPENING.parenthesis && bytes[start + 1] === 0x5d) return { kind: 'doubtful' };
  if (!looks && first !== OPENING.quote) return { kind: 'page' };
  if (bytes.length <= READ_LIMIT_BYTES && isJson(bytes)) return { kind: 'json', encoded: encoded(bytes) };
  return { kind: looks ? 'doubtful' : 'page' };
}

/** Whether a body that begins so may be more than a page; null where all of it is blank yet. */
export function mayBeJson(bytes: Uint8Array): boolean | null {
  const first = bytes[startOf(bytes)];
  if (first === undefined) return null;
  return NO_PAGE.has(first) || (first === MARK[0] && bytes.length < MARK.length ? null : false);
}

/** Behind a byte order mark and what JSON takes for blank, and HTML too. */
function startOf(bytes: Uint8Array): number {
  let at = MARK.every((octet, index) => bytes[index] === octet) ? MARK.length : 0;
  while (isBlank(bytes[at])) at++;
  return at;
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || (octet !== undefined && octet >= 0x09 && octet <= 0x0d);
}

/** Whether its characters have two octets or four: by its mark a browser reads it so, and nothing here does. */
function isWide(bytes: Uint8Array): boolean {
  const [first = 1, second = 1] = bytes;
  return (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe) || first === 0 || second === 0;
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function encoded(bytes: Uint8Array): Buffer | null {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < source.length; at++) {
    const octet = source[at] as number;
    const separator = octet === SEPARATOR_FIRST ? separatorAt(source, at) : null;
    const escape = separator ?? ESCAPES.get(octet);
    if (escape === undefined) continue;
    pieces.push(source.subarray(from, at), Buffer.from(escape));
    if (separator !== null) at += 2;
    from = at + 1;
  }
  return from === 0 ? null : Buffer.concat([...pieces, source.subarray(from)]);
}

/** U+2028 and U+2029, which end a line in JavaScript before ES2019. */
function separatorAt(source: Buffer, at: number): string | null {
  const last = source[at + 2];
  if (source[at + 1] !== SEPARATOR_SECOND) return null;
  if (last === LINE_SEPARATOR) return '\\u2028';
  return last === LINE_SEPARATOR + 1 ? '\\u2029' : null;
}
