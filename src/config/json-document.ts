import { errorIssue, type Issue } from '../base/index.ts';
import { checkJson } from './json-check.ts';
import { type JsonChild, jsonChildren } from './json-text.ts';
import type { KeyPath } from './key-path.ts';
import { createLineIndex, type LineIndex, type Located, type Reading } from './source-document.ts';

/**
 * Reads a JSON text. JSON.parse makes the data, since it is many times faster than a parser that keeps places;
 * places are found only when asked for, each object on the way being indexed once.
 */
export function readJson(text: string, file: string, depthLimit: number): Reading {
  const lines = createLineIndex(file, text);
  const { fault, duplicates } = checkJson(text, depthLimit);
  if (fault !== null) {
    const message =
      fault.reason === 'depth' ? `is nested deeper than ${depthLimit} levels` : 'is not JSON from here on';
    return { document: null, issues: [errorIssue('', message, { place: lines.placeAt(fault.offset) })] };
  }
  const issues: Issue[] = duplicates.map(({ key, offset }) => {
    const message = `the key ${JSON.stringify(key.slice(0, 120))} stands twice in one object`;
    return errorIssue('', message, { place: lines.placeAt(offset), fix: 'keep one of them' });
  });
  return { document: { value: JSON.parse(text) as unknown, locate: createJsonLocator(text, lines) }, issues };
}

function createJsonLocator(text: string, lines: LineIndex): (path: KeyPath) => Located | null {
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
