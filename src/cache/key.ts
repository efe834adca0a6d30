import type { CacheKey, Credential } from './types.ts';

/** What a key is made of. */
export interface KeyParts {
  /** The API, and whatever else keeps one cache's entries apart for good. Part of the place. */
  readonly api: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number | null;
  /** The canonical path. */
  readonly path: string;
  /** What shapes replies besides, such as the operation and the revision of what judges them. */
  readonly shape: string;
  /** What of the query is keyed; see `keyedQuery`. */
  readonly query: string | null;
  /** Whose reply it is where the key holds the identity, unique over all issuers; else null. */
  readonly identity: string | null;
  readonly credential: Credential;
}

/**
 * The key of a request. GET and HEAD have the same, since replies to HEAD are not stored.
 *
 * No part can pass for another: those that hold no line break stand in lines of their own, and the identity, which may
 * hold anything, stands last. Throws where an identity is keyed and not given, or given and not keyed.
 */
export function cacheKey(parts: KeyParts): CacheKey {
  const { port, query, identity } = parts;
  if ((parts.credential === 'keyed') !== (identity !== null)) throw new Error('a key with half an identity');
  const authority = port === null ? parts.host : `${parts.host}:${port}`;
  const who = identity === null ? `\n${parts.credential}` : `\n${parts.credential}\n${identity}`;
  const place = `${parts.api}\n${parts.scheme}://${authority}${parts.path}`;
  const rest = query === null ? `${parts.shape}\n${who}` : `${parts.shape}\n?${query}${who}`;
  return { place, whole: `${place}\n${rest}` };
}

/** A longer key is not looked for. Target and identity of a request are bounded by less than this in sum. */
const KEY_LIMIT_CHARACTERS = 16_384;

/** Whether a key is longer than one that is looked for. */
export function isTooLong({ whole }: CacheKey): boolean {
  return whole.length > KEY_LIMIT_CHARACTERS;
}

/** A name that every reader of queries takes for the same. */
const PLAIN_NAME = /^[a-z0-9_-]+$/;

/**
 * What of a query stands in the key: all of it where `names` is null, else the parameters of these names, as they are
 * and in their order. What is left out still goes upstream, so anything that some reader might take for a keyed parameter
 * puts the whole query into the key: a semicolon, an escape, brackets, a dot, or a name that differs in case.
 */
export function keyedQuery(query: string | null, names: ReadonlySet<string> | null): string | null {
  if (query === null || names === null) return query;
  const kept: string[] = [];
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (names.has(name)) kept.push(part);
    else if (!isPlainlyOther(name, part, names)) return query;
  }
  return kept.length === 0 ? null : kept.join('&');
}

function isPlainlyOther(name: string, part: string, names: ReadonlySet<string>): boolean {
  if (part === '') return true;
  return PLAIN_NAME.test(name) && !part.includes(';') && !hasAnyCase(names, name);
}

/** A plain name is in lower case, so what differs from it in case is a keyed name with capitals. */
function hasAnyCase(names: ReadonlySet<string>, name: string): boolean {
  for (const known of names) if (known.toLowerCase() === name) return true;
  return false;
}
