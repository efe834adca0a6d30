import type { Issue, Place } from '../../base/index.ts';
import type { ApiDescription, DescribedContent, DescribedHeader } from '../description.ts';
import { quoted } from '../issue-log.ts';
import { isReadableText } from '../request/parameter.ts';
import { contentUse } from '../request/readable-content.ts';
import { type Surprise, Surprises } from '../surprises.ts';
import type { SchemaSource } from '../validate/validator.ts';

/**
 * What of a sound description will surprise its authors once replies are held against it: operations without any reply,
 * and bodies and headers that are refused whatever they hold, since nobody here reads their format. `isJudged` tells the
 * operations whose replies are. Pure.
 */
export function replyWarnings(
  document: unknown,
  description: Pick<ApiDescription, 'specification' | 'operations'>,
  isJudged: (operation: string) => boolean,
  place: (pointer: string) => Place | null,
): readonly Issue[] {
  const source: SchemaSource = { document, specification: description.specification };
  const surprises = new Surprises();
  for (const { id, pointer, responses } of description.operations) {
    if (!isJudged(id)) continue;
    if (responses.length === 0) surprises.note(id, pointer, () => NO_REPLY);
    for (const { headers, content } of responses) {
      for (const header of headers) surprises.note(id, header.pointer, () => headerSurprise(header));
      for (const one of content) surprises.note(id, one.pointer, () => contentSurprise(source, one));
    }
  }
  return surprises.told(place);
}

const NO_REPLY: Surprise = {
  message: 'no reply is described, so every reply is refused with 502',
  fix: 'describe its `responses`, or write `validate: requests` for it',
};

function contentSurprise(source: SchemaSource, content: DescribedContent): Surprise | null {
  if (contentUse(source, content).readable) return null;
  return {
    message: `a reply of ${quoted(content.mediaRange)} can't be held against this schema, so it is refused with 502`,
    fix: 'describe it as bytes, `type: string` with `format: binary`, to let it pass unread',
  };
}

function headerSurprise({ name, contentMediaType }: DescribedHeader): Surprise | null {
  if (contentMediaType === null || isReadableText('header', contentMediaType)) return null;
  return {
    message: `the header ${quoted(name)} is ${quoted(contentMediaType)}, which is not read, so replies with it are refused with 502`,
    fix: 'describe it by a `schema`, or as JSON or text',
  };
}
