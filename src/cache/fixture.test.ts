// No tests here: a cache with clocks that stand still. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import type { Result } from '../base/index.ts';
import {
  CacheMemory,
  type CacheKey,
  type CacheRequest,
  type CacheRules,
  cacheKey,
  type FieldList,
  type Fields,
  type KeyParts,
  type Lookup,
  type NotStored,
  ReplyCache,
  type Stored,
  type StoredHead,
} from './index.ts';
import { fieldsOf } from './stored-fields.ts';

/** The time of day at which the monotonic clock of these tests says 0. */
export const START_MS = Date.UTC(2030, 0, 1, 12);

export const RULES: CacheRules = {
  ttlMs: null,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  clientControl: 'honour',
  storesPrivate: false,
  neverChosenBy: [],
  bodyLimitBytes: 100_000,
};

/** Fields from one record, or from lines where a name stands there more than once. */
export type Given = Readonly<Record<string, string>> | FieldList;

export function fields(given: Given): Fields {
  return fieldsOf(Array.isArray(given) ? (given as FieldList) : Object.entries(given));
}

/** A request as tests write it. */
export interface Asked extends Partial<Omit<CacheRequest, 'fields'>> {
  readonly fields?: Given;
  readonly query?: string | null;
  readonly host?: string;
  readonly identity?: string | null;
}

export function request({ fields: given = {}, ...asked }: Asked = {}): CacheRequest {
  const { method = 'GET', path = '/things', hasBody = false, credential = 'none' } = asked;
  return { method, path, fields: fields(given), hasBody, credential };
}

export function keyOf({
  path = '/things',
  host = 'api.example',
  query = null,
  identity = null,
  credential = 'none',
}: Asked = {}): CacheKey {
  return cacheKey({ ...PARTS, host, path, query, identity, credential });
}

export const PARTS: KeyParts = {
  api: 'shop',
  scheme: 'https',
  host: 'api.example',
  port: null,
  path: '/things',
  shape: 'list@1',
  query: null,
  identity: null,
  credential: 'none',
};

/** A reply as tests write it. */
export interface Replied {
  readonly status?: number;
  readonly fields?: Given;
  readonly body?: string;
  /** Its length as the head says it. */
  readonly length?: number | null;
}

/** A cache with clocks that tests set. */
export class Bench {
  readonly memory: CacheMemory;
  readonly cache: ReplyCache<StoredHead>;
  rules: CacheRules;
  nowMs = 0;

  constructor(rules: Partial<CacheRules> = {}, limitBytes = 10_000_000) {
    this.rules = { ...RULES, ...rules };
    this.memory = new CacheMemory(limitBytes, limitBytes);
    this.cache = new ReplyCache(this.memory, limitBytes, makeHead);
  }

  find(asked: Asked = {}): Lookup<StoredHead> {
    return this.cache.find(keyOf(asked), request(asked), this.rules, this.nowMs);
  }

  /** `fresh`, `stale`, `miss`, …, and what is behind it. */
  says(asked: Asked = {}): string {
    const found = this.find(asked);
    if (found.kind === 'fresh' || found.kind === 'unavailable') return found.kind;
    return found.kind === 'stale' && found.now ? 'stale now' : `${found.kind} ${found.why}`;
  }

  /** Fetches and stores in one moment. */
  store(asked: Asked, replied: Replied): Result<Stored<StoredHead>, NotStored> {
    const fetch = this.cache.fetch(keyOf(asked), request(asked), this.rules, this.nowMs);
    const { status = 200, body = 'body', length = null } = replied;
    const head = fetch.head(status, this.#dated(replied.fields ?? {}), this.times(), length);
    if (!head.ok) return head;
    fetch.write(Buffer.from(body));
    return fetch.finish();
  }

  /** Why a reply is not stored; null where it is. */
  refusal(asked: Asked, replied: Replied): NotStored | null {
    const stored = this.store(asked, replied);
    return stored.ok ? null : stored.error;
  }

  /** Validates what is stored; null where the 304 speaks of something else. */
  validate(asked: Asked, given: Given): Stored<StoredHead> | null {
    const found = this.find(asked);
    assert.ok(found.kind === 'stale' || found.kind === 'fresh', found.kind);
    const fetch = this.cache.fetch(keyOf(asked), request(asked), this.rules, this.nowMs);
    return fetch.notModified(found.stored, this.#dated(given), this.times());
  }

  times(): { readonly receivedAtMs: number; readonly wallMs: number } {
    return { receivedAtMs: this.nowMs, wallMs: START_MS + this.nowMs };
  }

  /** With a Date, unless one is given; an empty one stands for none. */
  #dated(given: Given): Fields {
    const list = Array.isArray(given) ? (given as FieldList) : Object.entries(given);
    if (!list.some(([name]) => name === 'date')) return fields([['date', this.date()], ...list]);
    return fields(list.filter(([name, value]) => name !== 'date' || value !== ''));
  }

  /** The time of day as fields write it, so many seconds from now. */
  date(seconds = 0): string {
    return new Date(START_MS + this.nowMs + seconds * 1_000).toUTCString();
  }

  pass(seconds: number): void {
    this.nowMs += seconds * 1_000;
  }
}

export function makeHead(status: number, list: FieldList): StoredHead {
  return { status, fields: fieldsOf(list) };
}

/** The body of what was found. */
export function bodyOf(found: Lookup<StoredHead>): string | null {
  return found.kind === 'fresh' || found.kind === 'stale' ? found.stored.body.toString() : null;
}
