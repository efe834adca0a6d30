/** So long before an access token ends a new one is asked for, or a fifth of its life where that is less. */
const MARGIN_MS = 60_000;
const MARGIN_PART = 5;
/** Where the provider does not say when its access token ends, it is asked so often whether they are still welcome. */
const UNSAID_LIFE_MS = 15 * 60_000;
/** A provider that gives tokens for seconds is not asked all the time. */
const LEAST_MS = 5_000;

/** When to ask for new tokens; null where nothing can be refreshed. Times are wall time. */
export function refreshMoment(
  { accessEndsAtMs }: { readonly accessEndsAtMs: number | null },
  refreshToken: string | null,
  nowMs: number,
): number | null {
  if (refreshToken === null) return null;
  const lifeMs = accessEndsAtMs === null ? UNSAID_LIFE_MS : accessEndsAtMs - nowMs;
  return nowMs + Math.max(LEAST_MS, lifeMs - Math.min(MARGIN_MS, lifeMs / MARGIN_PART));
}
