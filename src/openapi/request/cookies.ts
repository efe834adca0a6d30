/** The cookies of a request by name, each with its values in the order sent; values are as they stand. */
export type Cookies = ReadonlyMap<string, readonly string[]>;

const NO_COOKIES: Cookies = new Map();

/**
 * Splits a Cookie field (RFC 6265 §4.2.1), as the more liberal servers do, so that no cookie is overlooked: at every
 * semicolon, with white space around names and values taken off. A piece without an equals sign counts as a name with an
 * empty value, as some take it. A head bounds how many there can be.
 */
export function splitCookies(field: string | null): Cookies {
  if (field === null) return NO_COOKIES;
  const cookies = new Map<string, string[]>();
  for (const piece of field.split(';')) {
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim();
    const value = equals < 0 ? '' : piece.slice(equals + 1).trim();
    const before = cookies.get(name);
    if (before === undefined) cookies.set(name, [value]);
    else before.push(value);
  }
  return cookies;
}
