import { err, ok, type Result } from '../base/index.ts';
import { bypassOf } from './bypass.ts';
import { type ReplyDirectives, readReplyDirectives, readRequestDirectives } from './directives.ts';
import { explicitLifetimeMs, originOf } from './freshness.ts';
import { contradictsPath } from './path-type.ts';
import type { CacheRequest, CacheRules, Fields, NotStored, ReplyTimes, Selection, Usage } from './types.ts';
import { selectionOf } from './vary.ts';

/**
 * The statuses whose caching is understood here. Parts are not put together, so 206 is none of them. 405, 414, 501 and
 * those of faults are none either: what makes an upstream answer so is often something that no key holds.
 */
const UNDERSTOOD: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 410]);

/** Those of them that are stored although nothing is said of their freshness, where the configuration gives them one. */
const STORED_UNASKED: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** Fields besides Authorization and Cookie in which a credential may stand that nobody here knows of. */
export const CREDENTIAL_FIELDS: readonly string[] = [
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'x-session-token',
  'private-token',
];

/** What may be a credential, and no key holds. */
const PERHAPS_CREDENTIALS: readonly string[] = ['cookie', ...CREDENTIAL_FIELDS];

/** A reply and the request that it answers, as far as they matter for storing. */
export interface Judged {
  readonly request: CacheRequest;
  readonly rules: CacheRules;
  readonly status: number;
  readonly fields: Fields;
  readonly times: ReplyTimes;
}

/** Whether a reply is stored, and how it may be used then (RFC 9111 §3). */
export function judgeReply(judged: Judged): Result<Usage, NotStored> {
  const { request, rules, status, fields } = judged;
  const directives = readReplyDirectives(fields);
  const why =
    refusalOfRequest(request) ??
    refusalOfReply(judged, directives) ??
    refusalOfCredential(request, rules, directives) ??
    (contradictsPath(request.path, status, fields) ? 'type-mismatch' : null);
  if (why !== null) return err(why);
  const selection = selectionOf(fields, request.fields);
  if (selection === null || selection.names.some((name) => rules.neverChosenBy.includes(name))) return err('vary');
  const usage = usageOf(judged, directives, selection);
  if (usage === null) return err('no-freshness');
  return isOfUse(usage, fields) ? ok(usage) : err('nothing-to-gain');
}

/** Why no reply to a request is stored, whatever it says; null where one may be. */
export function refusalOfRequest(request: CacheRequest): NotStored | null {
  const bypass = bypassOf(request);
  if (bypass !== null) return bypass;
  if (request.method !== 'GET') return 'method';
  if (request.fields.has('range')) return 'range';
  const { fields } = request;
  return fields.has('cache-control') && readRequestDirectives(fields).noStore ? 'request-no-store' : null;
}

function refusalOfReply({ status, fields }: Judged, directives: ReplyDirectives): NotStored | null {
  if (!UNDERSTOOD.has(status)) return 'status';
  // Who asks for understanding means that, where it is there, no-store is not for him (RFC 9111 §5.2.2.3).
  if (directives.noStore && !directives.mustUnderstand) return 'no-store';
  if (fields.has('content-range')) return 'partial';
  return fields.has('set-cookie') || fields.has('set-cookie2') ? 'set-cookie' : null;
}

/**
 * Stricter than RFC 9111 §3.5: a reply to a request with a credential is stored where the key holds whose it is, or
 * where both the policy and the reply say that callers share it. The reply must say so, too, where there is what may be a
 * credential that nobody here knows of.
 */
function refusalOfCredential(
  { credential, fields }: CacheRequest,
  { storesPrivate }: CacheRules,
  { isPrivate, isPublic, sMaxAge }: ReplyDirectives,
): NotStored | null {
  if (isPrivate && !(storesPrivate && credential === 'keyed')) return 'private';
  const needsWord = credential === 'shared' || PERHAPS_CREDENTIALS.some((name) => fields.has(name));
  return needsWord && !isPublic && sMaxAge === null ? 'credential-not-shared' : null;
}

/** Null where nothing says how long the reply is fresh. */
function usageOf(judged: Judged, directives: ReplyDirectives, selection: Selection): Usage | null {
  const { fields, status, rules, times } = judged;
  const { dateMs, ageMs } = originOf(fields, times);
  const explicitMs = explicitLifetimeMs(directives, fields, dateMs);
  const unaskedMs = STORED_UNASKED.has(status) ? rules.ttlMs : null;
  const lifetimeMs = explicitMs ?? (directives.noCache ? 0 : unaskedMs);
  if (lifetimeMs === null || (explicitMs === null && !STORED_UNASKED.has(status))) return null;
  const bornAtMs = times.receivedAtMs - ageMs;
  const freshUntilMs = bornAtMs + lifetimeMs;
  const alwaysValidated = directives.noCache;
  const neverStale = alwaysValidated || directives.mustRevalidate;
  // RFC 9111 §4.2.4: s-maxage forbids it unless the reply itself allows it beside. What is never fresh is not kept against its word either.
  const byRule = !neverStale && directives.sMaxAge === null && lifetimeMs > 0;
  const until = (said: number | null, ruleMs: number): number =>
    freshUntilMs + (neverStale ? 0 : said === null ? (byRule ? ruleMs : 0) : said * 1_000);
  return {
    selection,
    bornAtMs,
    freshUntilMs,
    staleWhileRevalidateUntilMs: until(directives.staleWhileRevalidate, rules.staleWhileRevalidateMs),
    staleIfErrorUntilMs: until(directives.staleIfError, rules.staleIfErrorMs),
    alwaysValidated,
    mayBeStale: byRule,
    dateMs,
    requestedAtMs: times.requestedAtMs,
  };
}

/** Whether it can ever be served: with the upstream's word, or without it for some time to come. */
function isOfUse(usage: Usage, fields: Fields): boolean {
  if (fields.has('etag') || fields.has('last-modified')) return true;
  if (usage.alwaysValidated) return false;
  const latestMs = Math.max(usage.freshUntilMs, usage.staleWhileRevalidateUntilMs, usage.staleIfErrorUntilMs);
  return latestMs > usage.requestedAtMs;
}
