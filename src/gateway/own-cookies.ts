import type { HeaderFields } from '../wire/index.ts';

/** What the names of the gateway’s own cookies begin with; in any case, since some servers read names so. */
const PREFIX = '__host-portcullis-';

/** Whether a cookie of this name is the gateway’s own: nobody else may give it to a browser, nor get it of one. */
function isOwnCookie(name: string): boolean {
  return name.slice(0, PREFIX.length).toLowerCase() === PREFIX;
}

/** Whether a Set-Cookie field would give a browser one of them, also by a name that only some browsers read. */
export function setsOwnCookie(value: string): boolean {
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).toLowerCase().includes(PREFIX);
}

/**
 * A Cookie field’s value without the gateway’s own; the others stay as they are, byte for byte. The same text where there is
 * none of them, and an empty one where there are no others.
 */
export function withoutOwnCookies(value: string): string {
  if (!value.toLowerCase().includes(PREFIX)) return value;
  const kept = value.split(';').filter((pair) => !isOwnCookie(pair.trimStart()));
  return kept.join(';').trimStart();
}

/**
 * Takes the gateway’s own cookies out of what goes upstream, whatever else the API passes on: a session is of use to
 * nobody but the gateway, and whoever has it is its user. Gives the line with the cookies that are left, or an empty text.
 */
export function takeOutOwnCookies(fields: HeaderFields): string {
  const value = fields.get('cookie');
  if (value === null) return '';
  const rest = withoutOwnCookies(value);
  if (rest === value || !isForwarded(fields)) return '';
  fields.drop('cookie');
  return rest === '' ? '' : `cookie: ${rest}\r\n`;
}

/** Whether no step has taken the field out, or written another in its place. */
function isForwarded(fields: HeaderFields): boolean {
  for (const [name] of fields.kept()) if (name === 'cookie') return true;
  return false;
}
