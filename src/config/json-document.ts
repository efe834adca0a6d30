import { errorIssue, type Issue } from '../base/index.ts';
import { checkJson } from './json-check.ts';
import { readFlawless } from './json-glance.ts';
import { createJsonLocator } from './json-locator.ts';
import { createLineIndex, type Reading } from './source-document.ts';

/**
 * Reads a JSON text. JSON.parse makes the data, since it is many times faster than a parser that keeps places;
 * places are found only when asked for, each object on the way being indexed once.
 */
export function readJson(text: string, file: string, depthLimit: number): Reading {
  const lines = createLineIndex(file, text);
  const flawless = readFlawless(text, depthLimit);
  if (flawless !== null) {
    return { document: { value: flawless.value, locate: createJsonLocator(text, lines) }, issues: [] };
  }
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
