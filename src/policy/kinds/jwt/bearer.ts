const SCHEME = 'bearer';
const SPACE = 0x20;
const TAB = 0x09;

/**
 * The token of an `Authorization` value of the scheme Bearer, whose name is read in any case (RFC 9110 §11.1,
 * RFC 6750 §2.1); null for any other scheme. What stands behind the scheme is not looked at: a value without a token
 * gives an empty one, and whatever is no b64token is no JWT either.
 */
export function bearerToken(value: string): string | null {
  if (!namesBearer(value)) return null;
  let start = SCHEME.length;
  while (value.charCodeAt(start) === SPACE) start++;
  return value.slice(start);
}

function namesBearer(value: string): boolean {
  for (let at = 0; at < SCHEME.length; at++) {
    if ((value.charCodeAt(at) | 0x20) !== SCHEME.charCodeAt(at)) return false;
  }
  const next = value.charCodeAt(SCHEME.length);
  return Number.isNaN(next) || next === SPACE || next === TAB;
}
