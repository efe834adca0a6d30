import type { Issue, Place } from '../base/index.ts';
import type { KeyPath } from './key-path.ts';

/** Where a key (or an element of a list) and its value stand. */
export interface Located {
  readonly key: Place;
  readonly value: Place;
}

/** A document as plain data, and the lines its parts come from. */
export interface SourceDocument {
  readonly value: unknown;
  /** Where the value that a path leads to stands, or null where the path leads nowhere. */
  locate(path: KeyPath): Located | null;
}

/** A reading: the document where one could be made, and all that is wrong with it. */
export interface Reading {
  readonly document: SourceDocument | null;
  readonly issues: readonly Issue[];
}

/** Which file a text came from, and where its lines begin. */
export interface LineIndex {
  readonly file: string;
  placeAt(offset: number): Place;
}

/** Finds lines and columns of offsets; columns count UTF-16 code units, as editors do. */
export function createLineIndex(file: string, text: string): LineIndex {
  let starts: readonly number[] | null = null;
  return {
    file,
    placeAt(offset) {
      starts ??= lineStarts(text);
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if ((starts[middle] as number) <= offset) low = middle;
        else high = middle - 1;
      }
      return { file, line: low + 1, column: offset - (starts[low] as number) + 1 };
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Puts a value under a key of an object; `__proto__` becomes a key like any other instead of the prototype. */
export function defineKey(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
