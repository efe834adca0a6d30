import { FieldMark, NUMBER_OF, OTHER_FIELD } from './field-names.ts';
import { HEAD_BOUNDS } from './fields.ts';
import type { HeaderFields } from './header-fields.ts';
import { addLine, countOfFields, newFieldLines, takeFields } from './http2/field-lines.ts';

/** What differs from reading a list like the head it came from. */
interface ListedOptions {
  readonly limit: number;
  /** Names that are forwarded whatever the codec knows of them. */
  readonly unmarked: ReadonlySet<string>;
}

const WHOLE: ListedOptions = { limit: HEAD_BOUNDS.bytes, unmarked: new Set() };

/**
 * The fields of a reply from pairs of name and value, which have been read from one before: names in lower case, nothing in
 * them that ends a line. What no client gets is marked so again, but for the `unmarked`. Throws where they are more than
 * one head may hold, or have more characters than `limit`, which is 65,535 at most.
 */
export function listedFields(
  list: Iterable<readonly [name: string, value: string]>,
  { limit, unmarked }: ListedOptions = WHOLE,
): HeaderFields {
  const lines = newFieldLines();
  for (const [name, value] of list) {
    const line = `${name}: ${value}\r\n`;
    if (lines.text.length + line.length > limit || countOfFields(lines) >= HEAD_BOUNDS.fields)
      throw new RangeError('more fields than a head may hold');
    addLine(lines, name, unmarked.has(name) ? OTHER_FIELD : (NUMBER_OF.get(name) ?? OTHER_FIELD), line);
  }
  return takeFields(lines, FieldMark.drop | FieldMark.banner);
}
