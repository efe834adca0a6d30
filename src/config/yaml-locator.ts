import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { KeyPath } from './key-path.ts';
import type { LineIndex, Located } from './source-document.ts';

/**
 * The text of a key, or null where it is none. In OpenAPI documents `200:` and `true:` count by how they are written,
 * as they do in JSON; a configuration has keys that are text in YAML too.
 */
export function keyOf(node: Node | null, textOnly: boolean): string | null {
  if (node === null || !isScalar(node)) return null;
  if (typeof node.value === 'string') return node.value;
  return textOnly || node.source === undefined || node.source === '' ? null : node.source;
}

/** Finds the lines of values by walking the parsed YAML; each mapping on the way is indexed once. */
export function createYamlLocator(
  root: Node,
  targets: ReadonlyMap<Alias, Node>,
  lines: LineIndex,
): (path: KeyPath) => Located | null {
  const indexes = new WeakMap<Node, ReadonlyMap<string, Pair<Node, Node | null>>>();
  const pairOf = (map: YAMLMap<Node, Node | null>, key: string): Pair<Node, Node | null> | undefined => {
    let index = indexes.get(map);
    if (index === undefined) {
      // The first of two equal keys is the one whose value was taken.
      index = new Map(map.items.toReversed().map((pair) => [keyOf(pair.key, false) ?? '', pair]));
      indexes.set(map, index);
    }
    return index.get(key);
  };
  return (path) => {
    let node: Node | null = root;
    let key: Node = root;
    for (const token of path) {
      const content: Node | null = node !== null && isAlias(node) ? (targets.get(node) ?? null) : node;
      if (content !== null && isSeq(content)) {
        const item = content.items[Number(token)] as Node | null | undefined;
        if (item === undefined) return null;
        node = item;
        key = item ?? content;
      } else if (content !== null && isMap(content)) {
        const pair = pairOf(content as YAMLMap<Node, Node | null>, String(token));
        if (pair === undefined) return null;
        key = pair.key;
        node = pair.value;
      } else {
        return null;
      }
    }
    const keyPlace = lines.placeAt(key.range?.[0] ?? 0);
    return { key: keyPlace, value: node?.range ? lines.placeAt(node.range[0]) : keyPlace };
  };
}
