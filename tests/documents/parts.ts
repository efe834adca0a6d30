import { type Facts, type Home, isObject, schemaAt, Unbuildable } from './facts.ts';
import type { Mutant } from './mutations.ts';
import type { Made, Site } from './values.ts';
import { plainText } from './written.ts';

/** What a body is written of: a value, what is known of each part of it, and where its description stands. */
export interface BodySource {
  readonly home: Home;
  readonly made: Made;
  /** Leads to the Media Type Object. */
  readonly pointer: string;
  /** Leads to the schema. */
  readonly schemaPointer: string;
}

const sites = new WeakMap<Made, ReadonlyMap<string, Site>>();

/** The place in a made value that a path leads to; of an item that was added, that of the first. Null where it knows none. */
export function siteAt({ made }: Pick<BodySource, 'made'>, path: Site['path']): Site | null {
  const known = sites.get(made) ?? new Map(made.sites.map((site) => [JSON.stringify(site.path), site]));
  sites.set(made, known);
  const first = path.map((token) => (typeof token === 'number' ? 0 : token));
  return known.get(JSON.stringify(path)) ?? known.get(JSON.stringify(first)) ?? null;
}

interface FormPart {
  readonly name: string;
  readonly kind: 'json' | 'text' | 'bytes';
  readonly contentType: string | null;
  readonly content: string;
}

/** A body that its format alone makes wrong. */
export interface WrongText {
  readonly what: 'part twice' | 'part of another type' | 'undescribed attribute' | 'element twice';
  readonly where: string;
  readonly text: string;
}

/** What stands between the parts of a form. */
export const BOUNDARY = '----boundary-of-a-made-form';

/** Writes a value as a form of parts (OpenAPI 3.2 §4.15, RFC 7578). */
export function writeForm(source: BodySource, value: unknown): string {
  return formOf(partsOf(source, value));
}

function formOf(parts: readonly FormPart[]): string {
  const text = parts.map(({ name, kind, contentType, content }) => {
    const fileName = kind === 'bytes' ? '; filename="made.bin"' : '';
    const type = contentType === null ? '' : `Content-Type: ${contentType}\r\n`;
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${fileName}\r\n${type}\r\n${content}\r\n`;
  });
  return `${text.join('')}--${BOUNDARY}--\r\n`;
}

function partsOf(source: BodySource, value: unknown): readonly FormPart[] {
  if (!isObject(value)) throw new Unbuildable('a form is an object');
  return Object.entries(value).flatMap(([name, member]) => {
    if (!Array.isArray(member)) return [partOf(source, [name], member)];
    if (member.length === 0) throw new Unbuildable('nothing is written for an empty list or object');
    return member.map((item, index) => partOf(source, [name, index], item));
  });
}

function partOf(source: BodySource, path: Site['path'], value: unknown): FormPart {
  const name = String(path[0]);
  if (!/^[ !#$&-[\]-~]+$/.test(name)) throw new Unbuildable('a name that no part can have');
  const { kind, contentType } = writingOf(source, path, value);
  const content = kind === 'json' ? JSON.stringify(value) : plainText(value);
  if (!content.isWellFormed() || /^\ufeff|\0/.test(content)) throw new Unbuildable('no text of a part');
  if (kind === 'bytes' && !/^[\0-\x7f]*$/.test(content)) throw new Unbuildable('bytes that are no ASCII');
  return { name, kind, contentType, content };
}

/** How a part is written: as `encoding` says, else as its description does; what is not described, as its value asks. */
function writingOf(source: BodySource, path: Site['path'], value: unknown): Pick<FormPart, 'kind' | 'contentType'> {
  const facts = siteAt(source, path)?.facts ?? null;
  const said = encodingOf(source, String(path[0]));
  if (said !== null && isJson(said)) return { kind: 'json', contentType: said };
  if (facts !== null && isBytes(source.home, facts))
    return { kind: 'bytes', contentType: said ?? 'application/octet-stream' };
  const original = facts === null ? value : valueAt(source.made.value, path);
  const hasParts = typeof original === 'object' && original !== null;
  if (said === null) return hasParts ? { kind: 'json', contentType: 'application/json' } : PLAIN;
  if (hasParts) throw new Unbuildable('an object that is sent as no JSON');
  return { kind: said.startsWith('text/') ? 'text' : 'bytes', contentType: said };
}

const PLAIN: Pick<FormPart, 'kind' | 'contentType'> = { kind: 'text', contentType: null };

function isJson(mediaType: string): boolean {
  return /^application\/(?:[^;]+\+)?json(?:;|$)/.test(mediaType);
}

function isBytes({ specification }: Home, { formats, joined }: Facts): boolean {
  const says = (keyword: string): boolean => [...joined].some((schema) => isObject(schema) && keyword in schema);
  if (says('contentEncoding')) return false;
  return formats.includes('binary') || (specification !== '3.0' && says('contentMediaType'));
}

/** The first content type that `encoding` names for a property; null where it names none. */
function encodingOf({ home, pointer }: BodySource, name: string): string | null {
  const mediaType = schemaAt(home, pointer);
  const encodings = isObject(mediaType) && isObject(mediaType.encoding) ? mediaType.encoding : {};
  const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined;
  if (!isObject(encoding)) return null;
  const isStyled = ['style', 'explode', 'allowReserved'].some((keyword) => keyword in encoding);
  if (isStyled && home.specification !== '3.0') throw new Unbuildable('styles of parts are tried elsewhere');
  const headers = isObject(encoding.headers) ? Object.values(encoding.headers) : [];
  if (headers.some((header) => isObject(header) && (header.required === true || '$ref' in header)))
    throw new Unbuildable('header fields of parts are tried elsewhere');
  const [first] = typeof encoding.contentType === 'string' ? encoding.contentType.split(',') : [];
  return first === undefined ? null : first.trim().replace('*/*', 'application/octet-stream').replace('/*', '/plain');
}

function valueAt(value: unknown, path: Site['path']): unknown {
  return path.reduce<unknown>((at, token) => (at as Readonly<Record<string | number, unknown>> | null)?.[token], value);
}

/** Whether a form shows that a value is wrong in this way: most parts are text, which has no types of its own. */
export function isWrongAsForm(source: BodySource, { what, path, value }: Mutant): boolean {
  const [name] = path;
  if (name === undefined) return what === 'missing property' || what === 'undescribed property';
  const isList = Array.isArray(valueAt(source.made.value, [name]));
  if (isList && path.length === 1) {
    const items = valueAt(value, path);
    return Array.isArray(items) && items.length > 0;
  }
  const part = path.slice(0, isList ? 2 : 1);
  const { kind } = writingOf(source, part, valueAt(source.made.value, part));
  if (kind === 'json' || path.length > part.length) return kind === 'json';
  if (kind === 'bytes') return what === 'too long' || what === 'too short';
  return isWrongAsText(siteAt(source, part)?.facts, what);
}

/** Whether a text that stands for a value shows that it is wrong in this way. */
export function isWrongAsText(facts: Facts | undefined, what: Mutant['what']): boolean {
  const [type, ...others] = facts?.types ?? [];
  if (type === undefined || others.length > 0) return false;
  return (what !== 'wrong type' && what !== 'null') || type !== 'string';
}

/** Forms that are wrong as such: a part that comes twice and is no list, and one of a type that nothing describes. */
export function* wrongForms(source: BodySource): Generator<WrongText> {
  const parts = partsOf(source, source.made.value);
  for (const [index, part] of parts.entries()) {
    const where = part.name;
    const site = siteAt(source, [where]);
    if (site === null || site.chosen || site.facts.types?.length !== 1 || site.facts.types[0] === 'array') continue;
    yield { what: 'part twice', where, text: formOf([...parts, part]) };
    if (part.kind === 'bytes' && encodingOf(source, where) === null) continue;
    const other = { ...part, contentType: 'application/vnd.undescribed' };
    yield { what: 'part of another type', where, text: formOf(parts.with(index, other)) };
  }
}
