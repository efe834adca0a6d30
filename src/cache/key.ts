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
  /** The canonical query; null where there was none. */
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
