/** Why a request went on to the upstream (RFC 9211 §2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale';

/** What a member of Cache-Status says (RFC 9211 §2). */
export interface CacheStatus {
  readonly hit: boolean;
  readonly fwd: ForwardReason | null;
  /** The upstream's status, where it isn't that of the reply. */
  readonly fwdStatus: number | null;
  /** How long it is fresh still, in whole seconds; below zero where it is stale. Null where nothing is stored. */
  readonly ttlSeconds: number | null;
  readonly stored: boolean;
  readonly collapsed: boolean;
  /** What else there is to say, in letters, digits and `-`. */
  readonly detail: string | null;
}

/** The field's name. */
export const CACHE_STATUS = 'cache-status';

const TOKEN = /^[a-z0-9-]+$/;
/** The largest integer that a structured field holds (RFC 9651 §3.3.1). */
const LARGEST = 999_999_999_999_999;

/** The member that a cache adds behind those of the caches before it. `name` and `detail` are tokens, or it throws. */
export function writeCacheStatus(name: string, status: CacheStatus): string {
  let text = tokenOf(name);
  if (status.hit) text += '; hit';
  else if (status.fwd !== null) text += `; fwd=${status.fwd}`;
  if (!status.hit && status.fwdStatus !== null) text += `; fwd-status=${status.fwdStatus}`;
  if (status.ttlSeconds !== null) text += `; ttl=${Math.max(-LARGEST, Math.min(LARGEST, status.ttlSeconds))}`;
  if (!status.hit && status.stored) text += '; stored';
  if (status.collapsed) text += '; collapsed';
  if (status.detail !== null) text += `; detail=${tokenOf(status.detail)}`;
  return text;
}

function tokenOf(text: string): string {
  if (!TOKEN.test(text)) throw new Error(`no token: ${text}`);
  return text;
}
