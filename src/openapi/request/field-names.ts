import { type Field, formsOf } from './styled-text.ts';

/** A field, and whether its one text is a document of its own. */
export interface NamedField extends Field {
  readonly isDocument: boolean;
}

/** Tells whether a name is one that some field, or a part of one, goes by. */
export type Ownership = (name: string) => boolean;

/** The names of these fields: their own, those of their properties where they are exploded, and any with them before brackets. */
export function createOwnership(fields: readonly NamedField[], more: readonly string[] = []): Ownership {
  const names = new Set(more);
  const prefixes = new Set<string>();
  for (const field of fields) {
    const { name, style, shape } = field;
    if (goesByOwnName(field)) names.add(name);
    if (!isInParts(field)) continue;
    if (style === 'deepObject') prefixes.add(name);
    else for (const part of shape?.object?.properties.keys() ?? []) names.add(part);
  }
  return (name) => names.has(name) || (name.includes('[') && prefixes.has(name.slice(0, name.indexOf('['))));
}

/** Whether a field is an exploded object with room for any property, and so for every name that no other field goes by. */
export function takesAnyName(field: NamedField): boolean {
  const object = isInParts(field) && field.style !== 'deepObject' ? field.shape?.object : null;
  return object !== null && object !== undefined && object.others !== undefined;
}

function isInParts({ isDocument, explode, style }: NamedField): boolean {
  return !isDocument && (explode || style === 'deepObject');
}

/** An object in parts has no text under its own name, nor has a list in brackets. */
function goesByOwnName(field: NamedField): boolean {
  if (!isInParts(field)) return true;
  const forms = formsOf(field.shape);
  return forms.includes('scalar') || (forms.includes('array') && field.style !== 'deepObject');
}
