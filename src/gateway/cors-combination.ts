import type { HeaderFields } from '../wire/index.ts';

const CREDENTIALS = 'access-control-allow-credentials';
const ORIGIN = 'access-control-allow-origin';
const ANYBODY = /(?:^|,)\s*(?:\*|null)\s*(?:,|$)/i;

/**
 * Whether a reply lets pages read what it says to whoever looks at them, and does not say whose pages: `*`, or `null`,
 * which any page can make itself (Fetch Standard, CORS protocol and credentials). `added` are names and values in turn.
 */
export function letsAnybodyIn(fields: HeaderFields | null, added: readonly string[]): boolean {
  const isSaid = (fields !== null && fields.has(CREDENTIALS)) || added.includes(CREDENTIALS);
  return isSaid && isAnybody(fields, added);
}

/** The same reply without credentials: the rest of what it says harms nobody. */
export function withoutCredentials(fields: HeaderFields | null, added: readonly string[]): readonly string[] {
  fields?.drop(CREDENTIALS);
  const kept: string[] = [];
  for (let at = 0; at < added.length; at += 2)
    if (added[at] !== CREDENTIALS) kept.push(added[at] as string, added[at + 1] as string);
  return kept;
}

function isAnybody(fields: HeaderFields | null, added: readonly string[]): boolean {
  for (let at = 0; at < added.length; at += 2)
    if (added[at] === ORIGIN && ANYBODY.test(added[at + 1] as string)) return true;
  if (fields === null) return false;
  for (const [name, value] of fields.kept()) if (name === ORIGIN && ANYBODY.test(value)) return true;
  return false;
}
