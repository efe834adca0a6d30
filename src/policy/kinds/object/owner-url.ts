import { err, ok, type Result } from '../../../base/index.ts';
import { plainReader } from '../../../openapi/index.ts';
import type { Declaration } from '../../../rules/index.ts';
import type { AskedRequest } from '../../asked/asked-request.ts';
import { percentEncoded, UNRESERVED } from '../../percent-encoding.ts';
import type { OwnerLookup, OwnerPlace } from './owner-lookup.ts';

/** Where the owner of what a request is about is asked for; null where the request has no value that could stand there. */
export type WriteOwnerUrl = (asked: AskedRequest) => string | null;

/** Longer ids than this are made by nobody who means an object. */
const VALUE_LIMIT = 256;
const URL_LIMIT = 4_096;

/** What names an object, or who asks; the reply, and what is made of the answer, can't be there yet. */
const ROOTS: ReadonlySet<string> = new Set(['params', 'request', 'principal', 'tenant']);

/** Where clients are and what they send along is no object's name. */
const OF_REQUEST: ReadonlySet<string> = new Set(['params', 'query', 'body']);

type Read = (asked: AskedRequest) => unknown;

/**
 * How the URL of a lookup is written, its places read as conditions read them; or what is wrong with each place. No value
 * leaves its place: in a path one that has a slash, a backslash, a percent sign or a control character in it, or makes a
 * segment of dots, gives no URL at all, since servers differ in what they make of them.
 */
export function compileOwnerUrl(
  { pieces }: Pick<OwnerLookup, 'pieces'>,
  declarations: Declaration<AskedRequest>,
): Result<WriteOwnerUrl, readonly string[]> {
  const faults: string[] = [];
  const parts = pieces.map((piece): string | WriteOwnerUrl => {
    if (typeof piece === 'string') return piece;
    const read = readerOf(piece, declarations);
    if (!read.ok) faults.push(`\`{${piece.names.join('.')}}\`: ${read.error}`);
    return read.ok ? (asked) => textAt(piece, read.value(asked), asked) : () => null;
  });
  if (faults.length > 0) return err(faults);
  return ok((asked) => {
    let url = '';
    for (const part of parts) {
      const text = typeof part === 'string' ? part : part(asked);
      if (text === null) return null;
      url += text;
    }
    return url.length > URL_LIMIT || hasDotSegment(url) ? null : url;
  });
}

function readerOf({ names }: OwnerPlace, root: Declaration<AskedRequest>): Result<Read, string> {
  if (!ROOTS.has(names[0] ?? '') || (names[0] === 'request' && !OF_REQUEST.has(names[1] ?? '')))
    return err('a place names something of `params`, `request.query`, `request.body` or `principal`');
  let at = root;
  for (const [index, name] of names.entries()) {
    if (at.kind === 'group') {
      const found = at.find(name);
      if (found.kind === 'missing') return err(found.message);
      at = found;
    } else if (at.kind === 'value' && at.type === 'any') return ok(memberReader(at.read, names.slice(index)));
    else return err(`\`${names[index - 1]}\` has no fields`);
  }
  if (at.kind !== 'value') return err('this is no value');
  const mayBeText = at.type === 'string' || at.type === 'int' || at.type === 'any';
  return mayBeText ? ok(at.read) : err('only a text or a whole number can stand in a URL');
}

/** Only members of its own: no name leads to a prototype. */
function memberReader(read: Read, names: readonly string[]): Read {
  return (asked) => {
    let value = read(asked);
    for (const name of names) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (!isObject || !Object.hasOwn(value as object, name)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
    return value;
  };
}

/** Null for what has no text of its own, or one that could be read as more than one part. */
function textAt({ part, names }: OwnerPlace, value: unknown, asked: AskedRequest): string | null {
  if (typeof value === 'number') {
    const text = String(value);
    return Number.isSafeInteger(value) && isAsSent(names, asked, text) ? text : null;
  }
  if (typeof value !== 'string' || value === '' || value.length > VALUE_LIMIT || !value.isWellFormed()) return null;
  if (part === 'path' && /[\x00-\x1f\x7f/\\%]/.test(value)) return null;
  return percentEncoded(value, UNRESERVED);
}

/** The upstream reads the text of a query: there a number counts only as the URL writes it, never `70e-1` for 7. */
function isAsSent([root, place, name]: readonly string[], { head }: AskedRequest, text: string): boolean {
  if (root !== 'request' || place !== 'query' || name === undefined) return true;
  const sent = plainReader('query', name).read(head);
  return sent.kind === 'value' && sent.value === text;
}

function hasDotSegment(url: string): boolean {
  const query = url.indexOf('?');
  return /\/\.{1,2}(?:\/|$)/.test(query < 0 ? url : url.slice(0, query));
}
