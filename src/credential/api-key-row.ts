import type { TableDeclaration } from '../ports/index.ts';

/**
 * An API key as live tables carry it, by its id: what requests are judged by, and the hash of the key. It is data that
 * can be sent to a thread. Keys that open nothing any more stay, as no more than their hash and why.
 */
export interface ApiKeyRow {
  /** What `ApiKeyHash` makes of the key. */
  readonly hash: string;
  readonly state: 'active' | 'disabled' | 'revoked';
  readonly environment: string;
  /** Whom it stands for; keys of one subject are one caller. */
  readonly subject: string;
  readonly name: string;
  readonly owner: string | null;
  readonly tenant: string | null;
  readonly roles: readonly string[];
  /** What its roles permit is narrowed to these; null where nothing is. */
  readonly scopes: readonly string[] | null;
  /** The APIs it may be used at; null for all. */
  readonly apis: readonly string[] | null;
  /** The blocks of addresses it may be used from; null for everywhere. */
  readonly addresses: readonly string[] | null;
  /** Wall time in milliseconds; null where it never ends. */
  readonly expiresAtMs: number | null;
}

/** In place of a row, below `API_KEY_HASH_ROW`: the key of the hashes, base64. No id of a key looks like that name. */
export interface ApiKeyHashRow {
  readonly hashKey: string;
}

/** The name of that row. */
export const API_KEY_HASH_ROW = '#hash';

/** As many keys as there may be, with those that open nothing any more. */
export const API_KEY_LIMIT = 100_000;

/**
 * The live table of API keys, filled by the control side. A revoked key is known to be so at once, in every thread, since
 * nothing is remembered of keys beside this table. It holds at any age: keys change only where somebody changes them.
 */
export const API_KEYS_TABLE: TableDeclaration = {
  name: 'api-keys',
  rowLimit: API_KEY_LIMIT + 1,
  staleAfterMs: Number.MAX_SAFE_INTEGER,
  whenStale: 'serve',
};
