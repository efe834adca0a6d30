import { type Chance } from '../sim/chance.ts';
import { type Facts, Unbuildable } from './facts.ts';
import { isJudged, unfittingText } from './texts.ts';
import { isOfTypes, type Made, type Site } from './values.ts';

/** A value that was made wrong in one way. */
export interface Mutant {
  readonly what: MutationName;
  readonly path: Site['path'];
  readonly value: unknown;
}

/** The ways in which values are made wrong. */
export type MutationName =
  | 'wrong type'
  | 'null'
  | 'missing property'
  | 'undescribed property'
  | 'none of the values'
  | 'beyond a bound'
  | 'no multiple'
  | 'too long'
  | 'too short'
  | 'wrong format'
  | 'wrong pattern'
  | 'too many items'
  | 'item twice';

/** A text that is of no format but these, which it is or which are asked of numbers. */
const OF_NO_FORMAT = '~ %zz';
const MAY_BE: ReadonlySet<string> = new Set(['regex', 'sf-integer', 'sf-decimal']);

/** A name that no document describes. */
export const UNDESCRIBED = 'undescribed~9';

/**
 * Makes a value wrong, once in each way that one of its parts allows. Parts for which an alternative was chosen are let
 * be: what is wrong there may be right for another. `shows` says whether a format tells a value from a right one.
 */
export function mutantsOf(
  made: Made,
  chance: Chance,
  shows: (mutant: Mutant) => boolean = () => true,
): readonly Mutant[] {
  const byName = new Map<MutationName, Mutant[]>();
  for (const site of made.sites) {
    if (site.chosen) continue;
    const old = valueIn(made.value, site.path);
    for (const [what, value] of wrongValues(old, site.facts)) {
      const mutant = { what, path: site.path, value: replaced(made.value, site.path, value) };
      if (!shows(mutant)) continue;
      const mutants = byName.get(what) ?? [];
      mutants.push(mutant);
      byName.set(what, mutants);
    }
  }
  return [...byName.values()].map((mutants) => chance.oneOf(mutants));
}

type Wrong = readonly [what: MutationName, value: unknown];

const OF_EACH_TYPE: readonly unknown[] = ['text', 12.5, true, [['nested']], { nested: { deep: 1 } }];

function wrongValues(old: unknown, facts: Facts): readonly Wrong[] {
  const { types, values } = facts;
  const wrong: Wrong[] = [];
  if (types !== null) {
    const other = OF_EACH_TYPE.find((value) => !isOfTypes(value, types));
    if (other !== undefined) wrong.push(['wrong type', other]);
    if (!types.includes('null')) wrong.push(['null', null]);
  }
  if (values !== null && typeof old === 'string') wrong.push(['none of the values', `${old}~${UNDESCRIBED}`]);
  if (typeof old === 'number') wrong.push(...wrongNumbers(old, facts));
  if (typeof old === 'string') wrong.push(...wrongTexts(facts));
  if (Array.isArray(old)) wrong.push(...wrongLists(old, facts));
  if (typeof old === 'object' && old !== null && !Array.isArray(old)) wrong.push(...wrongObjects(old, facts));
  return wrong;
}

function* wrongNumbers(old: number, { least, most, multiples, values }: Facts): Generator<Wrong> {
  if (values !== null) return;
  for (const { bound, excluded } of most) yield ['beyond a bound', excluded ? bound : Math.max(bound * 2, bound + 1)];
  for (const { bound, excluded } of least) yield ['beyond a bound', excluded ? bound : Math.min(bound * 2, bound - 1)];
  for (const multiple of multiples) if (multiple < 1e6) yield ['no multiple', old + multiple / 2];
}

function* wrongTexts({ minLength, maxLength, formats, patterns, values }: Facts): Generator<Wrong> {
  if (values !== null) return;
  if (maxLength <= 10_000) yield ['too long', 'a'.repeat(maxLength + 1)];
  if (minLength > 0) yield ['too short', 'a'.repeat(minLength - 1)];
  if (formats.some((format) => isJudged(format) && !MAY_BE.has(format))) yield ['wrong format', OF_NO_FORMAT];
  for (const pattern of patterns) {
    const text = unfittingText(pattern);
    if (text !== null) yield ['wrong pattern', text];
  }
}

function* wrongLists(old: readonly unknown[], { maxItems, unique, minItems }: Facts): Generator<Wrong> {
  const [first] = old;
  if (old.length > 0 && maxItems <= 1000) {
    yield ['too many items', Array.from({ length: maxItems + 1 }, (_, index) => old[index % old.length])];
  }
  if (old.length > 0 && minItems > 1) yield ['beyond a bound', []];
  if (unique && first !== undefined) yield ['item twice', [...old, first]];
}

function* wrongObjects(old: object, { required, described, saysRest, hidden }: Facts): Generator<Wrong> {
  if (hidden) return;
  for (const name of required) {
    if (!Object.hasOwn(old, name)) continue;
    yield ['missing property', Object.fromEntries(Object.entries(old).filter(([key]) => key !== name))];
  }
  if (described && !saysRest) yield ['undescribed property', { ...old, [UNDESCRIBED]: 1 }];
}

function valueIn(value: unknown, path: Site['path']): unknown {
  return path.reduce((at, token) => (at as Readonly<Record<string | number, unknown>>)[token], value);
}

function replaced(value: unknown, [token, ...rest]: Site['path'], by: unknown): unknown {
  if (token === undefined) return by;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === token ? replaced(item, rest, by) : item));
  if (typeof value !== 'object' || value === null) throw new Unbuildable('a part is not there');
  const entries = Object.entries(value).map(([name, member]) => [
    name,
    name === token ? replaced(member, rest, by) : (member as unknown),
  ]);
  return Object.fromEntries(entries) as unknown;
}
