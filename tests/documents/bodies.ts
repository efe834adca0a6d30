import type { DescribedContent } from '../../src/openapi/index.ts';
import type { Chance } from '../sim/chance.ts';
import { isWrongAsXml, wrongXml, writeXml } from './elements.ts';
import { type Home, isObject, schemaAt, Unbuildable } from './facts.ts';
import type { CallBody } from './judged.ts';
import { type Mutant, type MutationName, mutantsOf } from './mutations.ts';
import { type BodySource, BOUNDARY, type WrongText, isWrongAsForm, wrongForms, writeForm } from './parts.ts';
import type { Made } from './values.ts';
import { plainText } from './written.ts';

/** A body that was made wrong in one way. */
export interface WrongBody {
  readonly what: MutationName | WrongText['what'];
  readonly where: string;
  readonly body: CallBody;
}

/** The contents to make bodies of: JSON or else the first that is read, and behind it all of parts and XML. */
export function contentsToMake(
  contents: readonly DescribedContent[],
  takes: (mediaType: string) => boolean,
): readonly DescribedContent[] {
  const read = contents.filter(({ mediaRange }) => takes(concreteType(mediaRange)));
  const usual = read.find(({ mediaRange }) => formatOf(concreteType(mediaRange)) === 'json') ?? read[0];
  if (usual === undefined) return [];
  return [
    usual,
    ...read.filter((one) => one !== usual && ['parts', 'xml'].includes(formatOf(concreteType(one.mediaRange)) ?? '')),
  ];
}

/** A media type that a range takes. */
function concreteType(range: string): string {
  return range
    .replace('*/*', 'application/json')
    .replace('/*+', '/vnd.example+')
    .replace(/^application\/\*/, 'application/json')
    .replace('/*', '/plain');
}

/** How values are written in a format, and what it shows of those that are wrong. */
interface Format {
  readonly types: RegExp;
  readonly write: (source: BodySource, value: unknown) => string;
  /** Whether it tells a value from a right one: most of them are text, which has no types of its own. */
  readonly shows: (source: BodySource, mutant: Mutant) => boolean;
  /** Bodies that are wrong by the format alone. */
  readonly wrong: (source: BodySource) => Iterable<WrongText>;
}

const FORMATS = {
  json: {
    types: /^[a-z]+\/(?:[^;]+\+)?json(?:;|$)/,
    write: (_source, value) => JSON.stringify(value),
    shows: () => true,
    wrong: () => [],
  },
  fields: {
    types: /^application\/x-www-form-urlencoded(?:;|$)/,
    write: formText,
    shows: isWrongAsForm,
    wrong: () => [],
  },
  parts: { types: /^multipart\/form-data(?:;|$)/, write: writeForm, shows: isWrongAsForm, wrong: wrongForms },
  xml: {
    types: /^(?:application|text)\/(?:[^;]+\+)?xml(?:;|$)/,
    write: writeXml,
    shows: isWrongAsXml,
    wrong: wrongXml,
  },
} satisfies Record<string, Format>;

function formatOf(mediaType: string): keyof typeof FORMATS | null {
  const found = Object.entries(FORMATS).find(([, { types }]) => types.test(mediaType));
  return (found?.[0] as keyof typeof FORMATS | undefined) ?? null;
}

/** Writes a value as a body; null is the value of a content without a schema. */
export function writeBody(home: Home, content: DescribedContent, made: Made | null): CallBody {
  const mediaType = concreteType(content.mediaRange);
  const format = formatOf(mediaType);
  if (format !== null) {
    if (made === null && format !== 'json') throw new Unbuildable('a form or XML of which nothing is said');
    const source = sourceOf(home, content, made ?? ANYTHING);
    return { mediaType: sentType(content), text: FORMATS[format].write(source, source.made.value) };
  }
  if (/^multipart\/|\+xml(?:;|$)/.test(mediaType))
    throw new Unbuildable('lists of parts and pictures are tried elsewhere');
  const value = made?.value;
  if (mediaType.startsWith('text/') && typeof value === 'string') return { mediaType, text: value };
  if (typeof value === 'string' || value === undefined) return { mediaType, text: value ?? 'bytes' };
  throw new Unbuildable('a body of this type is not made');
}

const ANYTHING: Made = { value: { any: 1 }, sites: [] };

function sentType({ mediaRange }: DescribedContent): string {
  const mediaType = concreteType(mediaRange);
  return formatOf(mediaType) === 'parts' ? `${mediaType}; boundary=${BOUNDARY}` : mediaType;
}

function sourceOf(home: Home, { pointer, schemaPointer }: DescribedContent, made: Made): BodySource {
  return { home, made, pointer, schemaPointer: schemaPointer ?? '' };
}

function formText({ home, pointer }: BodySource, value: unknown): string {
  const mediaType = schemaAt(home, pointer);
  if (isObject(mediaType) && mediaType.encoding !== undefined)
    throw new Unbuildable('encodings of forms are tried elsewhere');
  if (!isObject(value)) throw new Unbuildable('a form is an object');
  const fields = Object.entries(value).flatMap(([name, member]) => {
    if (Array.isArray(member) && member.length === 0)
      throw new Unbuildable('nothing is written for an empty list or object');
    if (Array.isArray(member)) return member.map((item): [string, string] => [name, plainText(item)]);
    return [[name, isObject(member) ? JSON.stringify(member) : plainText(member)] as [string, string]];
  });
  return new URLSearchParams(fields).toString();
}

/** Makes a body wrong, once in each way that its format shows. */
export function* wrongBodies(home: Home, content: DescribedContent, made: Made, chance: Chance): Generator<WrongBody> {
  // Under a range that takes any type, all bytes are binary.
  if (content.mediaRange.includes('*') && made.sites[0]?.facts.formats.includes('binary') === true) return;
  const format = formatOf(concreteType(content.mediaRange));
  if (format === null) return;
  const { write, shows, wrong } = FORMATS[format];
  const source = sourceOf(home, content, made);
  const mediaType = sentType(content);
  for (const { what, path, value } of mutantsOf(made, chance, (mutant) => shows(source, mutant))) {
    const text = textOrNone(() => write(source, value));
    // No bytes are no body, whatever it would be.
    if (text !== null && text !== '') yield { what, where: `body ${JSON.stringify(path)}`, body: { mediaType, text } };
  }
  for (const { what, where, text } of wrong(source)) yield { what, where, body: { mediaType, text } };
}

/** Null for what has no such form. */
function textOrNone(write: () => string): string | null {
  try {
    return write();
  } catch (error) {
    if (error instanceof Unbuildable) return null;
    throw error;
  }
}
