import { type JsonChild, jsonChildren } from './json-text.ts';
import type { KeyPath } from './key-path.ts';
import type { LineIndex, Located } from './source-document.ts';

/** Finds places in a sound JSON text when they are asked for; each object on the way is indexed once. */
export function createJsonLocator(text: string, lines: LineIndex): (path: KeyPath) => Located | null {
  const indexes = new Map<number, ReadonlyMap<string, JsonChild>>();
  const childrenAt = (offset: number): ReadonlyMap<string, JsonChild> => {
    let children = indexes.get(offset);
    if (children === undefined) {
      children = jsonChildren(text, offset);
      indexes.set(offset, children);
    }
    return children;
  };
  const root = Math.max(0, text.search(/[^\t\n\r ]/));
  return (path) => {
    let found: JsonChild | undefined = { keyOffset: root, valueOffset: root };
    for (const token of path) {
      found = childrenAt(found.valueOffset).get(String(token));
      if (found === undefined) return null;
    }
    return { key: lines.placeAt(found.keyOffset), value: lines.placeAt(found.valueOffset) };
  };
}

/** The tokens of a JSON Pointer (RFC 6901 §3). */
export function pathOfPointer(pointer: string): KeyPath {
  const tokens = pointer.split('/').slice(1);
  if (!pointer.includes('~')) return tokens;
  return tokens.map((token) => (token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token));
}
