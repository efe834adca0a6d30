import type { ElementsToCut, JsonObject, JsonValue, MembersToCut } from '../../../body/index.ts';
import type { ObjectList } from './config.ts';

/** What goes of a body. */
export interface ListCuts {
  readonly elements: ElementsToCut;
  readonly members: MembersToCut;
  /** How many elements were asked about, and how many of them go. */
  readonly asked: number;
  readonly gone: number;
}

/**
 * Finds what goes of a body: the elements of its list of which `holds` does not say that they may stay, and the members that
 * are dropped in any case. Null where the body has no such list, at one place or at all.
 */
export function cutsOf(body: JsonValue, list: ObjectList, holds: (item: JsonValue) => boolean): ListCuts | null {
  const lists: (readonly JsonValue[])[] = [];
  if (!collectLists(body, list.names, lists)) return null;
  const elements = new Map<object, ReadonlySet<number>>();
  let asked = 0;
  let gone = 0;
  for (const each of lists) {
    const going = new Set<number>();
    for (const [at, item] of each.entries()) if (!holds(item)) going.add(at);
    asked += each.length;
    gone += going.size;
    if (going.size > 0) elements.set(each, going);
  }
  const members = new Map<object, Map<string, true>>();
  for (const names of list.drop) collectMembers(body, names, members);
  return { elements, members, asked, gone };
}

/** False where something on the way is not there, or what is there is no list. */
function collectLists(value: JsonValue, names: readonly string[], lists: (readonly JsonValue[])[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined) {
    if (!isList(value)) return false;
    lists.push(value);
    return true;
  }
  if (isList(value)) return value.every((each) => collectLists(each, names, lists));
  const member = memberOf(value, name);
  return member !== undefined && collectLists(member, rest, lists);
}

function collectMembers(value: JsonValue, names: readonly string[], members: Map<object, Map<string, true>>): void {
  const [name, ...rest] = names;
  if (name === undefined) return;
  if (isList(value)) {
    for (const each of value) collectMembers(each, names, members);
    return;
  }
  const member = memberOf(value, name);
  if (member === undefined) return;
  if (rest.length > 0) {
    collectMembers(member, rest, members);
    return;
  }
  const going = members.get(value as JsonObject) ?? new Map<string, true>();
  members.set(value as JsonObject, going.set(name, true));
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
