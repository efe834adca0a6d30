import type { Chance } from '../sim/chance.ts';
import { type Facts, factsOf, type Home, type Schema, Unbuildable } from './facts.ts';
import { textFor } from './texts.ts';

/** A place in a made value, and what was known of it. */
export interface Site {
  readonly path: readonly (string | number)[];
  readonly facts: Facts;
  /** Whether an alternative was chosen here or above. */
  readonly chosen: boolean;
}

/** A value that its schema describes, with what is known of each part. */
export interface Made {
  readonly value: unknown;
  readonly sites: readonly Site[];
}

/** How much of a value is made: what must be there, or all there may be. */
export type Measure = 'least' | 'all';

interface Making {
  readonly home: Home;
  readonly chance: Chance;
  readonly measure: Measure;
  readonly sites: Site[];
}

/** Beyond this depth only what must be there is made, and beyond twice that nothing ends. */
const DEPTH = 4;
const SITES = 3_000;
const PROPERTIES = 40;
const OTHERS = 20;

/** Makes a value that a schema describes; throws `Unbuildable` where none is found. */
export function makeValue(schema: Schema, home: Home, chance: Chance, measure: Measure): Made {
  const making: Making = { home, chance, measure, sites: [] };
  return { value: make([schema], [], false, making), sites: making.sites };
}

function make(schemas: readonly Schema[], path: Site['path'], chosen: boolean, making: Making): unknown {
  if (path.length > 3 * DEPTH || making.sites.length > SITES) throw new Unbuildable('it does not end');
  const facts = factsOf(schemas, making.home, making.chance);
  if (path.length > 0 && facts.hidden) throw new Unbuildable('it may not be sent');
  // A property that two schemas describe is held to each of them on its own, so each may refuse what the other one has.
  const site: Site = { path, facts, chosen: chosen || facts.chosen || schemas.length > 1 };
  making.sites.push(site);
  if (facts.values !== null) return valueAmong(facts);
  switch (typeOf(facts, making)) {
    case 'null':
      return null;
    case 'boolean':
      return making.chance.below(2) === 0;
    case 'integer':
      return numberFor(facts, true);
    case 'number':
      return numberFor(facts, false);
    case 'string':
      return textFor(facts, making.chance);
    case 'array':
      return listFor(site, making);
    default:
      return objectFor(site, making);
  }
}

function typeOf({ types, properties, items, patterns, formats, least, most }: Facts, { chance }: Making): string {
  if (types !== null) {
    const usual = types.filter((type) => type !== 'null');
    return usual.length === 0 ? 'null' : chance.oneOf(usual);
  }
  if (properties.size > 0) return 'object';
  if (items.length > 0) return 'array';
  if (patterns.length + formats.length === 0 && least.length + most.length > 0) return 'number';
  return 'string';
}

function valueAmong(facts: Facts): unknown {
  const right = (facts.values ?? []).find((value) => isOfTypes(value, facts.types) && fits(value, facts));
  if (right === undefined) throw new Unbuildable('none of the values is right');
  return right;
}

function fits(value: unknown, { minLength, maxLength, patterns, formats }: Facts): boolean {
  if (typeof value !== 'string') return true;
  if (formats.length > 0) return !['', ' '].includes(value);
  return (
    value.length >= minLength && value.length <= maxLength && patterns.every((one) => new RegExp(one, 'u').test(value))
  );
}

/** Whether a value has one of the types; null is any. */
export function isOfTypes(value: unknown, types: readonly string[] | null): boolean {
  if (types === null) return true;
  return types.some((type) => {
    if (type === 'null') return value === null;
    if (type === 'array') return Array.isArray(value);
    if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    if (type === 'integer') return Number.isInteger(value);
    return typeof value === type;
  });
}

function numberFor({ least, most, multiples, formats }: Facts, whole: boolean): number {
  const [multiple, ...others] = multiples;
  if (others.length > 0) throw new Unbuildable('several multiples are asked for');
  const step = multiple ?? (whole || formats.some((format) => /int/.test(format)) ? 1 : 0.5);
  const above = least.toSorted((one, other) => other.bound - one.bound)[0];
  const below = most.toSorted((one, other) => one.bound - other.bound)[0];
  const right = (value: number): boolean =>
    least.every(({ bound, excluded }) => (excluded ? value > bound : value >= bound)) &&
    most.every(({ bound, excluded }) => (excluded ? value < bound : value <= bound)) &&
    (!whole || Number.isInteger(value));
  const start = above === undefined ? 0 : Math.ceil(above.bound / step) * step;
  const end = below === undefined ? start : Math.floor(below.bound / step) * step;
  const candidates = [start, start + step, end, end - step, ((above?.bound ?? 0) + (below?.bound ?? 0)) / 2, 1, 0];
  const found = candidates.find(right);
  if (found === undefined) throw new Unbuildable('no number is right');
  return found;
}

function listFor({ path, facts, chosen }: Site, making: Making): unknown[] {
  const { minItems, maxItems, items, prefixItems } = facts;
  if (minItems > maxItems || minItems > 100) throw new Unbuildable('no number of items is right');
  // Of a parameter nothing is written for an empty list.
  const least = path.length === 0 ? 1 : 0;
  const wanted = making.measure === 'all' && path.length < DEPTH ? 1 + making.chance.below(2) : least;
  const count = Math.min(maxItems, Math.max(minItems, wanted));
  const list: unknown[] = [];
  for (let index = 0; index < count; index += 1) {
    const first = prefixItems.flatMap((schemas) => (index < schemas.length ? [schemas[index]!] : items));
    const schemas = prefixItems.length === 0 ? items : first;
    const sites = making.sites.length;
    const item = orNothing(() => make(schemas, [...path, index], chosen, making), index >= minItems);
    const twice = facts.unique && list.some((other) => JSON.stringify(other) === JSON.stringify(item?.value));
    if (twice && index < minItems) throw new Unbuildable('different items are not made');
    if (item === undefined || twice) {
      making.sites.length = sites;
      break;
    }
    list.push(item.value);
  }
  return list;
}

function objectFor({ path, facts, chosen }: Site, making: Making): Record<string, unknown> {
  const { properties, required, telling, minProperties, maxProperties, additional, described } = facts;
  const object: Record<string, unknown> = {};
  const add = (name: string, schemas: readonly Schema[], optional: boolean): void => {
    if (name === '__proto__') throw new Unbuildable('a name that no parser takes');
    const sites = making.sites.length;
    const made = orNothing(() => make(schemas, [...path, name], chosen, making), optional);
    if (made !== undefined) object[name] = made.value;
    else making.sites.length = sites;
  };
  const isHidden = (schemas: readonly Schema[]): boolean => factsOf(schemas, making.home, making.chance).hidden;
  for (const name of required.union(telling)) {
    const schemas = properties.get(name) ?? [];
    if (isHidden(schemas)) continue;
    if (!properties.has(name) && described && additional.length === 0)
      throw new Unbuildable('what must be there is not described');
    add(name, schemas.length === 0 ? additional : schemas, false);
  }
  const more = making.measure === 'all' && path.length < DEPTH ? PROPERTIES : 0;
  const most = Math.min(maxProperties, Math.max(minProperties, more));
  for (const [name, schemas] of properties) {
    if (Object.keys(object).length >= most) break;
    if (!required.has(name) && !telling.has(name) && !isHidden(schemas)) add(name, schemas, true);
  }
  const size = (): number => Object.keys(object).length;
  const anyOther = additional.length > 0 && making.measure === 'all' && path.length < DEPTH && size() < maxProperties;
  const wanted = Math.max(minProperties - size(), anyOther ? 1 : 0);
  if (wanted > OTHERS || (wanted > 0 && described && additional.length === 0)) {
    throw new Unbuildable('no number of properties is right');
  }
  for (let index = 0; index < wanted; index += 1) add(`other${index}`, additional, false);
  if (size() > maxProperties) throw new Unbuildable('no number of properties is right');
  return object;
}

/** What may be left out is left out where it can't be made. */
function orNothing(makeIt: () => unknown, optional: boolean): { readonly value: unknown } | undefined {
  try {
    return { value: makeIt() };
  } catch (error) {
    if (!(error instanceof Unbuildable) || !optional) throw error;
    return undefined;
  }
}
