const SPACE = 0x20;
const TAB = 0x09;

/**
 * The token of an `Authorization` value of the scheme Bearer (RFC 6750 §2.1) or DPoP (RFC 9449 §7.1), whose names are
 * read in any case (RFC 9110 §11.1); null for any other scheme. Which of the two it was is asked by whoever demands proof.
 * What stands behind the scheme is not looked at: a value without a token gives an empty one, and whatever is no b64token
 * is no JWT either.
 */
export function bearerToken(value: string): string | null {
  let start = names(value, 'bearer') ? 'bearer'.length : isDpopScheme(value) ? 'dpop'.length : -1;
  if (start < 0) return null;
  while (value.charCodeAt(start) === SPACE) start++;
  return value.slice(start);
}

/** Whether an `Authorization` value is of the scheme DPoP, in any case. */
export function isDpopScheme(value: string): boolean {
  return names(value, 'dpop');
}

/** `scheme` in lower-case letters. */
function names(value: string, scheme: string): boolean {
  for (let at = 0; at < scheme.length; at++) {
    if ((value.charCodeAt(at) | 0x20) !== scheme.charCodeAt(at)) return false;
  }
  const next = value.charCodeAt(scheme.length);
  return Number.isNaN(next) || next === SPACE || next === TAB;
}
