import { LARGEST_INTEGER } from '../base/index.ts';

/** Why a request went on to the upstream (RFC 9211 §2.2). */
export type ForwardReason = 'bypass' | 'uri-miss' | 'vary-miss' | 'request' | 'stale';

/** What a member of Cache-Status says (RFC 9211 §2). */
export interface CacheStatus {
  readonly hit?: boolean;
  readonly fwd?: ForwardReason;
  /** The upstream's status, where it isn't that of the reply. */
  readonly fwdStatus?: number | null;
  /** How long it is fresh still, in whole seconds; below zero where it is stale. */
  readonly ttlSeconds?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  /** What else there is to say, in letters, digits and `-`. */
  readonly detail?: string | null;
}

/** The field's name. */
export const CACHE_STATUS = 'cache-status';

const TOKEN = /^[a-z0-9-]+$/;

/** The member that a cache adds behind those of the caches before it. `name` and `detail` are tokens, or it throws. */
export function writeCacheStatus(name: string, status: CacheStatus): string {
  const { hit = false, fwd, fwdStatus = null, ttlSeconds, stored = false, collapsed = false, detail = null } = status;
  let text = tokenOf(name);
  if (hit) text += '; hit';
  else if (fwd !== undefined) text += `; fwd=${fwd}`;
  if (!hit && fwdStatus !== null) text += `; fwd-status=${fwdStatus}`;
  if (ttlSeconds !== undefined) text += `; ttl=${Math.max(-LARGEST_INTEGER, Math.min(LARGEST_INTEGER, ttlSeconds))}`;
  if (!hit && stored) text += '; stored';
  if (collapsed) text += '; collapsed';
  if (detail !== null) text += `; detail=${tokenOf(detail)}`;
  return text;
}

function tokenOf(text: string): string {
  if (!TOKEN.test(text)) throw new Error(`no token: ${text}`);
  return text;
}
