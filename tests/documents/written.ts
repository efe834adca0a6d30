import type { DescribedParameter } from '../../src/openapi/index.ts';
import { isObject, Unbuildable } from './facts.ts';

/** What of a call is not its body. */
export interface Head {
  readonly params: Record<string, string>;
  readonly query: string[];
  readonly headers: [name: string, value: string][];
  readonly cookies: string[];
}

/** A head without anything in it. */
export function createHead(): Head {
  return { params: {}, query: [], headers: [], cookies: [] };
}

/** Writes a value into a head as its description says (OpenAPI 3.2 §4.12.2, §4.12.6). */
export function writeParameter(head: Head, parameter: DescribedParameter, value: unknown): void {
  const { name } = parameter;
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) {
    throw new Unbuildable('nothing is written for an empty list or object');
  }
  if (parameter.contentMediaType !== null) {
    writeDocument(head, parameter, value);
    return;
  }
  switch (parameter.in) {
    case 'path':
      head.params[name] = notEmpty(styledText(parameter, value));
      return;
    case 'header':
      head.headers.push([name.toLowerCase(), visible(styledText(parameter, value))]);
      return;
    case 'query':
      head.query.push(...fieldsFor(parameter, value));
      return;
    case 'cookie':
      head.cookies.push(...cookiesFor(parameter, value));
      return;
    case 'querystring':
      throw new Unbuildable('a whole query has content');
  }
}

function writeDocument(head: Head, { in: place, name, contentMediaType }: DescribedParameter, value: unknown): void {
  if (!/^application\/(?:[^;]+\+)?json/.test(contentMediaType ?? '')) throw new Unbuildable('a parameter is no JSON');
  const text = JSON.stringify(value);
  if (place === 'path') head.params[name] = text;
  else if (place === 'query') head.query.push(`${encode(name)}=${encode(text)}`);
  else if (place === 'querystring') head.query.push(encode(text));
  else throw new Unbuildable('JSON in a header');
}

function fieldsFor({ name, style, explode }: DescribedParameter, value: unknown): string[] {
  const key = encode(name);
  const delimiter = { spaceDelimited: '%20', pipeDelimited: '%7C' }[style as string] ?? ',';
  if (Array.isArray(value)) {
    const items = value.map((item) => encode(plainText(item)));
    if (style === 'deepObject') return items.map((item) => `${key}[]=${item}`);
    return explode ? items.map((item) => `${key}=${item}`) : [`${key}=${items.join(delimiter)}`];
  }
  if (isObject(value)) {
    const members = Object.entries(value).map(([member, of]) => [encode(member), encode(plainText(of))] as const);
    if (style === 'deepObject') return members.map(([member, of]) => `${key}[${member}]=${of}`);
    if (explode) return members.map((pair) => pair.join('='));
    return members.length === 0 ? [] : [`${key}=${members.map((pair) => pair.join(delimiter)).join(delimiter)}`];
  }
  return [`${key}=${encode(plainText(value))}`];
}

/** Styles of the path and of headers, not encoded: a path is given by name and decoded. */
function styledText({ name, style, explode }: DescribedParameter, value: unknown): string {
  const first = style === 'label' ? '.' : style === 'matrix' ? `;${name}=` : '';
  if (Array.isArray(value)) {
    const delimiter = style === 'simple' || !explode ? ',' : style === 'label' ? '.' : first;
    return first + value.map((item) => undelimited(plainText(item))).join(delimiter);
  }
  if (!isObject(value)) return first + plainText(value);
  const members = Object.entries(value).map(([member, of]) => [undelimited(member), undelimited(plainText(of))]);
  if (explode) {
    const delimiter = { label: '.', matrix: ';' }[style as string] ?? ',';
    return (style === 'simple' ? '' : delimiter) + members.map((pair) => pair.join('=')).join(delimiter);
  }
  return first + members.map((pair) => pair.join(',')).join(',');
}

function cookiesFor({ name, explode }: DescribedParameter, value: unknown): string[] {
  if (isObject(value) && explode) {
    return Object.entries(value).map(([member, of]) => `${member}=${encode(plainText(of))}`);
  }
  if (Array.isArray(value) || isObject(value)) throw new Unbuildable('lists in cookies are tried elsewhere');
  return [`${name}=${encode(plainText(value))}`];
}

/** The text of a value without parts; those with parts have none in a parameter. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') {
    if (typeof value === 'number' && /e/.test(String(value)) && Number.isInteger(value))
      throw new Unbuildable('a number too long');
    return String(value);
  }
  throw new Unbuildable('a part of a parameter has parts');
}

function undelimited(text: string): string {
  if (text === '' || /[,;.=|]/.test(text)) throw new Unbuildable('a delimiter in an item');
  return text;
}

function notEmpty(text: string): string {
  if (text === '') throw new Unbuildable('a segment of the path is not empty');
  return text;
}

function visible(text: string): string {
  if (!/^[!-~]+(?:[ -~]*[!-~])?$/.test(text)) throw new Unbuildable('a field has visible characters');
  return text;
}

/** Encodes all but the unreserved characters of RFC 3986 §2.3. */
function encode(text: string): string {
  if (!text.isWellFormed()) throw new Unbuildable('no text');
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
