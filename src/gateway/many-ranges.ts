import type { HeaderFields } from '../wire/index.ts';

/** More parts of one resource at once nobody needs: readers of documents ask for a handful, and players for one. */
export const RANGES_LIMIT = 16;

/** What goes with the ranges. `Request-Range` is an old name that some servers still read. */
const RANGE_FIELDS = ['range', 'request-range', 'if-range'];
const COMMA = 0x2c;

/**
 * Takes a request for more than so many ranges out of what is forwarded, and what belongs to it: each part is a piece of
 * work and a head of its own for the upstream, so a few hundred bytes could ask for many times the resource. Without the
 * field the upstream sends all of it, as it may anyway (RFC 9110 §14.2). Empty elements count as ranges. Tells whether it
 * did.
 */
export function dropManyRanges(fields: HeaderFields): boolean {
  if (!hasMany(fields.get('range')) && !hasMany(fields.get('request-range'))) return false;
  for (const name of RANGE_FIELDS) fields.drop(name);
  return true;
}

function hasMany(value: string | null): boolean {
  if (value === null) return false;
  let ranges = 1;
  for (let at = 0; at < value.length; at++) if (value.charCodeAt(at) === COMMA && ++ranges > RANGES_LIMIT) return true;
  return false;
}
