import type { DescribedContent, DescribedValue, ParameterStyle } from './description.ts';
import { readContent, noteSchema } from './content.ts';
import { quoted } from './issue-log.ts';
import { type ObjectSite, own, pointerTo } from './pointer.ts';
import { flagMember, objectMember, type Reading, textMember } from './reading.ts';

/** The styles a place may have, its default first (OpenAPI 3.2 §4.12.2.2). */
export type Styles = readonly [ParameterStyle, ...ParameterStyle[]];

/**
 * Reads what parameters and headers have in common (OpenAPI 3.0 §4.7.12.2, 3.1 §4.8.12.2). One with neither schema nor
 * content describes any value, which is told.
 */
export function readValue(reading: Reading, site: ObjectSite, styles: Styles): DescribedValue {
  const style = readStyle(reading, site, styles);
  const schemaPointer = noteSchema(reading, site, 'schema');
  const content = readSingleContent(reading, site, schemaPointer !== null);
  if (schemaPointer === null && own(site.value, 'content') === undefined) {
    reading.issues.warn(site.pointer, 'has neither `schema` nor `content`, so any value is valid', 'give it a schema');
  }
  return {
    pointer: site.pointer,
    required: flagMember(reading, site, 'required', false),
    deprecated: flagMember(reading, site, 'deprecated', false),
    style,
    explode: flagMember(reading, site, 'explode', style === 'form' || style === 'cookie'),
    schemaPointer: schemaPointer ?? content?.schemaPointer ?? null,
    contentMediaType: content?.mediaRange ?? null,
  };
}

function readStyle(reading: Reading, site: ObjectSite, styles: Styles): ParameterStyle {
  const text = textMember(reading, site, 'style');
  if (text === null) return styles[0];
  const style = styles.find((known) => known === text);
  if (style !== undefined) return style;
  reading.issues.error(
    pointerTo(site.pointer, 'style'),
    `${quoted(text)} is no style that a value in this place can have`,
    `write one of ${styles.join(', ')}`,
  );
  return styles[0];
}

function readSingleContent(reading: Reading, site: ObjectSite, hasSchema: boolean): DescribedContent | null {
  const map = objectMember(reading, site, 'content');
  if (map === null) return null;
  if (hasSchema) {
    reading.issues.error(map.pointer, 'stands beside `schema`: only one of them can describe the value');
    return null;
  }
  const content = readContent(reading, map);
  const [only] = content;
  if (content.length === 1 && Object.keys(map.value).length === 1) return only ?? null;
  reading.issues.error(map.pointer, 'must have exactly one media type');
  return null;
}
