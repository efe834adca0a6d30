// What the tests of this room share. It holds none itself; its name keeps it out of the build and lets tests import it.
import type { Issue } from '../base/index.ts';
import { type ApiDescription, describeApi, type DescribedOperation } from './index.ts';

/** Members of a document beyond, or instead of, the usual ones. */
export type Members = Readonly<Record<string, unknown>>;

/** A document of one version with these paths. */
export function documentOf(paths: unknown, more: Members = {}): Members {
  return { openapi: '3.1.1', info: { title: 'Orders', version: '1' }, paths, ...more };
}

/** A document with one path `/orders` of this item. */
export function withItem(item: unknown, more: Members = {}): Members {
  return documentOf({ '/orders': item }, more);
}

/** A document with one operation `GET /orders`. */
export function withOperation(operation: Members, more: Members = {}): Members {
  return withItem({ get: { responses: { 200: { description: 'fine' } }, ...operation } }, more);
}

/** The least an operation has. */
export const OPERATION: Members = { responses: { 200: { description: 'fine' } } };

/** A parameter of the path with a schema. */
export function pathParameter(name: string): Members {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

/** The description of a document that must be sound. */
export function described(document: unknown): ApiDescription {
  const result = describeApi(document, () => null);
  if (!result.ok) throw new Error(result.error.map((issue) => `${issue.path}: ${issue.message}`).join('\n'));
  return result.value;
}

/** The only operation of a sound document. */
export function onlyOperation(document: unknown): DescribedOperation {
  const { operations } = described(document);
  const [operation] = operations;
  if (operation === undefined || operations.length > 1) throw new Error(`${operations.length} operations`);
  return operation;
}

/** All issues of a document, sound or not. */
export function issuesOf(document: unknown): readonly Issue[] {
  const result = describeApi(document, () => null);
  return result.ok ? result.value.warnings : result.error;
}

/** What is wrong with a document, as `POINTER: MESSAGE`. */
export function errorsOf(document: unknown): readonly string[] {
  return toLines(issuesOf(document), 'error');
}

/** What a document is warned of, as `POINTER: MESSAGE`. */
export function warningsOf(document: unknown): readonly string[] {
  return toLines(issuesOf(document), 'warning');
}

function toLines(issues: readonly Issue[], severity: Issue['severity']): readonly string[] {
  return issues.filter((issue) => issue.severity === severity).map(({ path, message }) => `${path}: ${message}`);
}
