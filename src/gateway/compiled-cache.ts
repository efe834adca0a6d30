import { createHash } from 'node:crypto';
import type { CacheRules } from '../cache/index.ts';
import type { ApiConfig, CacheConfig, OperationConfig } from '../config/compiled.ts';
import type { UpstreamIdentity } from '../wire/index.ts';

/** How the replies of an operation are stored. */
export interface CompiledCache {
  readonly rules: CacheRules;
  /** Whether each known caller has replies of its own. */
  readonly perUser: boolean;
  /** Whether requests with cookies are treated as if they had none; else the cache is not for them. */
  readonly ignoresCookies: boolean;
}

/** What was made of each setting: most operations have that of their API. */
const made = new WeakMap<CacheConfig, CompiledCache>();

/** How the replies of an operation are stored; null where none is. */
export function compiledCacheOf(
  api: Pick<ApiConfig, 'cache'>,
  own: OperationConfig | undefined,
  method: string,
): CompiledCache | null {
  if (!isStorable(method)) return null;
  const said = own === undefined || own.cache === null ? api.cache : own.cache;
  if (said === null || said === 'off') return null;
  const before = made.get(said);
  if (before !== undefined) return before;
  const compiled = compileCache(said);
  made.set(said, compiled);
  return compiled;
}

/** Replies to HEAD are answered from those to GET, whose operation it is. */
function isStorable(method: string): boolean {
  return method === 'GET' || method === '*';
}

/** What the gateway says to an upstream anew with each request, so that nothing chosen by it is ever asked for again. */
const UNREPEATED: readonly string[] = [
  'x-request-id',
  'traceparent',
  'tracestate',
  'via',
  'forwarded',
  'x-forwarded-for',
];

/** Cookies are left out of account, but not against the upstream's own word. */
const UNREPEATED_OR_COOKIES: readonly string[] = [...UNREPEATED, 'cookie'];

function compileCache(config: CacheConfig): CompiledCache {
  return {
    rules: {
      ttlMs: config.ttlMs,
      staleWhileRevalidateMs: config.staleWhileRevalidateMs ?? 0,
      staleIfErrorMs: config.staleIfErrorMs ?? 0,
      clientControl: config.clientControl,
      storesPrivate: config.per === 'user',
      neverChosenBy: config.cookies === 'ignore' ? UNREPEATED_OR_COOKIES : UNREPEATED,
      bodyLimitBytes: config.maxEntryBytes,
    },
    perUser: config.per === 'user',
    ignoresCookies: config.cookies === 'ignore',
  };
}

/** What vouches for an upstream, and what it is shown. */
interface UpstreamProof {
  readonly upstreamCa: string | null;
  readonly upstreamIdentity: UpstreamIdentity | null;
}

/**
 * What tells one way of making an API's stored replies from another: all that is said of the API, for any of it may shape
 * what its upstream is asked. Null where it stores none. A configuration that differs elsewhere keeps what is stored.
 */
export function cacheFingerprint(api: ApiConfig, shown: UpstreamProof): string | null {
  const operations = Object.values(api.operations);
  const stores = api.cache !== null || operations.some(({ cache }) => cache !== null && cache !== 'off');
  if (!stores) return null;
  const all = [api, shown.upstreamCa, shown.upstreamIdentity?.chainPem ?? null];
  return createHash('sha256').update(JSON.stringify(all, plainData)).digest('base64url');
}

/** Policies keep their settings in what they like: none of it may be lost. */
function plainData(_key: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value instanceof RegExp || typeof value === 'bigint') return String(value);
  return value;
}

/** One thing that is wrong with what an operation says of its cache. */
export interface CacheFault {
  /** The key path of what says it. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** Why the replies of an operation can't be stored that says they are; nothing where it does not say so. */
export function cacheFaults(own: OperationConfig | undefined, method: string): readonly CacheFault[] {
  if (own === undefined || own.cache === null || own.cache === 'off' || isStorable(method)) return [];
  const fix = 'take `cache` away here';
  return [{ path: `${own.path}.cache`, message: `replies to ${method} are not stored, only those to GET`, fix }];
}
