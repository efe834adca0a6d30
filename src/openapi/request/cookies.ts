/** The cookies of a request by name, each with its values in the order sent; values are as they stand. */
export type Cookies = ReadonlyMap<string, readonly string[]>;

/** The cookies of a request without any. */
export const NO_COOKIES: Cookies = new Map();

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

/**
 * Whether a cookie of this name stands inside another's piece, behind white space or a comma. Those are no separators
 * here, but some servers take them for such, and would find a value there that nobody has judged.
 */
export function hidesCookie(field: string, name: string): boolean {
  for (let at = field.indexOf(name); at >= 0; at = field.indexOf(name, at + 1)) {
    let before = at;
    let comma = false;
    while (before > 0 && GAP.has(field[before - 1] as string)) comma ||= field[--before] === ',';
    const begins = before === 0 || field[before - 1] === ';';
    let after = at + name.length;
    while (field[after] === ' ' || field[after] === '\t') after++;
    if (field[after] === '=' && (begins ? comma : before < at)) return true;
  }
  return false;
}

const GAP: ReadonlySet<string> = new Set([' ', '\t', ',']);
