import type { Issue, Place } from '../../base/index.ts';
import type { ApiDescription, DescribedContent, DescribedParameter } from '../description.ts';
import { quoted } from '../issue-log.ts';
import { type Surprise, Surprises } from '../surprises.ts';
import type { SchemaSource } from '../validate/validator.ts';
import { takesAnyName } from './field-names.ts';
import { isReadableText, queryField } from './parameter.ts';
import { unreadableParts } from './part-encoding.ts';
import { contentUse } from './readable-content.ts';

/**
 * What of a sound description will surprise its authors once requests are held against it: bodies and parameters that
 * are refused whatever they hold, since nobody here reads their format, and queries in which every name passes. Each is
 * told once, with the operations it concerns. `place` gives the line of a JSON Pointer into the document. Pure.
 */
export function requestWarnings(
  document: unknown,
  description: Pick<ApiDescription, 'specification' | 'operations'>,
  place: (pointer: string) => Place | null,
): readonly Issue[] {
  const source: SchemaSource = { document, specification: description.specification };
  const surprises = new Surprises();
  for (const { id, parameters, requestBody } of description.operations) {
    for (const parameter of parameters) {
      surprises.note(id, parameter.pointer, () => parameterSurprise(source, parameter));
    }
    for (const content of requestBody?.content ?? []) {
      surprises.note(id, content.pointer, () => contentSurprise(source, content));
      if (content.mediaRange.startsWith('multipart/')) notePartSurprises(surprises, source, { id, content });
    }
  }
  return surprises.told(place);
}

function contentSurprise(source: SchemaSource, content: DescribedContent): Surprise | null {
  return contentUse(source, content).readable ? null : unreadableBody(content.mediaRange);
}

function notePartSurprises(
  surprises: Surprises,
  source: SchemaSource,
  { id, content }: { readonly id: string; readonly content: DescribedContent },
): void {
  for (const { name, pointer } of unreadableParts(source, content.pointer)) {
    surprises.note(id, pointer, () => ({
      message: `the part ${quoted(name)} can't be read as it is encoded here, so forms with one are refused`,
      fix: 'name JSON, XML or text as its `contentType`, or describe it as bytes, `type: string` with `format: binary`',
    }));
  }
}

function unreadableBody(mediaRange: string): Surprise {
  return {
    message: `a body of ${quoted(mediaRange)} can't be held against this schema, so requests with one are refused with 415`,
    fix: 'describe it as bytes, `type: string` with `format: binary`, to let it pass unread',
  };
}

function parameterSurprise(source: SchemaSource, parameter: DescribedParameter): Surprise | null {
  const { name, contentMediaType } = parameter;
  if (contentMediaType !== null && !isReadableText(parameter.in, contentMediaType)) {
    return {
      message: `the parameter ${quoted(name)} is ${quoted(contentMediaType)}, which is not read, so requests with it are refused`,
      fix: 'describe it by a `schema`, or as JSON or text',
    };
  }
  if (parameter.in !== 'query' || !takesAnyName(queryField(source, parameter))) return null;
  return {
    message: `the parameter ${quoted(name)} takes every name in the query that nothing else goes by, so none is refused`,
    fix: 'list its properties and write `additionalProperties: false`, or use `style: deepObject`',
  };
}
