import type { DescribedParameter, ParameterPlace } from './description.ts';
import { quoted } from './issue-log.ts';
import { type ObjectSite, own, pointerTo, type Site } from './pointer.ts';
import { arrayMember, checkKeys, flagMember, once, type Reading, resolve, spend, textMember } from './reading.ts';
import { readValue, type Styles } from './value.ts';

/** A parameter, and where an operation or a path lists it. */
export interface ListedParameter {
  readonly parameter: DescribedParameter;
  readonly pointer: string;
}

const KEYS: ReadonlySet<string> = new Set([
  'name',
  'in',
  'description',
  'required',
  'deprecated',
  'allowEmptyValue',
  'style',
  'explode',
  'allowReserved',
  'schema',
  'example',
  'examples',
  'content',
]);

const STYLES: Readonly<Record<ParameterPlace, Styles>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  querystring: ['form'],
  header: ['simple'],
  cookie: ['form', 'cookie'],
};

/** HTTP itself says what these mean; as parameters they are ignored (OpenAPI 3.0 §4.7.12.2, 3.1 §4.8.12.2). */
const IGNORED_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads the `parameters` of a path item or an operation. Two of one name and place are an error, and the first stays. */
export function readParameters(reading: Reading, owner: ObjectSite): readonly ListedParameter[] {
  const listed = new Map<string, ListedParameter>();
  for (const site of arrayMember(reading, owner, 'parameters') ?? []) {
    if (!spend(reading, 1)) break;
    const parameter = readParameter(reading, site);
    if (parameter === null) continue;
    const identity = identityOf(parameter);
    const before = listed.get(identity);
    if (before === undefined) listed.set(identity, { parameter, pointer: site.pointer });
    else reportTwice(reading, site, parameter, before);
  }
  return [...listed.values()];
}

/** The parameters of an operation: those of its path, but for the ones it describes anew, then its own. */
export function mergeParameters(
  ofPath: readonly ListedParameter[],
  ofOperation: readonly ListedParameter[],
): readonly ListedParameter[] {
  if (ofPath.length === 0) return ofOperation;
  const described = new Set(ofOperation.map(({ parameter }) => identityOf(parameter)));
  return [...ofPath.filter(({ parameter }) => !described.has(identityOf(parameter))), ...ofOperation];
}

function identityOf(parameter: DescribedParameter): string {
  return `${parameter.in}:${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
}

function reportTwice(reading: Reading, site: Site, parameter: DescribedParameter, before: ListedParameter): void {
  const message = `describes ${quoted(parameter.name)} in ${parameter.in} a second time`;
  if (before.parameter === parameter) reading.issues.warn(site.pointer, message);
  else reading.issues.error(site.pointer, message, `see ${quoted(`#${before.pointer}`)}`);
}

function readParameter(reading: Reading, site: Site): DescribedParameter | null {
  const found = resolve(reading, site, 'parameters');
  return found === null ? null : once(reading.read.parameters, found.value, () => describeParameter(reading, found));
}

function describeParameter(reading: Reading, site: ObjectSite): DescribedParameter | null {
  checkKeys(reading, site, KEYS);
  const name = readName(reading, site);
  const place = readPlace(reading, site);
  if (name === null || place === null) return null;
  if (place === 'header' && !isHeaderParameter(reading, site, name)) return null;
  const value = readValue(reading, site, STYLES[place]);
  checkPlace(reading, site, place);
  return {
    ...value,
    required: place === 'path' || value.required,
    name,
    in: place,
    allowReserved: flagMember(reading, site, 'allowReserved', false),
    allowEmptyValue: place === 'query' && flagMember(reading, site, 'allowEmptyValue', false),
  };
}

function readName(reading: Reading, site: ObjectSite): string | null {
  const name = textMember(reading, site, 'name');
  if (name !== null && name !== '') return name;
  if (name === '' || own(site.value, 'name') === undefined) reading.issues.error(site.pointer, 'has no `name`');
  return null;
}

function readPlace(reading: Reading, site: ObjectSite): ParameterPlace | null {
  const text = textMember(reading, site, 'in');
  if (text !== null && Object.hasOwn(STYLES, text) && (text !== 'querystring' || reading.specification === '3.2')) {
    return text as ParameterPlace;
  }
  if (text !== null) {
    const fix = text === 'body' || text === 'formData' ? 'that is Swagger 2.0; describe a `requestBody`' : undefined;
    reading.issues.error(pointerTo(site.pointer, 'in'), `${quoted(text)} is no place for a parameter`, fix);
  } else if (own(site.value, 'in') === undefined) reading.issues.error(site.pointer, 'has no `in`');
  return null;
}

function isHeaderParameter(reading: Reading, site: ObjectSite, name: string): boolean {
  if (IGNORED_HEADERS.has(name.toLowerCase())) {
    reading.issues.warn(
      site.pointer,
      `describes the header ${quoted(name)}, which the specification ignores as a parameter`,
    );
    return false;
  }
  if (TOKEN.test(name)) return true;
  reading.issues.error(pointerTo(site.pointer, 'name'), `${quoted(name)} is no name of a header`);
  return false;
}

function checkPlace(reading: Reading, site: ObjectSite, place: ParameterPlace): void {
  if (place === 'path' && own(site.value, 'required') !== true) {
    reading.issues.warn(
      site.pointer,
      'is in the path, so it is required, but does not say so',
      'write `required: true`',
    );
  }
  if (place === 'path' && own(site.value, 'style') === 'matrix') {
    reading.issues.warn(pointerTo(site.pointer, 'style'), 'needs a `;` in the path, which the gateway refuses');
  }
  if (place === 'querystring' && own(site.value, 'content') === undefined) {
    reading.issues.error(site.pointer, 'is the whole query, so it must have `content`');
  }
}
