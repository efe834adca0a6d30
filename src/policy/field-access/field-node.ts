import type { FieldEntry } from '../field-rules.ts';

/**
 * Which fields pass at one place of a value: the members that are named go by their own node, and all others pass whole
 * where `rest` says so, else not at all. What is no object passes where `rest` does. Lists have the node of their elements.
 */
export interface FieldNode {
  readonly rest: boolean;
  /** Only members of which something else is said than of the rest. */
  readonly members: ReadonlyMap<string, FieldNode>;
}

/** Where everything passes. */
export const ALL_FIELDS: FieldNode = Object.freeze({ rest: true, members: new Map() });

/** Where nothing does. */
export const NO_FIELDS: FieldNode = Object.freeze({ rest: false, members: new Map() });

/** The node of a member, which is one of the two above where nothing is said of it. */
export function memberNode(node: FieldNode, name: string): FieldNode {
  return node.members.get(name) ?? restOf(node);
}

/** The node to which names lead. */
export function nodeAt(node: FieldNode, names: readonly string[]): FieldNode {
  let at = node;
  for (const name of names) at = memberNode(at, name);
  return at;
}

/** What one list lets pass: what it adds, without what it takes away, in whatever order they stand. */
export function nodeOfList(entries: readonly FieldEntry[]): FieldNode {
  const root = growing();
  for (const { change, names } of entries) {
    let at = root;
    for (const name of names) {
      const below = at.members.get(name) ?? growing();
      at.members.set(name, below);
      at = below;
    }
    at[change] = true;
  }
  return settled(root, false);
}

/** What passes by either. */
export function eitherNode(one: FieldNode, other: FieldNode): FieldNode {
  if (one === other || isWhole(one) || isNothing(other)) return one;
  if (isWhole(other) || isNothing(one)) return other;
  const names = new Set([...one.members.keys(), ...other.members.keys()]);
  return nodeOf(
    one.rest || other.rest,
    Array.from(names, (name) => [name, eitherNode(memberNode(one, name), memberNode(other, name))] as const),
  );
}

/** Whether all that there can be passes. */
export function isWhole({ rest, members }: FieldNode): boolean {
  return rest && members.size === 0;
}

/** Whether nothing can pass. */
export function isNothing({ rest, members }: FieldNode): boolean {
  return !rest && members.size === 0;
}

interface Growing {
  add: boolean;
  remove: boolean;
  readonly members: Map<string, Growing>;
}

function growing(): Growing {
  return { add: false, remove: false, members: new Map() };
}

/** `granted`: whether something above adds it. What takes away something takes away all below it. */
function settled({ add, remove, members }: Growing, granted: boolean): FieldNode {
  if (remove) return NO_FIELDS;
  const rest = granted || add;
  return nodeOf(
    rest,
    Array.from(members, ([name, below]) => [name, settled(below, rest)] as const),
  );
}

/** Members that are like the rest are left out, so that equal rights have equal nodes. */
function nodeOf(rest: boolean, members: readonly (readonly [name: string, node: FieldNode])[]): FieldNode {
  const others = members.filter(([, node]) => node.rest !== rest || node.members.size > 0);
  if (others.length === 0) return rest ? ALL_FIELDS : NO_FIELDS;
  return { rest, members: new Map(others) };
}

function restOf({ rest }: FieldNode): FieldNode {
  return rest ? ALL_FIELDS : NO_FIELDS;
}
