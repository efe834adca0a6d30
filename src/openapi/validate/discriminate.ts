import { isObject, parsePointer } from '../pointer.ts';
import { type Check, failAt } from './run.ts';
import { conjunctsOf, type Discriminator, type SchemaNode } from './schema-node.ts';

/** What is said of a property that names no schema. */
const NAMES_NOTHING = 'names none of the alternatives';

/**
 * Judges by the alternatives that the property of a discriminator names, and by all of them where it says nothing.
 * `checkOf` makes the check of some of them. An alternative goes by what the mapping calls it, by its name as a component,
 * and by the values that its own schema has for the property; one that has no name at all is meant by any other value.
 */
export function discriminatedCheck<T>(
  { property, mapping, otherwise }: Discriminator,
  alternatives: readonly { readonly node: SchemaNode; readonly alternative: T }[],
  checkOf: (some: readonly T[]) => Check,
): Check {
  const chains = alternatives.map(({ node, alternative }) => ({ alternative, chain: chainOf(node), node }));
  const ofNode = (meant: SchemaNode | null): T[] =>
    chains
      .filter(({ chain }) => meant !== null && chain.some((one) => one.value === meant.value))
      .map((one) => one.alternative);
  const byValue = new Map<unknown, T[]>();
  const byName = new Map<unknown, T[]>();
  const nameless: T[] = [];
  for (const { alternative, chain, node } of chains) {
    const values = valuesOf(conjunctsOf(node), property);
    const names = chain.flatMap(componentName);
    if (names.length + values.length === 0) nameless.push(alternative);
    for (const value of values) add(byValue, value, alternative);
    for (const name of names) add(byName, name, alternative);
  }
  const named = new Map([...byValue, ...byName]);
  for (const [name, meant] of mapping) {
    const listed = ofNode(meant);
    // One that is not among the alternatives, but a copy of it is, leaves the name to what the copy says itself.
    if (listed.length > 0 || !named.has(name)) named.set(name, listed);
  }
  const all = checkOf(alternatives.map(({ alternative }) => alternative));
  // Names that all alternatives share would else make a check of all for each.
  const made = new Map<T, Check>();
  const checkFor = (some: readonly T[]): Check | null => {
    const [only] = some;
    if (only === undefined) return null;
    if (some.length > 1) return some.length === alternatives.length ? all : checkOf(some);
    const check = made.get(only) ?? checkOf(some);
    made.set(only, check);
    return check;
  };
  const checks = new Map([...named].map(([name, some]) => [name, checkFor(some)]));
  const rest = otherwise === null ? nameless : ofNode(otherwise);
  const restCheck = checkFor(rest);
  return (value, run, seen) => {
    if (!isObject(value)) return all(value, run, seen);
    if (!Object.hasOwn(value, property)) return (otherwise === null ? all : (restCheck ?? all))(value, run, seen);
    const check = checks.get(value[property]) ?? (checks.has(value[property]) ? null : restCheck);
    return check === null ? failAt(run, property, NAMES_NOTHING) : check(value, run, seen);
  };
}

/**
 * Judges also by the heir that the property of a discriminator names. Heirs take up the schema itself, so of one value
 * only the first that asks is answered.
 */
export function heirCheck(node: SchemaNode, { property, mapping, otherwise, heirs }: Discriminator): Check {
  const base = conjunctsOf(node);
  const named = new Map<unknown, SchemaNode | null>();
  for (const value of valuesOf(base, property)) named.set(value, node);
  for (const heir of heirs) {
    const others = conjunctsOf(heir).filter((one) => !base.includes(one));
    for (const value of [...valuesOf(others, property), ...ownWord(heir)]) named.set(value, heir);
  }
  for (const one of [node, ...heirs]) for (const name of componentName(one)) named.set(name, one);
  for (const [name, meant] of mapping) if (meant !== null || !named.has(name)) named.set(name, meant);
  const open = new Set<unknown>();
  return (value, run, seen) => {
    if (!isObject(value) || open.has(value)) return true;
    const tag = Object.hasOwn(value, property) ? value[property] : undefined;
    const heir = tag === undefined ? (otherwise ?? node) : named.has(tag) ? named.get(tag) : otherwise;
    if (heir === null || heir === undefined) return failAt(run, property, NAMES_NOTHING);
    if (heir.value === node.value) return true;
    open.add(value);
    const holds = heir.check(value, run, seen);
    open.delete(value);
    return holds;
  };
}

function add<T>(lists: Map<unknown, T[]>, name: unknown, one: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [one]);
  else list.push(one);
}

/** A schema, and what it refers to. */
function chainOf(node: SchemaNode): readonly SchemaNode[] {
  const chain = [node];
  for (const { inner } of chain) chain.push(...inner.targets);
  return chain;
}

/** The name of a schema as a component, where it is one. */
function componentName({ pointer }: SchemaNode): readonly string[] {
  const tokens = parsePointer(pointer);
  const [first, second, name, ...below] = tokens.ok ? tokens.value : [];
  return first === 'components' && second === 'schemas' && name !== undefined && below.length === 0 ? [name] : [];
}

/** What documents made from C# and AutoRest call an heir, which have no mapping. */
function ownWord({ value }: SchemaNode): readonly unknown[] {
  return isObject(value) && Object.hasOwn(value, WORD) ? [value[WORD]] : [];
}

const WORD = 'x-ms-discriminator-value';

/** The values that schemas which apply together have for a property by `enum` and `const`; none where they don't say. */
function valuesOf(conjuncts: readonly SchemaNode[], property: string): readonly unknown[] {
  const lists = conjuncts.flatMap(({ inner }) => {
    const held = inner.properties?.get(property);
    return held === undefined ? [] : conjunctsOf(held).flatMap(listedIn);
  });
  const [first = [], ...others] = lists;
  const sets = others.map((list) => new Set(list));
  return first.filter((value) => sets.every((set) => set.has(value)));
}

function listedIn({ value }: SchemaNode): readonly (readonly unknown[])[] {
  if (!isObject(value)) return [];
  const lists: (readonly unknown[])[] = Array.isArray(value['enum']) ? [value['enum'] as readonly unknown[]] : [];
  return Object.hasOwn(value, 'const') ? [...lists, [value['const']]] : lists;
}
