import type { FieldList, Fields } from './types.ts';

/**
 * Fields of one connection or of one proxy, which are not stored (RFC 9111 §3.1, RFC 9110 §7.6.1), and two that the cache
 * says anew: Age, and the length of the body it holds.
 */
const NOT_STORED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'age',
  'content-length',
]);

/** What a 304 doesn't change of a stored reply: it tells how to read octets, and those are the stored ones (RFC 9111 §3.2). */
const OF_THE_OCTETS: ReadonlySet<string> = new Set(['content-encoding', 'content-range']);

/**
 * The fields of a reply as they are stored (RFC 9111 §3.1). It gets a Date where it has none that can be read (RFC 9110
 * §6.6.1): `dateMs`, the time of day in milliseconds.
 */
export function storedFields(fields: Fields, dateMs: number | null): FieldList {
  const connection = connectionNames(fields);
  const kept: (readonly [string, string])[] = [];
  for (const field of fields.entries()) {
    const name = field[0];
    if (!NOT_STORED.has(name) && !connection.has(name) && (dateMs === null || name !== 'date')) kept.push(field);
  }
  if (dateMs !== null) kept.push(['date', new Date(dateMs).toUTCString()]);
  return kept;
}

/**
 * The stored fields with those of a 304 in their place: each name that it has replaces all of that name (RFC 9111 §3.2).
 * `dateMs` as for `storedFields`.
 */
export function updatedFields(stored: Fields, update: Fields, dateMs: number | null): FieldList {
  const fresh = storedFields(update, dateMs).filter(([name]) => !OF_THE_OCTETS.has(name));
  const replaced = new Set(fresh.map(([name]) => name));
  return [...[...stored.entries()].filter(([name]) => !replaced.has(name)), ...fresh];
}

function connectionNames(fields: Fields): ReadonlySet<string> {
  const text = fields.get('connection');
  return new Set(text === null ? [] : text.split(',').map((name) => name.trim().toLowerCase()));
}

/** The fields of a list, to be judged like those of a head. */
export function fieldsOf(list: FieldList): Fields {
  const has = (name: string): boolean => list.some(([other]) => other === name);
  const valuesOf = (name: string): string[] => list.filter(([other]) => other === name).map(([, value]) => value);
  return {
    has,
    get: (name) => (has(name) ? valuesOf(name).join(', ') : null),
    entries: () => list,
  };
}
