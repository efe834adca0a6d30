import type { DescribedContent, DescribedRequestBody } from './description.ts';
import { quoted } from './issue-log.ts';
import { parseMediaRange } from './media-range.ts';
import { children, isObject, member, type ObjectSite, own, type Site } from './pointer.ts';
import { checkKeys, flagMember, objectMember, once, type Reading, resolve, spend } from './reading.ts';

const REQUEST_BODY_KEYS: ReadonlySet<string> = new Set(['description', 'content', 'required']);

/** Reads a Request Body Object (OpenAPI 3.0 §4.7.13, 3.1 §4.8.13), by reference or itself; null, reported, where it is none. */
export function readRequestBody(reading: Reading, site: Site): DescribedRequestBody | null {
  const body = resolve(reading, site, 'requestBodies');
  if (body === null) return null;
  return once(reading.read.requestBodies, body.value, () => {
    checkKeys(reading, body, REQUEST_BODY_KEYS);
    const content = objectMember(reading, body, 'content');
    if (own(body.value, 'content') === undefined) {
      reading.issues.error(
        body.pointer,
        'has no `content`, so no body can be judged',
        'name the media types it may have',
      );
    }
    return {
      pointer: body.pointer,
      required: flagMember(reading, body, 'required', false),
      content: content === null ? [] : readContent(reading, content),
    };
  });
}

/**
 * Reads a map of media ranges to Media Type Objects; the schemas in it are noted for checking. A key that is no media
 * range is left out with a warning: bodies come under none such, so it opens nothing.
 */
export function readContent(reading: Reading, site: ObjectSite): readonly DescribedContent[] {
  const content: DescribedContent[] = [];
  const seen = new Set<string>();
  for (const key of Object.keys(site.value)) {
    const entry = member(site, key);
    if (key.startsWith('x-') && !key.includes('/')) continue;
    if (!spend(reading, 1)) break;
    const range = parseMediaRange(key);
    if (!range.ok) reading.issues.warn(entry.pointer, `is left out: ${quoted(key)} ${range.error}`);
    else if (seen.has(range.value)) reading.issues.error(entry.pointer, `names ${quoted(range.value)} a second time`);
    else {
      seen.add(range.value);
      const described = readMediaType(reading, entry, range.value);
      if (described !== null) content.push(described);
    }
  }
  return content;
}

function readMediaType(reading: Reading, site: Site, mediaRange: string): DescribedContent | null {
  const media = resolve(reading, site, 'mediaTypes');
  if (media === null) return null;
  noteEncodingSchemas(reading, media);
  return {
    mediaRange,
    pointer: media.pointer,
    schemaPointer: noteSchema(reading, media, 'schema'),
    itemSchemaPointer: reading.specification === '3.2' ? noteSchema(reading, media, 'itemSchema') : null,
  };
}

/** The parts of a form may have headers of their own (OpenAPI 3.0 §4.7.15, 3.1 §4.8.15), with schemas to be checked. */
function noteEncodingSchemas(reading: Reading, media: ObjectSite): void {
  const encoding = objectMember(reading, media, 'encoding');
  for (const part of encoding === null ? [] : children(encoding)) {
    if (!isObject(part.value)) {
      reading.issues.error(part.pointer, 'must be an object');
      continue;
    }
    const headers = objectMember(reading, { value: part.value, pointer: part.pointer }, 'headers');
    for (const site of headers === null ? [] : children(headers)) {
      const header = spend(reading, 1) ? resolve(reading, site, 'headers') : null;
      if (header !== null) noteSchema(reading, header, 'schema');
    }
  }
}

/** Notes a schema for checking, and gives its pointer, or null where there is none. */
export function noteSchema(reading: Reading, site: ObjectSite, name: 'schema' | 'itemSchema'): string | null {
  const schema = member(site, name);
  if (schema.value === undefined) return null;
  reading.schemas.push(schema);
  return schema.pointer;
}
