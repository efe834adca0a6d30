import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { pastBounds } from './bounds.ts';
import type { ApiDescription, DescribedOperation, Specification } from './description.ts';
import { createIssueLog, type IssueLog, quoted } from './issue-log.ts';
import { checkIds } from './operation.ts';
import { type DocumentSecurity, readPaths } from './paths.ts';
import { isObject, member, type ObjectSite, own } from './pointer.ts';
import { checkKeys, objectMember, type Reading, textMember } from './reading.ts';
import { createReferences } from './reference.ts';
import { checkSchemas } from './schemas.ts';
import { readSecurity, readSecuritySchemes } from './security.ts';

const KEYS: ReadonlySet<string> = new Set([
  'openapi',
  '$self',
  'info',
  'jsonSchemaDialect',
  'servers',
  'paths',
  'webhooks',
  'components',
  'security',
  'tags',
  'externalDocs',
]);

/** The dialects whose keywords are those of 2020-12, with or without OpenAPI's own (OpenAPI 3.1 §4.8.24.5). */
const DIALECTS =
  /^https:\/\/(?:spec\.openapis\.org\/oas\/3\.[12]\/dialect\/.*|json-schema\.org\/draft\/2020-12\/schema#?)$/;

/**
 * Reads a parsed OpenAPI document (3.0, 3.1, 3.2) into what the gateway needs of it. `place` gives the line of a JSON
 * Pointer; an issue's `path` is that pointer. Either everything the protection of the described operations rests on is
 * sound, and the result has perhaps warnings, or all that is wrong comes back at once, warnings included.
 * Never throws on plain data of any size or shape: `BOUNDS` holds, and time is linear in the document within them.
 * `servers`, `webhooks` and `callbacks` are not read; no other document is fetched.
 */
export function describeApi(
  document: unknown,
  place: (pointer: string) => Place | null,
): Result<ApiDescription, readonly Issue[]> {
  const past = pastBounds(document);
  if (past !== null) return err([errorIssue('', `the document ${past}`, { place: place('') })]);
  const issues = createIssueLog(place);
  const specification = readSpecification(document, issues);
  if (specification === null || !isObject(document)) return err(issues.finish().issues);
  const reading: Reading = {
    specification,
    issues,
    references: createReferences(document),
    schemas: [],
    read: { parameters: new Map(), requestBodies: new Map(), headers: new Map(), responses: new Map() },
    spent: { parts: 0, operations: 0 },
  };
  const description = readDocument(reading, { value: document, pointer: '' });
  const { issues: told, failed } = issues.finish();
  return failed ? err(told) : ok({ ...description, warnings: told });
}

function readDocument(reading: Reading, root: ObjectSite): Omit<ApiDescription, 'warnings'> {
  checkKeys(reading, root, KEYS);
  checkDialect(reading, root);
  const info = readInfo(reading, root);
  const components = objectMember(reading, root, 'components');
  const { schemes, names } = readSecuritySchemes(reading, components);
  const security = { requirements: readSecurity(reading, root, names), schemes: names };
  const operations = readOperations(reading, root, security);
  checkIds(reading, operations);
  checkSchemas(reading, components);
  return { specification: reading.specification, ...info, operations, securitySchemes: schemes };
}

function readSpecification(document: unknown, issues: IssueLog): Specification | null {
  if (!isObject(document)) {
    issues.error('', 'the document must be an OpenAPI description, an object');
    return null;
  }
  const version = own(document, 'openapi');
  const found = typeof version === 'string' ? /^(3\.[012])(\.[0-9]+(?:-.+)?)?$/.exec(version) : null;
  if (found?.[1] !== undefined) {
    if (found[2] === undefined) issues.warn('/openapi', 'is without the patch number', `write '${found[1]}.0'`);
    return found[1] as Specification;
  }
  const old = own(document, 'swagger');
  if (version !== undefined) {
    const shown = typeof version === 'string' ? quoted(version) : 'what stands here';
    issues.error('/openapi', `${shown} is no version this gateway reads`, "write '3.0.4', '3.1.1' or '3.2.0', as text");
  } else if (old !== undefined) {
    issues.error('/swagger', 'Swagger 2.0 is not read', 'convert the document to OpenAPI 3.0 or later');
  } else issues.error('', 'has no `openapi` key, so it is no OpenAPI document', "begin it with openapi: '3.1.1'");
  return null;
}

/** Nothing is protected by a title, so what is wrong with it is told and no more; `version: 1.0` in YAML is a number. */
function readInfo(reading: Reading, root: ObjectSite): { readonly title: string; readonly version: string } {
  const info = member(root, 'info');
  const text = (name: 'title' | 'version'): string => {
    const value = isObject(info.value) ? own(info.value, name) : undefined;
    if (typeof value === 'string') return value;
    reading.issues.warn(info.pointer, `has no \`${name}\` that is text`);
    return typeof value === 'number' ? String(value) : '';
  };
  return { title: text('title'), version: text('version') };
}

function readOperations(reading: Reading, root: ObjectSite, security: DocumentSecurity): readonly DescribedOperation[] {
  const paths = objectMember(reading, root, 'paths');
  if (own(root.value, 'paths') === undefined && reading.specification === '3.0') {
    reading.issues.error('', 'has no `paths`');
  }
  const operations = paths === null ? [] : readPaths(reading, paths, security);
  if (operations.length === 0) {
    reading.issues.warn(paths?.pointer ?? '', 'describes no operation, so nothing can be let through');
  }
  return operations;
}

function checkDialect(reading: Reading, root: ObjectSite): void {
  if (reading.specification === '3.0') return;
  const dialect = textMember(reading, root, 'jsonSchemaDialect');
  if (dialect === null || DIALECTS.test(dialect)) return;
  reading.issues.error(
    member(root, 'jsonSchemaDialect').pointer,
    `${quoted(dialect)} is no dialect this gateway knows`,
    'remove it; schemas are read as JSON Schema 2020-12',
  );
}
