/** Lists and objects in each other; a row is flat or nearly so, and one that contains itself has no end. */
const DEPTH_LIMIT = 16;

/**
 * A row as JSON that `JSON.parse` makes the same row of (RFC 8259). What would not come back the same, such as
 * `undefined`, -0, NaN, a date, bytes, a class's instance or a gap in a list, throws a TypeError that names the sort
 * and not the value.
 */
export function rowText(row: unknown): string {
  demandPlain(row, 0);
  return JSON.stringify(row);
}

function demandPlain(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value) || Object.is(value, -0)) throw unfit(Object.is(value, -0) ? '-0' : String(value));
      return;
    case 'object':
      if (value !== null) demandPlainParts(value, depth);
      return;
    case 'undefined':
    case 'function':
    case 'symbol':
    case 'bigint':
      throw unfit(typeof value);
  }
}

function demandPlainParts(value: object, depth: number): void {
  if (depth >= DEPTH_LIMIT) throw unfit(`more than ${DEPTH_LIMIT} lists and objects in each other`);
  const isList = Array.isArray(value);
  if (Object.getPrototypeOf(value) !== (isList ? Array.prototype : Object.prototype))
    throw unfit('an object of a class');
  const members = isList ? demandPlainItems(value, depth) : demandPlainMembers(value, depth);
  // Names and symbols asked for apart: `Reflect.ownKeys` takes three times as long as both.
  if (Object.getOwnPropertyNames(value).length !== members) throw unfit('a hidden member, or a list with names');
  if (Object.getOwnPropertySymbols(value).length !== 0) throw unfit('a hidden member');
}

/** How many names of its own a list has: each item's, and its length. A gap is an item that is `undefined`. */
function demandPlainItems(list: readonly unknown[], depth: number): number {
  for (let index = 0; index < list.length; index++) demandPlain(list[index], depth + 1);
  return list.length + 1;
}

function demandPlainMembers(value: object, depth: number): number {
  let members = 0;
  // Walks without a list of names. What Object.prototype had been given would be counted too, and refused.
  for (const name in value) {
    members++;
    demandPlain((value as Readonly<Record<string, unknown>>)[name], depth + 1);
  }
  return members;
}

function unfit(what: string): TypeError {
  return new TypeError(`a row of a live table can not hold ${what}`);
}
