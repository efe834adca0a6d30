import type {
  DescribedParameter,
  DescribedRequestBody,
  DescribedResponse,
  DescribedValue,
  Specification,
} from './description.ts';
import { BOUNDS } from './bounds.ts';
import { type IssueLog, quoted } from './issue-log.ts';
import { meantKey } from './key-slip.ts';
import { isObject, member, type ObjectSite, own, pointerTo, type Site } from './pointer.ts';
import { isReference, type References } from './reference.ts';

/** What all readers of one document share. */
export interface Reading {
  readonly specification: Specification;
  readonly issues: IssueLog;
  readonly references: References;
  /** Where schemas stand that operations use; they are checked when all are known. */
  readonly schemas: Site[];
  /** What was read before, by the object it stands in: components are read once, however often they are used. */
  readonly read: {
    readonly parameters: Map<object, DescribedParameter | null>;
    readonly requestBodies: Map<object, DescribedRequestBody>;
    readonly headers: Map<object, DescribedValue>;
    readonly responses: Map<object, Omit<DescribedResponse, 'status'>>;
  };
  /** How much was described so far, against `BOUNDS`. */
  readonly spent: { parts: number; operations: number };
}

/** The sections of `components`, with the words for what is in them. */
const SECTIONS = {
  schemas: 'a schema',
  examples: 'an example',
  links: 'a link',
  callbacks: 'a callback',
  parameters: 'a parameter',
  requestBodies: 'a request body',
  responses: 'a response',
  headers: 'a header',
  pathItems: 'a path item',
  mediaTypes: 'a media type',
  securitySchemes: 'a security scheme',
} as const;

/** A section of `components`. */
export type Section = keyof typeof SECTIONS;

/**
 * The object that stands at a site, by reference or itself; null, with the reason reported, where there is none or a
 * reference leads into another section of `components`. Siblings of a `$ref` don't count (OpenAPI 3.0 §4.7.23, 3.1
 * §4.8.23), and whoever wrote one that says something is told; those of a path item are its reader's matter.
 */
export function resolve(reading: Reading, site: Site, section: Section): ObjectSite | null {
  if (isReference(site.value) && section !== 'pathItems')
    warnOfSiblings(reading, { value: site.value, pointer: site.pointer });
  const end = reading.references.follow(site, reading.issues.error);
  if (end === null) return null;
  const { value, pointer } = end;
  if (!isObject(value)) {
    reading.issues.error(site.pointer, `must be ${SECTIONS[section]}, an object`);
    return null;
  }
  const elsewhere = end === site ? null : otherSection(pointer, section);
  if (elsewhere === null) return { value, pointer };
  const message = `must be ${SECTIONS[section]}, but refers to ${SECTIONS[elsewhere]}`;
  const alike = BODIES.has(section) && BODIES.has(elsewhere);
  (alike ? reading.issues.warn : reading.issues.error)(site.pointer, message);
  return alike ? { value, pointer } : null;
}

/** Both hold `content` and mean the same by it. */
const BODIES: ReadonlySet<Section> = new Set(['requestBodies', 'responses']);

function otherSection(pointer: string, section: Section): Section | null {
  const found = /^\/components\/([^/]+)\/[^/]+$/.exec(pointer)?.[1];
  return found !== undefined && found !== section && Object.hasOwn(SECTIONS, found) ? (found as Section) : null;
}

function warnOfSiblings(reading: Reading, site: ObjectSite): void {
  const silent = new Set(['$ref', 'description', 'summary']);
  const siblings = Object.keys(site.value).filter((key) => !silent.has(key) && !key.startsWith('x-'));
  if (siblings.length === 0) return;
  const named = siblings.slice(0, 5).map(quoted).join(', ');
  reading.issues.warn(site.pointer, `has ${named} beside \`$ref\`, which the specification ignores`);
}

/** A member that must be an object where it is there; null, reported unless absent, where it is none. */
export function objectMember(reading: Reading, site: ObjectSite, name: string): ObjectSite | null {
  const { value, pointer } = member(site, name);
  if (value === undefined) return null;
  if (isObject(value)) return { value, pointer };
  reading.issues.error(pointer, 'must be an object');
  return null;
}

/** The elements of a member that must be an array where it is there; null where it is none. */
export function arrayMember(reading: Reading, site: ObjectSite, name: string): readonly Site[] | null {
  const { value, pointer } = member(site, name);
  if (value === undefined) return null;
  if (!Array.isArray(value)) {
    reading.issues.error(pointer, 'must be an array');
    return null;
  }
  return value.map((element: unknown, index) => ({ value: element, pointer: pointerTo(pointer, index) }));
}

/** A member that must be true or false where it is there. */
export function flagMember(reading: Reading, site: ObjectSite, name: string, otherwise: boolean): boolean {
  const value = own(site.value, name);
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  reading.issues.error(pointerTo(site.pointer, name), 'must be true or false');
  return otherwise;
}

/** A member that must be text where it is there; null, reported unless absent, where it is none. */
export function textMember(reading: Reading, site: ObjectSite, name: string): string | null {
  const value = own(site.value, name);
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  reading.issues.error(pointerTo(site.pointer, name), 'must be text');
  return null;
}

/**
 * Reports keys that the specification doesn't have. One that is a slip of the pen away from a known key is an error:
 * what was meant would be lost unsaid (`securty`, `requierd`). Others are warnings, since they meant something else.
 */
export function checkKeys(reading: Reading, site: ObjectSite, known: ReadonlySet<string>): void {
  for (const key of Object.keys(site.value)) {
    if (known.has(key) || key.startsWith('x-')) continue;
    const meant = meantKey(key, known);
    const pointer = pointerTo(site.pointer, key);
    if (meant === null) reading.issues.warn(pointer, `${quoted(key)} is not known here and has no effect`);
    else reading.issues.error(pointer, `${quoted(key)} is not known here`, `write \`${meant}\``);
  }
}

/**
 * Counts described parts and says whether they are still within the bound; past it the caller stops.
 * References can make a short document describe very much: a thousand paths that use one path item of a thousand
 * parameters, say.
 */
export function spend(reading: Reading, parts: number): boolean {
  const before = reading.spent.parts;
  reading.spent.parts = before + parts;
  if (reading.spent.parts <= BOUNDS.parts) return true;
  if (before <= BOUNDS.parts) {
    reading.issues.error('', `describes more than ${BOUNDS.parts} parameters, media types, responses and headers`);
  }
  return false;
}

/** Reads what stands in an object once, and gives the same result for every further use of it. */
export function once<T>(cache: Map<object, T>, key: object, read: () => T): T {
  const before = cache.get(key);
  if (before !== undefined) return before;
  const result = read();
  cache.set(key, result);
  return result;
}
