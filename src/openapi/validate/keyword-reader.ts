import { errorIssue, type Issue } from '../../base/index.ts';
import { quoted } from '../issue-log.ts';
import { meantKey } from '../key-slip.ts';
import { isObject, own, pointerTo, type Site } from '../pointer.ts';
import { compilePattern, type Matcher, type PatternFault } from './pattern.ts';

/** Reads the keywords of one schema. What can't be read is an issue, and counts as if it were not there. */
export interface KeywordReader {
  readonly dialect: '3.0' | '3.1' | '3.2';
  /** A keyword as it stands, or undefined; beside a `$ref` of OpenAPI 3.0 there is none. */
  readonly value: (name: string) => unknown;
  readonly flag: (name: string) => boolean;
  readonly number: (name: string) => number | null;
  /** A whole number from zero. */
  readonly count: (name: string) => number | null;
  readonly names: (name: string) => readonly string[];
  /** `dependentRequired`, and those of `dependencies` that list names. */
  readonly dependentNames: () => readonly (readonly [name: string, needed: readonly string[]])[];
  readonly matcher: (keyword: string, pattern: unknown) => Matcher | null;
  readonly fault: (name: string, message: string, fix?: string) => void;
}

/** What readers of one document share. */
export interface ReaderContext {
  readonly dialect: '3.0' | '3.1' | '3.2';
  /** Patterns by their text; a document is bounded, so its patterns are. */
  readonly patterns: Map<string, Matcher | PatternFault>;
}

/** A reader of one schema that is an object; issues are added to the given list. */
export function createReader(site: Site, context: ReaderContext, issues: Issue[]): KeywordReader {
  const { dialect } = context;
  const schema = isObject(site.value) ? site.value : {};
  const referring = dialect === '3.0' && Object.hasOwn(schema, '$ref');
  const value = (name: string): unknown => (referring && name !== '$ref' ? undefined : own(schema, name));
  const fault = (name: string, message: string, fix?: string): void => {
    issues.push(errorIssue(pointerTo(site.pointer, name), message, fix === undefined ? {} : { fix }));
  };
  const typed = <T>(name: string, holds: (found: unknown) => found is T, wanted: string): T | null => {
    const found = value(name);
    if (found === undefined) return null;
    if (holds(found)) return found;
    fault(name, `must be ${wanted}`);
    return null;
  };
  return {
    dialect,
    value,
    fault,
    flag: (name) => typed(name, isFlag, 'true or false') ?? false,
    number: (name) => typed(name, isNumber, 'a number'),
    count: (name) => typed(name, isCount, 'a whole number from zero'),
    names: (name) => typed(name, isNames, 'an array of names') ?? [],
    dependentNames() {
      const later = typed('dependentRequired', isObject, 'an object of arrays of names') ?? {};
      const earlier = typed('dependencies', isObject, 'an object') ?? {};
      const both = [...Object.entries(later), ...Object.entries(earlier).filter(([, held]) => Array.isArray(held))];
      return both.flatMap(([name, held]) => {
        if (isNames(held)) return [[name, held] as const];
        fault('dependentRequired', 'must be an object of arrays of names');
        return [];
      });
    },
    matcher: (keyword, pattern) => {
      const found: Matcher | PatternFault =
        typeof pattern === 'string' ? matcherOf(pattern, context) : { message: 'is not text' };
      if ('matches' in found) return found;
      fault(keyword, `has a pattern that ${found.message}`, found.fix);
      return null;
    },
  };
}

/** Tells of keywords that some version of JSON Schema or a slip of the pen means to judge by, and that nothing enforces. */
export function checkNames({ dialect, value, fault }: KeywordReader, schema: object): void {
  const written = dialect === '3.0' ? undefined : value('$schema');
  if (written !== undefined && (typeof written !== 'string' || !DRAFTS.test(written))) {
    fault('$schema', 'names no dialect this gateway knows', 'remove it; schemas are read as JSON Schema 2020-12');
  }
  for (const name of Object.keys(schema)) {
    if (value(name) === undefined || KEYWORDS.has(name) || ANNOTATIONS.has(name) || name.startsWith('x-')) continue;
    const instead = UNENFORCED.get(name);
    if (instead !== undefined) fault(name, 'is a keyword that is not enforced', instead);
    // Of shorter names too many are one letter apart: `in` and `if`.
    const meant = instead === undefined && name.length > 3 ? meantKey(name, KEYWORDS) : null;
    if (meant !== null) fault(name, 'is no keyword, so it would judge nothing', `did you mean ${quoted(meant)}?`);
  }
}

/** The drafts whose keywords mean here what they meant there, or are refused. */
const DRAFTS =
  /^https?:\/\/(?:json-schema\.org\/(?:draft-0[3467]\/|draft\/20(?:19-09|20-12)\/)?schema|spec\.openapis\.org\/oas\/3\.[12]\/dialect\/[a-z0-9-]+)#?$/;

/** Keywords of other drafts, and what says the same. */
const UNENFORCED: ReadonlyMap<string, string> = new Map([
  ['$recursiveRef', 'use `$ref`'],
  ['divisibleBy', 'use `multipleOf`'],
  ['disallow', 'use `not`'],
  ['extends', 'use `allOf`'],
]);

/** Words that are known to judge nothing, though one letter or so may part them from a keyword. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$anchor',
  '$comment',
  '$defs',
  '$dynamicAnchor',
  '$id',
  '$schema',
  'contentMediaType',
  'contentSchema',
  'default',
  'definitions',
  'deprecated',
  'description',
  'example',
  'examples',
  'externalDocs',
  'id',
  'summary',
  'title',
  'xml',
]);

/** The keywords that are enforced. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  '$dynamicRef',
  '$ref',
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'const',
  'contains',
  'contentEncoding',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'discriminator',
  'else',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'if',
  'items',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'multipleOf',
  'not',
  'nullable',
  'oneOf',
  'pattern',
  'patternProperties',
  'prefixItems',
  'properties',
  'propertyNames',
  'readOnly',
  'required',
  'then',
  'type',
  'unevaluatedItems',
  'unevaluatedProperties',
  'uniqueItems',
  'writeOnly',
]);

function matcherOf(pattern: string, { patterns }: ReaderContext): Matcher | PatternFault {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = compilePattern(pattern);
  const found = compiled.ok ? compiled.value : compiled.error;
  patterns.set(pattern, found);
  return found;
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0;
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
