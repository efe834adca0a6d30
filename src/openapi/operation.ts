import type { DescribedOperation, DescribedRequestBody } from './description.ts';
import { readRequestBody } from './content.ts';
import { quoted } from './issue-log.ts';
import { type ListedParameter, mergeParameters, readParameters } from './parameters.ts';
import { member, type ObjectSite, pointerTo } from './pointer.ts';
import { checkKeys, flagMember, type Reading, spend, textMember } from './reading.ts';
import { readResponses } from './responses.ts';
import { readSecurity, type Requirements } from './security.ts';
import type { Template } from './template.ts';

/** What an operation takes over from its path and its document. */
export interface Surroundings {
  readonly template: Template;
  readonly parameters: readonly ListedParameter[];
  readonly security: Requirements | null;
  readonly securitySchemes: ReadonlySet<string>;
  /** Pointers to parameters that were reported as unfit for this path, so that each is told once. */
  readonly reported: Set<string>;
}

const KEYS: ReadonlySet<string> = new Set([
  'tags',
  'summary',
  'description',
  'externalDocs',
  'operationId',
  'parameters',
  'requestBody',
  'responses',
  'callbacks',
  'deprecated',
  'security',
  'servers',
]);

/** Reads an Operation Object (OpenAPI 3.0 §4.7.10, 3.1 §4.8.10). `callbacks` are requests the API sends, so they are left out. */
export function readOperation(
  reading: Reading,
  site: ObjectSite,
  method: string,
  around: Surroundings,
): DescribedOperation {
  checkKeys(reading, site, KEYS);
  const listed = mergeParameters(around.parameters, readParameters(reading, site));
  spend(reading, around.parameters.length);
  checkTemplate(reading, site, listed, around);
  checkQueryString(reading, site, listed);
  return {
    id: readId(reading, site) ?? `${method} ${around.template.text}`,
    method,
    template: around.template.text,
    segments: around.template.segments,
    pointer: site.pointer,
    deprecated: flagMember(reading, site, 'deprecated', false),
    parameters: listed.map(({ parameter }) => parameter),
    requestBody: readBody(reading, site, method),
    responses: readResponses(reading, site),
    security: readSecurity(reading, site, around.securitySchemes) ?? around.security,
  };
}

function readId(reading: Reading, site: ObjectSite): string | null {
  const id = textMember(reading, site, 'operationId');
  if (id !== '') return id;
  reading.issues.error(pointerTo(site.pointer, 'operationId'), 'is empty');
  return null;
}

function readBody(reading: Reading, site: ObjectSite, method: string): DescribedRequestBody | null {
  const body = member(site, 'requestBody');
  if (body.value === undefined) return null;
  if (method === 'GET' || method === 'HEAD' || method === 'TRACE') {
    reading.issues.warn(
      body.pointer,
      `describes a body of a ${method} request, which HTTP gives no meaning (RFC 9110 §9.3)`,
    );
  }
  return readRequestBody(reading, body);
}

/** A parameter of the path without a description would pass unjudged; one that is only described is a slip. */
function checkTemplate(
  reading: Reading,
  site: ObjectSite,
  listed: readonly ListedParameter[],
  { template, reported }: Surroundings,
): void {
  const inPath = listed.filter(({ parameter }) => parameter.in === 'path');
  const described = new Set(inPath.map(({ parameter }) => parameter.name));
  for (const name of template.parameters) {
    if (described.has(name)) continue;
    reading.issues.error(
      site.pointer,
      `has no description of the path parameter ${quoted(name)}`,
      'list it in `parameters` with `in: path`',
    );
  }
  const named = new Set(template.parameters);
  for (const { parameter, pointer } of inPath) {
    if (named.has(parameter.name) || reported.has(pointer)) continue;
    reported.add(pointer);
    reading.issues.error(
      pointer,
      `describes the path parameter ${quoted(parameter.name)}, which is not in the template`,
    );
  }
}

/** OpenAPI 3.2 §4.12.1: the whole query stands once, and never beside single parameters of it. */
function checkQueryString(reading: Reading, site: ObjectSite, listed: readonly ListedParameter[]): void {
  const whole = listed.filter(({ parameter }) => parameter.in === 'querystring');
  if (whole.length === 0) return;
  if (whole.length > 1 || listed.some(({ parameter }) => parameter.in === 'query')) {
    reading.issues.error(site.pointer, 'describes the query as a whole and again by other parameters');
  }
}

/** Says for each operation whose id stands before it which one that is. */
export function checkIds(reading: Reading, operations: readonly DescribedOperation[]): void {
  const seen = new Map<string, string>();
  for (const { id, pointer } of operations) {
    const before = seen.get(id);
    if (before === undefined) seen.set(id, pointer);
    else {
      reading.issues.error(
        pointer,
        `has the operationId ${quoted(id)}, which another operation has too`,
        `see ${quoted(`#${before}`)}`,
      );
    }
  }
}
