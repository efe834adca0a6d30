/** One way to read the name of a field: the names in it from the outermost on. Empty is what `[]` says: the next of a list. */
export type Reading = readonly string[];

/** What some server makes more of than a part of a name. */
const MARKS = /[[\]. !]/;
/** Brackets one behind the other, each with a point and a name behind it where there is one. */
const MATCHED = /^[^[\]]*(?:\[[^[\]]*\](?:\.[^[\]]+)?)*$/;
const BRACKETS = /\[([^[\]]*)\](?:\.([^[\]]+))?/g;

/**
 * What a name of a form stands for, in all readings of common servers: `a[b][]` is what JSON says as `{"a": {"b": […]}}`
 * to PHP, Rails and Express, and `a.b[0]` to Spring and ASP.NET; PHP takes `a.b` and `a b` for `a_b`, Spring `!a` for
 * what `a` is where nobody says it, Express `[a]` for `a`; and to many others a name is a name. Null where brackets do not
 * match: there each server goes on in its own way.
 */
export function readingsOf(name: string): readonly Reading[] | null {
  const text = name.trimStart();
  if (!MARKS.test(text)) return [[text]];
  if (!MATCHED.test(text)) return null;
  const open = text.indexOf('[');
  const head = open < 0 ? text : text.slice(0, open);
  const inner = [...text.matchAll(BRACKETS)].flatMap(([, within = '', behind]) =>
    behind === undefined ? [within.trim()] : [within.trim(), behind],
  );
  const first = head === '' ? [] : [head];
  const dotted = [...first, ...inner].flatMap((part, at) => dottedNames(at === 0 ? part.replace(/^!/, '') : part));
  const underscored = [head.replace(/[. ]/g, '_'), ...inner];
  return [[text], [...first, ...inner], dotted, underscored];
}

/** The names between points; Spring takes quotation marks away from around a key. */
function dottedNames(part: string): readonly string[] {
  const quote = part[0] ?? '';
  const isQuoted = /['"]/.test(quote) && part.length > 1 && part.endsWith(quote);
  const key = isQuoted ? part.slice(1, -1) : part;
  return key.includes('.') ? key.split('.').filter((name) => name !== '') : [key];
}

/** Whether a name could, in whatever reading, have this one in it. */
export function mayHold(name: string, wanted: string): boolean {
  return plain(name).includes(plain(wanted));
}

function plain(name: string): string {
  return name.replace(/[[\]. ]/g, '_');
}
