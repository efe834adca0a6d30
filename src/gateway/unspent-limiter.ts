import type { Limiter, RateCharge, RateDecision } from '../ports/index.ts';

/**
 * A limiter to which every call is the first one, for rehearsals: a limit is judged, and none is spent. A rule that lets
 * no call through at once is still used up.
 */
export function createUnspentLimiter(): Limiter {
  return {
    prepare: (charges) => charges,
    charge: (charges) => Array.from(charges, (charge) => decisionOf(charge, 1)),
    refund: (charges) => Array.from(charges, (charge) => decisionOf(charge, 0)),
  };
}

function decisionOf({ rate }: RateCharge, calls: 0 | 1): RateDecision {
  const intervalMs = rate.periodMs / rate.count;
  const allowed = rate.burst >= calls;
  return {
    allowed,
    remaining: Math.max(0, Math.floor(rate.burst) - calls),
    resetMs: calls * intervalMs,
    retryMs: allowed ? 0 : intervalMs,
  };
}
