import { type CodeSet, codeRanges, rangesSet } from '../../src/openapi/validate/code-set.ts';
import { parsePattern, type Sequence, type Term } from '../../src/openapi/validate/pattern-syntax.ts';

/** What is known of the time that an engine which goes back needs for an expression. */
export type Course = 'linear' | 'more' | 'unread';

/**
 * Whether there is a text on which an engine that goes back may come to one place of an expression, over the same
 * characters, in ever more ways, and then not be done: that is what makes its time grow faster than the text. Repetitions
 * with a bound count as two times at most, so a large bound is not seen. An expression without `^` or the flag `y` begins
 * anew at each place, and with the flag `m` one with `^` does so in each line. What isn't read here are back-references,
 * and lookarounds that have groups, or that look as far as they like from more than one place.
 */
export function courseOf(source: string, flags: string): Course {
  const inLines = flags.includes('m');
  const ahead = inLines ? undefined : ASKED_ONCE.exec(source)?.[1];
  const courseAhead = ahead === undefined ? 'linear' : courseOf(`^(?:${ahead})`, flags);
  if (courseAhead !== 'linear') return courseAhead;
  const parsed = parsePattern((inLines ? source : source.replace(ASKED_ONCE, '^')).replaceAll(NEAR, ''));
  if (!parsed.ok) return 'unread';
  const { alternatives } = parsed.value;
  const places: Place[] = [];
  const anchored = alternatives.every(isAnchored);
  const tried = alternatives.map((one) => {
    if (!isAnchored(one)) return one;
    if (inLines) return [LINE_END, ...one.slice(1)];
    return anchored ? one.slice(1) : one;
  });
  const whole = linked(tried, places);
  if (!flags.includes('y') && (inLines || !anchored)) {
    const search = addPlace(places, EVERYTHING);
    link([search], [search, ...whole.first]);
  }
  return hasTwoWays(places) ? 'more' : 'linear';
}

/** A lookahead behind the first `^`, and what it asks: only one place comes to it. */
const ASKED_ONCE = /^\^\(\?[=!]((?:[^()\\]|\\.)*)\)/;
/** Lookarounds that take no more characters than stand in them. */
const NEAR = /\(\?<?[=!](?:[^()\\*+,]|\\.|,(?!\}))*\)/g;

/** A set of characters where it stands in an expression, and what may come after it. */
interface Place {
  readonly number: number;
  readonly set: CodeSet;
  readonly next: Set<Place>;
  /** Those of them that come after it in two ways, as in `(a+)+`. */
  readonly twice: Set<Place>;
  /** Whether an engine may be done behind it. */
  isLast: boolean;
}

interface Part {
  readonly first: readonly Place[];
  readonly last: readonly Place[];
  readonly mayBeEmpty: boolean;
}

const EVERYTHING = rangesSet([[0, 0x10ffff]]);
/** Stands for the ends that `^` and `$` ask for: no character leads there, so that nothing is done before. */
const NOTHING = rangesSet([]);
/** What stands before a line, where `^` asks for one. */
const LINE_END: Term = {
  kind: 'set',
  set: rangesSet([
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ]),
};
const EMPTY: Part = { first: [], last: [], mayBeEmpty: true };

function addPlace(places: Place[], set: CodeSet): Place {
  const place: Place = { number: places.length, set, next: new Set(), twice: new Set(), isLast: false };
  places.push(place);
  return place;
}

function link(before: readonly Place[], after: readonly Place[]): void {
  for (const { next, twice } of before) {
    for (const place of after) (next.has(place) ? twice : next).add(place);
  }
}

function linked(alternatives: readonly Sequence[], places: Place[]): Part {
  const whole = eitherOf(alternatives, places);
  for (const place of whole.last) place.isLast = true;
  return whole;
}

function eitherOf(alternatives: readonly Sequence[], places: Place[]): Part {
  const parts = alternatives.map((sequence) =>
    sequence.reduce<Part>((before, term) => following(before, partOf(term, places)), EMPTY),
  );
  return {
    first: parts.flatMap(({ first }) => first),
    last: parts.flatMap(({ last }) => last),
    mayBeEmpty: parts.some(({ mayBeEmpty }) => mayBeEmpty),
  };
}

function following(before: Part, after: Part): Part {
  link(before.last, after.first);
  return {
    first: before.mayBeEmpty ? [...before.first, ...after.first] : before.first,
    last: after.mayBeEmpty ? [...before.last, ...after.last] : after.last,
    mayBeEmpty: before.mayBeEmpty && after.mayBeEmpty,
  };
}

function partOf(term: Term, places: Place[]): Part {
  switch (term.kind) {
    case 'set':
      return single(addPlace(places, term.set));
    case 'assertion':
      return term.at === 'end' || term.at === 'start' ? single(addPlace(places, NOTHING)) : EMPTY;
    case 'group':
      return eitherOf(term.alternatives, places);
    case 'repeat':
      return repeated(term, places);
  }
}

function single(place: Place): Part {
  return { first: [place], last: [place], mayBeEmpty: false };
}

function repeated({ term, min, max }: Extract<Term, { kind: 'repeat' }>, places: Place[]): Part {
  if (max === 0) return EMPTY;
  const one = partOf(term, places);
  if (max === Infinity) link(one.last, one.first);
  const more = max === Infinity || max === 1 ? EMPTY : { ...partOf(term, places), mayBeEmpty: min < 2 };
  return following(min === 0 ? { ...one, mayBeEmpty: true } : one, more);
}

function isAnchored([first]: Sequence): boolean {
  return first?.kind === 'assertion' && first.at === 'start';
}

/**
 * Whether two places, the second of which is not yet done, are such that one text leads from the first to itself, from the
 * first to the second, and from the second to itself: then each repetition of that text adds a way.
 */
function hasTwoWays(places: readonly Place[]): boolean {
  const meets = meetings(places);
  const doubled = places.some((one) => !one.isLast && [...one.twice].some((next) => reaches(next, one)));
  if (doubled) return true;
  return places.some((one) =>
    places.some((other) => one !== other && !other.isLast && leads([one, one, other], [one, other, other], meets)),
  );
}

type Three = readonly [Place, Place, Place];
type Meets = (one: Place, other: Place) => boolean;

function leads(from: Three, to: Three, meets: Meets): boolean {
  if (!reaches(from[0], from[0]) || !reaches(from[2], from[2]) || !reaches(from[1], to[1])) return false;
  const wanted = keyOf(to);
  const known = new Set<number>();
  const waiting: Three[] = [from];
  for (let now = waiting.pop(); now !== undefined; now = waiting.pop()) {
    for (const next of stepsFrom(now, meets)) {
      const key = keyOf(next);
      if (key === wanted) return true;
      if (known.has(key)) continue;
      known.add(key);
      waiting.push(next);
    }
  }
  return false;
}

function* stepsFrom([first, second, third]: Three, meets: Meets): Iterable<Three> {
  for (const one of first.next) {
    for (const two of second.next) {
      if (!meets(one, two)) continue;
      yield* [...third.next]
        .filter((other) => meets(one, other) && meets(two, other))
        .map((other): Three => [one, two, other]);
    }
  }
}

function keyOf([one, two, three]: Three): number {
  return (one.number * 1_000 + two.number) * 1_000 + three.number;
}

function reaches(from: Place, to: Place): boolean {
  const known = new Set(from.next);
  for (const place of known) {
    if (place === to) return true;
    for (const next of place.next) known.add(next);
  }
  return false;
}

function meetings(places: readonly Place[]): Meets {
  const ranges = places.map(({ set }) => codeRanges(set));
  const table = ranges.map((left) =>
    ranges.map((right) => left.some(([first, last]) => right.some(([from, to]) => from <= last && to >= first))),
  );
  return (one, other) => table[one.number]?.[other.number] === true;
}
