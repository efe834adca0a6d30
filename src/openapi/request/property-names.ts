import { children, isObject, own, parsePointer, pointerTo, type Site } from '../pointer.ts';

const namesByDocument = new WeakMap<object, ReadonlySet<string>>();

/** All names that any `properties` of a document has; found once for each document. */
export function propertyNamesOf(document: unknown): ReadonlySet<string> {
  if (!isObject(document)) return new Set();
  const known = namesByDocument.get(document) ?? collect(document);
  namesByDocument.set(document, known);
  return known;
}

/**
 * A JSON Pointer into a value, as far as it is made of places in lists and of names that are described: what follows was
 * made up by whoever sent the value.
 */
export function describedPart(pointer: string, names: ReadonlySet<string>): string {
  const tokens = parsePointer(pointer);
  if (!tokens.ok) return '';
  let part = '';
  for (const token of tokens.value) {
    if (!/^(?:0|[1-9][0-9]{0,9})$/.test(token) && !names.has(token)) break;
    part = pointerTo(part, token);
  }
  return part;
}

function collect(document: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const waiting: Site[] = [{ value: document, pointer: '' }];
  for (let site = waiting.pop(); site !== undefined; site = waiting.pop()) {
    const properties = isObject(site.value) ? own(site.value, 'properties') : undefined;
    if (isObject(properties)) for (const name of Object.keys(properties)) names.add(name);
    for (const child of children(site)) waiting.push(child);
  }
  return names;
}
