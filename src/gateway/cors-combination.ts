import type { HeaderFields } from '../wire/index.ts';

const CREDENTIALS = 'access-control-allow-credentials';
const ORIGIN = 'access-control-allow-origin';
const ANYBODY = /(?:^|,)\s*(?:\*|null)\s*(?:,|$)/i;

/** What a reply says in its fields: those of its own, and names and values in turn. */
interface Said {
  readonly fields: HeaderFields | null;
  readonly added: readonly string[];
}

/**
 * Whether a reply lets pages read what it says to whoever looks at them, and does not say whose pages: `*`, or `null`,
 * which any page can make itself (Fetch Standard, CORS protocol and credentials).
 */
export function letsAnybodyIn({ fields, added }: Said): boolean {
  const isSaid = (fields !== null && fields.has(CREDENTIALS)) || added.includes(CREDENTIALS);
  return isSaid && isAnybody({ fields, added });
}

/** The same without credentials: the rest of what it says harms nobody. The fields of a stored reply stay as they are. */
export function withoutCredentials({ fields, added }: Said): Said {
  const own = fields === null ? null : fields.copy();
  own?.drop(CREDENTIALS);
  const kept: string[] = [];
  for (let at = 0; at < added.length; at += 2)
    if (added[at] !== CREDENTIALS) kept.push(added[at] as string, added[at + 1] as string);
  return { fields: own, added: kept };
}

function isAnybody({ fields, added }: Said): boolean {
  for (let at = 0; at < added.length; at += 2)
    if (added[at] === ORIGIN && ANYBODY.test(added[at + 1] as string)) return true;
  if (fields === null) return false;
  for (const [name, value] of fields.kept()) if (name === ORIGIN && ANYBODY.test(value)) return true;
  return false;
}
