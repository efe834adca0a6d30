import { FieldMark, NUMBER_OF, OTHER_FIELD } from './field-names.ts';
import { HEAD_BOUNDS } from './fields.ts';
import type { HeaderFields } from './header-fields.ts';
import { addLine, countOfFields, newFieldLines, takeFields } from './http2/field-lines.ts';

/**
 * The fields of a reply from pairs of name and value, which have been read from one before: names in lower case, nothing in
 * them that ends a line. What no client gets is marked so again. Throws where they are more than one head may hold.
 */
export function listedFields(list: Iterable<readonly [name: string, value: string]>): HeaderFields {
  const lines = newFieldLines();
  for (const [name, value] of list) {
    const line = `${name}: ${value}\r\n`;
    if (lines.text.length + line.length > HEAD_BOUNDS.bytes || countOfFields(lines) >= HEAD_BOUNDS.fields)
      throw new RangeError('more fields than a head may hold');
    addLine(lines, name, NUMBER_OF.get(name) ?? OTHER_FIELD, line);
  }
  return takeFields(lines, FieldMark.drop | FieldMark.banner);
}
