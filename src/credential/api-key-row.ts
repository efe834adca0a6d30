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

/** The row of the table with the key of the hashes, in base64. */
export interface ApiKeyHashRow {
  readonly hashKey: string;
}

/** The name of that row. */
export const API_KEY_HASH_ROW = 'hash';

/** As many keys as there may be, with those that open nothing any more. */
export const API_KEY_LIMIT = 100_000;

/** Keys change only where somebody changes them: what is in a table holds at any age. */
const AGELESS = { staleAfterMs: Number.MAX_SAFE_INTEGER, whenStale: 'serve' } as const;

/** The live table with the key of the hashes, which is the same for the life of the keyring. */
export const API_KEY_HASH_TABLE: TableDeclaration = { name: 'api-key-hash', rowLimit: 1, ...AGELESS };

const FIRST_CHARACTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * The live tables of API keys, filled by the control side: one for each first character of an id, so that a change packs
 * a part of the keys and not all. A revoked key is known to be so at once, in every thread, since nothing is remembered of
 * keys beside these tables.
 */
export const API_KEY_TABLES: readonly TableDeclaration[] = Array.from(FIRST_CHARACTERS, (first) => {
  return { name: `api-keys:${first}`, rowLimit: API_KEY_LIMIT, ...AGELESS };
});

/** The name of the table that the key of an id is in. */
export function apiKeyTableOf(id: string): string {
  return `api-keys:${id.charAt(0)}`;
}
