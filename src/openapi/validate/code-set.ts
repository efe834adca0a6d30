/** Code points from the first to the last, both included. */
export type CodeRange = readonly [first: number, last: number];

/**
 * A set of Unicode code points: `ranges` in ascending order and apart, and properties such as `L` or `Script=Greek`,
 * by the names ECMA-262 gives them; all of it turned round where `negated`.
 */
export interface CodeSet {
  readonly ranges: readonly CodeRange[];
  readonly properties: readonly { readonly name: string; readonly negated: boolean }[];
  readonly negated: boolean;
}

/** The last code point there is. */
export const LAST_CODE_POINT = 0x10ffff;

/** The set of one code point. */
export function singleCode(code: number): CodeSet {
  return rangesSet([[code, code]]);
}

/** The set of some ranges, in any order. */
export function rangesSet(ranges: readonly CodeRange[]): CodeSet {
  return { ranges: joined(ranges), properties: [], negated: false };
}

/** All that is not in a set. */
export function negatedSet(set: CodeSet): CodeSet {
  return { ...set, negated: !set.negated };
}

/** The union of sets. */
export function unitedSet(sets: readonly CodeSet[]): CodeSet {
  const ranges: CodeRange[] = [];
  const properties: { name: string; negated: boolean }[] = [];
  for (const set of sets) {
    const [property] = set.properties;
    if (property === undefined) ranges.push(...codeRanges(set));
    else properties.push({ name: property.name, negated: property.negated !== set.negated });
  }
  return { ranges: joined(ranges), properties, negated: false };
}

/** The ranges of a set, its properties written out. */
export function codeRanges(set: CodeSet): readonly CodeRange[] {
  const named = set.properties.flatMap(({ name, negated }) =>
    negated ? complement(propertyRanges(name)) : propertyRanges(name),
  );
  const ranges = named.length === 0 ? set.ranges : joined([...set.ranges, ...named]);
  return set.negated ? complement(ranges) : ranges;
}

/** Whether two sets are known to have nothing in common; sets with properties are not known. */
export function areDisjoint(left: CodeSet, right: CodeSet): boolean {
  if (left.properties.length > 0 || right.properties.length > 0) return false;
  const others = codeRanges(right);
  return codeRanges(left).every(([first, last]) => others.every(([from, to]) => to < first || from > last));
}

/** Whether ECMA-262 knows a Unicode property by this name (§22.2.1.10). */
export function isProperty(name: string): boolean {
  if (!/^[A-Za-z0-9_]{1,60}(?:=[A-Za-z0-9_]{1,60})?$/.test(name)) return false;
  try {
    return new RegExp(`\\p{${name}}`, 'u').source !== '';
  } catch {
    return false;
  }
}

// One for each property that patterns name; there are some hundreds in all.
const propertyCache = new Map<string, readonly CodeRange[]>();

/** Asks the engine about each code point, so that both engines go by one version of Unicode. */
function propertyRanges(name: string): readonly CodeRange[] {
  const cached = propertyCache.get(name);
  if (cached !== undefined) return cached;
  const pattern = new RegExp(`^\\p{${name}}$`, 'u');
  const ranges: CodeRange[] = [];
  let first = -1;
  for (let code = 0; code <= LAST_CODE_POINT + 1; code += 1) {
    const within = code <= LAST_CODE_POINT && pattern.test(String.fromCodePoint(code));
    if (within && first < 0) first = code;
    if (!within && first >= 0) {
      ranges.push([first, code - 1]);
      first = -1;
    }
  }
  propertyCache.set(name, ranges);
  return ranges;
}

function complement(ranges: readonly CodeRange[]): CodeRange[] {
  const rest: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST_CODE_POINT) rest.push([next, LAST_CODE_POINT]);
  return rest;
}

function joined(ranges: readonly CodeRange[]): readonly CodeRange[] {
  if (ranges.length < 2) return ranges;
  const result: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const open = result.at(-1);
    if (open !== undefined && first <= open[1] + 1) open[1] = Math.max(open[1], last);
    else result.push([first, last]);
  }
  return result;
}
