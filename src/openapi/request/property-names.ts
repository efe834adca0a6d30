import { isObject, parsePointer, pointerTo } from '../pointer.ts';
import { knownOf, type Names, surveyDocument } from '../survey.ts';

const namesByDocument = new WeakMap<object, Names>();

/** All names that any `properties` of a document has: as they were told (`tellOfDocument`), or found once for each document. */
export function propertyNamesOf(document: unknown): Names {
  if (!isObject(document)) return new Set<string>();
  const names = knownOf(document)?.propertyNames ?? namesByDocument.get(document);
  if (names !== undefined) return names;
  const { propertyNames } = surveyDocument(document);
  namesByDocument.set(document, propertyNames);
  return propertyNames;
}

/**
 * A JSON Pointer into a value, as far as it is made of places in lists and of names that are described: what follows was
 * made up by whoever sent the value.
 */
export function describedPart(pointer: string, names: Names): string {
  const tokens = parsePointer(pointer);
  if (!tokens.ok) return '';
  let part = '';
  for (const token of tokens.value) {
    if (!/^(?:0|[1-9][0-9]{0,9})$/.test(token) && !names.has(token)) break;
    part = pointerTo(part, token);
  }
  return part;
}
