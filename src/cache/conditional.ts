import { readHttpDate } from './http-date.ts';
import type { CacheRequest, FieldList, Fields, Stored, StoredHead } from './types.ts';

/**
 * Request fields that do not go along with a fetch of what may be stored: conditions of the client's own, which the cache
 * answers itself once it has the whole (RFC 9111 §4.3.2).
 */
export const CONDITIONS: readonly string[] = ['if-none-match', 'if-modified-since', 'if-range'];

/** What a 304 says nothing of, since it has no body (RFC 9110 §15.4.5). */
const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-language',
  'content-type',
  'content-range',
  'accept-ranges',
]);

/** The fields that a stored reply is validated with (RFC 9111 §4.3.1); empty where it can't be. */
export function validators({ head: { fields } }: Stored<StoredHead>): FieldList {
  const found: [string, string][] = [];
  const tag = entityTag(fields);
  if (tag !== null) found.push(['if-none-match', tag]);
  const modified = fields.get('last-modified');
  if (modified !== null && readHttpDate(modified, 0) !== null) found.push(['if-modified-since', modified]);
  return found;
}

/**
 * Whether a 304 to a request with `validators` of what is stored speaks of that (RFC 9111 §4.3.4). One without any
 * validator does: it answers a request that asked for one stored reply.
 */
export function validates(update: Fields, stored: Fields): boolean {
  const tag = update.get('etag');
  if (tag !== null) {
    const known = entityTag(stored);
    // A strong one vouches for these very octets; a weak one for what they mean.
    return known !== null && (isWeak(tag) ? opaque(tag) === opaque(known) : tag === known);
  }
  const modified = update.get('last-modified');
  return modified === null || modified === stored.get('last-modified');
}

/** One entity tag (RFC 9110 §8.8.3). */
const TAG = /^(?:W\/)?"[!\x23-\x7e\x80-\xff]*"$/;
/** The next tag of a list, and what stands before it. */
const NEXT_TAG = /[\s,]*((?:W\/)?"[!\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)/y;

function entityTag(fields: Fields): string | null {
  const tag = fields.get('etag');
  return tag !== null && TAG.test(tag) ? tag : null;
}

function isWeak(tag: string): boolean {
  return tag.startsWith('W/');
}

function opaque(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag;
}

/**
 * Whether the client has what is stored already, so that it gets 304 (RFC 9110 §13.2.2, RFC 9111 §4.3.2): If-None-Match
 * where it stands there, and only else If-Modified-Since. Of a reply other than 200 that can't be said.
 */
export function isNotModified({ fields }: CacheRequest, { head }: Stored<StoredHead>): boolean {
  if (head.status !== 200) return false;
  const tags = fields.get('if-none-match');
  if (tags !== null) return holdsTag(tags, head.fields);
  const since = fields.get('if-modified-since');
  return since !== null && isUnmodifiedSince(since, head.fields);
}

/** Weak comparison (RFC 9110 §13.1.2). A list that can't be read holds nothing behind the place. */
function holdsTag(tags: string, fields: Fields): boolean {
  if (tags.trim() === '*') return true;
  const tag = entityTag(fields);
  if (tag === null) return false;
  NEXT_TAG.lastIndex = 0;
  for (let found = NEXT_TAG.exec(tags); found !== null; found = NEXT_TAG.exec(tags))
    if (opaque(found[1] as string) === opaque(tag)) return true;
  return false;
}

/** Last-Modified is compared, or else Date (RFC 9111 §4.3.2). */
function isUnmodifiedSince(since: string, fields: Fields): boolean {
  const dateMs = dateOf(fields, 'date') ?? 0;
  const sinceMs = readHttpDate(since, dateMs);
  const modifiedMs = dateOf(fields, 'last-modified') ?? dateOf(fields, 'date');
  return sinceMs !== null && modifiedMs !== null && modifiedMs <= sinceMs;
}

function dateOf(fields: Fields, name: string): number | null {
  const text = fields.get(name);
  return text === null ? null : readHttpDate(text, 0);
}

/** Which fields of a stored reply stand in a 304 (RFC 9110 §15.4.5): all but those that describe a body. */
export function notModifiedFields(fields: Fields): FieldList {
  return [...fields.entries()].filter(([name]) => !BODY_FIELDS.has(name));
}
