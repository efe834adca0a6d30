import type { DescribedOperation } from './description.ts';
import { BOUNDS } from './bounds.ts';
import { quoted } from './issue-log.ts';
import { readOperation, type Surroundings } from './operation.ts';
import { readParameters } from './parameters.ts';
import { isObject, member, type ObjectSite, type Site } from './pointer.ts';
import { checkKeys, objectMember, type Reading, resolve } from './reading.ts';
import { isReference } from './reference.ts';
import type { Requirements } from './security.ts';
import { parseTemplate, type Template } from './template.ts';

/** What the document says for all operations that don't say otherwise. */
export interface DocumentSecurity {
  readonly requirements: Requirements | null;
  readonly schemes: ReadonlySet<string>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const KEYS: ReadonlySet<string> = new Set(['$ref', 'summary', 'description', 'servers', 'parameters', ...METHODS]);
const KEYS_3_2: ReadonlySet<string> = new Set([...KEYS, 'query', 'additionalOperations']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;

/** Reads a Paths Object (OpenAPI 3.0 §4.7.8, 3.1 §4.8.8) into operations, in order. */
export function readPaths(reading: Reading, paths: ObjectSite, security: DocumentSecurity): DescribedOperation[] {
  const operations: DescribedOperation[] = [];
  const shapes = new Map<string, Map<string, string>>();
  for (const key of Object.keys(paths.value)) {
    if (key.startsWith('x-')) continue;
    const path = readPath(reading, member(paths, key), key);
    if (path === null) continue;
    const ofPath = readPathItem(reading, path, security);
    checkShape(reading, shapes, path, ofPath);
    if (reading.spent.operations > BOUNDS.operations || reading.spent.parts > BOUNDS.parts) break;
    operations.push(...ofPath);
  }
  return operations;
}

interface Path {
  readonly site: Site;
  readonly template: Template;
}

/**
 * Some public documents tell variants of an operation apart by a query or a fragment in the template. No request path
 * holds either, so such a path is left out: it opens nothing.
 */
function readPath(reading: Reading, site: Site, key: string): Path | null {
  if (/^\/[^{}]*(?:\{[^{}]*\}[^{}]*)*$/.test(key) && /[?#]/.test(key.replaceAll(/\{[^{}]*\}/g, ''))) {
    const fix = 'describe the query by parameters';
    reading.issues.warn(site.pointer, `is left out: ${quoted(key)} holds a \`?\` or \`#\`, which no path has`, fix);
    return null;
  }
  const template = parseTemplate(key);
  if (!template.ok) {
    reading.issues.error(site.pointer, `the template ${quoted(key)} ${template.error}`);
    return null;
  }
  if (template.value.segments.at(-1)?.kind !== 'rest') return { site, template: template.value };
  reading.issues.error(site.pointer, `the template ${quoted(key)} has a \`{name...}\`, which OpenAPI does not have`);
  return null;
}

/**
 * Templates of one shape match the same paths. With a method in common nobody can tell which operation is meant; with
 * none in common the specification still forbids it, but each request has one meaning.
 */
function checkShape(
  reading: Reading,
  shapes: Map<string, Map<string, string>>,
  { site, template }: Path,
  operations: readonly DescribedOperation[],
): void {
  const methods = shapes.get(template.shape) ?? new Map<string, string>();
  const [other] = methods.values();
  const shared = operations.find(({ method }) => methods.has(method));
  const told = `the template ${quoted(template.text)} matches the same paths as`;
  if (shared !== undefined) {
    const before = methods.get(shared.method) as string;
    reading.issues.error(site.pointer, `${told} ${quoted(before)}, and both have ${shared.method}`);
  } else if (other !== undefined)
    reading.issues.warn(site.pointer, `${told} ${quoted(other)}`, 'use the same names in both');
  for (const { method } of operations) methods.set(method, template.text);
  shapes.set(template.shape, methods);
}

function readPathItem(reading: Reading, { site, template }: Path, security: DocumentSecurity): DescribedOperation[] {
  const item = resolvePathItem(reading, site);
  if (item === null) return [];
  checkKeys(reading, item, reading.specification === '3.2' ? KEYS_3_2 : KEYS);
  const around: Surroundings = {
    template,
    parameters: readParameters(reading, item),
    security: security.requirements,
    securitySchemes: security.schemes,
    reported: new Set(),
  };
  const operations: DescribedOperation[] = [];
  for (const { method, operation } of operationsOf(reading, item)) {
    reading.spent.operations += 1;
    if (reading.spent.operations > BOUNDS.operations) {
      reading.issues.error('/paths', `describes more than ${BOUNDS.operations} operations`);
      break;
    }
    operations.push(readOperation(reading, operation, method, around));
  }
  return operations;
}

/**
 * A Path Item Object may have a `$ref` and members of its own (OpenAPI 3.0 §4.7.9, 3.1 §4.8.9). What holds where both
 * say something is undefined, and tools differ in whether they join the two at all, so members that matter are refused.
 */
function resolvePathItem(reading: Reading, site: Site): ObjectSite | null {
  if (!isReference(site.value)) return resolve(reading, site, 'pathItems');
  const siblings = Object.keys(site.value).filter((key) => key !== '$ref' && !key.startsWith('x-'));
  const item = resolve(reading, site, 'pathItems');
  if (item === null) return null;
  const meant = siblings.filter((key) => !DESCRIPTIVE.has(key));
  if (meant.length === 0) return item;
  reading.issues.error(
    site.pointer,
    `has ${meant.slice(0, 5).map(quoted).join(', ')} beside \`$ref\``,
    'write the path item in one place',
  );
  return null;
}

const DESCRIPTIVE: ReadonlySet<string> = new Set(['summary', 'description', 'servers']);

interface MethodOperation {
  readonly method: string;
  readonly operation: ObjectSite;
}

function operationsOf(reading: Reading, item: ObjectSite): readonly MethodOperation[] {
  const methods: readonly string[] = reading.specification === '3.2' ? [...METHODS, 'query'] : METHODS;
  const fixed = methods.map((method) => asOperation(reading, member(item, method), method.toUpperCase()));
  const found = [...fixed, ...additionalOperations(reading, item)].filter((entry) => entry !== null);
  for (const { method, operation } of found) {
    if (method !== 'TRACE' && method !== 'CONNECT') continue;
    reading.issues.warn(operation.pointer, `describes ${method}, which the gateway never lets through`);
  }
  return found;
}

function asOperation(reading: Reading, { value, pointer }: Site, method: string): MethodOperation | null {
  if (value === undefined) return null;
  if (isObject(value)) return { method, operation: { value, pointer } };
  reading.issues.error(pointer, 'must be an operation, an object');
  return null;
}

/** OpenAPI 3.2 §4.9.1: methods by their names as they are sent, but for those that have a member of their own. */
function additionalOperations(reading: Reading, item: ObjectSite): readonly (MethodOperation | null)[] {
  const map = reading.specification === '3.2' ? objectMember(reading, item, 'additionalOperations') : null;
  if (map === null) return [];
  return Object.keys(map.value).map((method) => {
    const site = member(map, method);
    if (TOKEN.test(method) && !KEYS_3_2.has(method.toLowerCase())) return asOperation(reading, site, method);
    const fix = 'name another method here, in upper case; the usual ones have members of their own';
    reading.issues.error(site.pointer, `${quoted(method)} cannot stand here`, fix);
    return null;
  });
}
