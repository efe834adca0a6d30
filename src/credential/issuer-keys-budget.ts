import { networkOf } from '../base/index.ts';

/** Between two fetches of one issuer that requests have asked for. */
export const COOL_DOWN_MS = 30_000;

/** A source may cause one such fetch in this time, so that other sources find the issuer's budget unspent. */
export const SOURCE_COOL_DOWN_MS = 4 * COOL_DOWN_MS;

// With more sources than these the one that asked longest ago is forgotten; the issuer's own budget still holds.
const SOURCE_LIMIT = 1_000;
const ISSUER_LIMIT = 1_000;

/**
 * What requests with unknown keys may cost: tokens are free to make, so each could otherwise cause a fetch. An issuer's
 * keys are fetched once in 30 seconds for their sake, and one source causes that once in two minutes. A source is an
 * IPv4 address or the first 64 bits of an IPv6 address, of which one client has all the rest.
 */
export class FetchBudget {
  readonly #issuers = new Map<string, number>();
  readonly #sources = new Map<string, number>();

  /** Whether this source may cause a fetch of this issuer now; if so, it has. `nowMs` never goes back. */
  take(issuer: string, source: string, nowMs: number): boolean {
    if (isHot(this.#issuers.get(issuer), nowMs, COOL_DOWN_MS)) return false;
    const pair = JSON.stringify([issuer, networkOf(source)]);
    if (isHot(this.#sources.get(pair), nowMs, SOURCE_COOL_DOWN_MS)) return false;
    note(this.#issuers, issuer, nowMs, ISSUER_LIMIT);
    note(this.#sources, pair, nowMs, SOURCE_LIMIT);
    return true;
  }
}

function isHot(sinceMs: number | undefined, nowMs: number, coolDownMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs < coolDownMs;
}

/** The newest are at the end. */
function note(times: Map<string, number>, name: string, nowMs: number, limit: number): void {
  times.delete(name);
  times.set(name, nowMs);
  for (const oldest of times.keys()) {
    if (times.size <= limit) break;
    times.delete(oldest);
  }
}
