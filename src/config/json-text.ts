/** Where a member or element of a JSON value stands: its key (the value itself in an array) and its value. */
export interface JsonChild {
  readonly keyOffset: number;
  readonly valueOffset: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY_START = 0x5b;
const ARRAY_END = 0x5d;
/** A string without escapes and control characters, as most are: matched at once, three times as fast as by steps. */
const PLAIN_STRING = /"[\x20\x21\x23-\x5b\x5d-\uffff]*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[\t\n\r ]*/y;

/**
 * The members of the object, or elements of the array, that begins at `offset` of a sound JSON text; none for a scalar.
 * Of two equal keys the last one counts, as for JSON.parse.
 */
export function jsonChildren(text: string, offset: number): ReadonlyMap<string, JsonChild> {
  const children = new Map<string, JsonChild>();
  const isObject = text[offset] === '{';
  if (!isObject && text[offset] !== '[') return children;
  const close = isObject ? '}' : ']';
  let at = skipSpace(text, offset + 1);
  while (at < text.length && text[at] !== close) {
    const keyOffset = at;
    let key = String(children.size);
    if (isObject) {
      const end = pastString(text, at);
      key = decodeString(text.slice(at, end));
      at = skipSpace(text, skipSpace(text, end) + 1);
    }
    children.set(key, { keyOffset, valueOffset: at });
    at = skipSpace(text, endOfValue(text, at));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return children;
}

function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return pastString(text, from);
  if (first !== OBJECT_START && first !== ARRAY_START) return endOfScalar(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = pastString(text, at) - 1;
    else if (code === OBJECT_START || code === ARRAY_START) depth += 1;
    else if (code === OBJECT_END || code === ARRAY_END) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** The offset behind a sound string: its quotes are looked for, and nothing else of it. */
export function pastString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

/** Whether an odd number of backslashes stands before a character. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** The offset of the first character that is no space, from `at` on. */
export function skipSpace(text: string, at: number): number {
  // Documents that programs write have none.
  if (text.charCodeAt(at) > 0x20) return at;
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** The offset behind a string, number or word; or, where the grammar is broken, the negative offset of the fault, less one. */
export function endOfScalar(text: string, at: number): number {
  if (text.charCodeAt(at) === QUOTE) return endOfString(text, at);
  for (const word of ['true', 'false', 'null']) if (text.startsWith(word, at)) return at + word.length;
  NUMBER.lastIndex = at;
  return NUMBER.test(text) ? NUMBER.lastIndex : -at - 1;
}

/** The same for a string alone. */
export function endOfString(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) return -from - 1;
  PLAIN_STRING.lastIndex = from;
  if (PLAIN_STRING.test(text)) return PLAIN_STRING.lastIndex;
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x20) return -at - 1;
    if (code !== BACKSLASH) continue;
    at += 1;
    const escape = text[at] ?? '';
    if (escape === 'u' && /^[0-9A-Fa-f]{4}$/.test(text.slice(at + 1, at + 5))) at += 4;
    else if (!'"\\/bfnrt'.includes(escape) || escape === '') return -at - 1;
  }
  return -text.length - 1;
}

/** The text that a sound JSON string stands for. */
export function decodeString(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}
