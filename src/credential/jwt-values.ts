/** The claims of a token; names are the issuer's, so look them up with `Object.hasOwn`. */
export type JwtClaims = Readonly<Record<string, unknown>>;

// The last second that a Date can hold: whatever lies beyond is no date.
const LATEST_SECOND = 8.64e12;

/** Whether a JSON value is an object. */
export function isJsonObject(value: unknown): value is JwtClaims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a claim is a text to name something by: not empty, within the limit, without control characters. */
export function isName(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limit && !/[\0-\x1f\x7f-\x9f]/.test(value);
}

/** A NumericDate (RFC 7519 §2) in milliseconds, or null for anything else. */
export function numericDateMs(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= LATEST_SECOND ? value * 1_000 : null;
}
