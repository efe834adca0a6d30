import { didYouMean, errorIssue } from '../base/index.ts';
import { type ReadSchema, readAllowList, readSchema } from '../graphql/index.ts';
import { type GraphqlConfig, graphqlJudge } from '../policy/index.ts';
import type { ApiConfig } from './config.ts';
import { isCoordinate } from './graphql-checks.ts';
import { placeOf, type Work } from './gather-work.ts';

/** Issues of the documents of one list that are told one by one. */
const DOCUMENT_ISSUES = 10;

/** Says what is wrong with the schema and the documents of an API that speaks GraphQL, once both have been gathered. */
export function checkGraphql(work: Work, api: ApiConfig): void {
  const bytes = api.graphql === null ? undefined : work.gatheredFiles.get(api.graphql.schema);
  // What could not be read has an issue already.
  if (api.graphql === null || bytes === undefined) return;
  const at = `${api.path}.graphql.schema`;
  const text = textOf(bytes);
  const read = text === null ? null : readSchema(text);
  if (read === null || !read.ok) {
    const { message, line, column } = read?.error ?? { message: 'is not UTF-8', line: 1, column: 1 };
    work.issues.push(errorIssue(at, `the schema: ${message}`, { place: { file: api.graphql.schema, line, column } }));
    return;
  }
  checkNames(work, api, read.value);
  checkDocuments(work, api);
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Fields that the configuration names and the schema does not have. */
function checkNames(work: Work, api: ApiConfig, schema: ReadSchema): void {
  const tell = (path: string, message: string, fix?: string): void =>
    void work.issues.push(
      errorIssue(path, message, { place: placeOf(work, path), ...(fix === undefined ? {} : { fix }) }),
    );
  for (const [name, { path }] of Object.entries(api.operations)) {
    if (!isCoordinate(name) || schema.has(name)) continue;
    tell(path, 'the schema has no field of this name', didYouMean(name, schema.roots));
  }
  for (const [name, { multipliers }] of Object.entries(api.graphql?.cost?.fields ?? {})) {
    const path = `${api.path}.graphql.cost.fields["${name}"]`;
    if (!schema.has(name)) tell(path, `the schema has no field ${name}`, didYouMean(name, schema.roots));
    else if (multipliers?.some((argument) => !schema.takes(name, argument)) === true)
      tell(path, `${name} has no argument that is called like one of its multipliers`);
  }
}

/** Documents that are known must be some that pass: else nobody would learn it before a client is refused. */
function checkDocuments(work: Work, api: ApiConfig): void {
  const file = api.graphql?.operations ?? null;
  const bytes = file === null ? undefined : work.gatheredFiles.get(file);
  if (file === null || bytes === undefined) return;
  const place = { file, line: 1, column: 1 };
  const at = `${api.path}.graphql.operations`;
  const list = readAllowList(textOf(bytes) ?? '');
  if (!list.ok) {
    work.issues.push(errorIssue(at, `the file ${list.error}`, { place }));
    return;
  }
  const config = api.policies.find(({ kind }) => kind === 'graphql')?.config as GraphqlConfig;
  const judge = graphqlJudge(config, { file: (path) => work.gatheredFiles.get(path) ?? new Uint8Array() });
  let told = 0;
  for (const [hash, document] of list.value) {
    const found = judge.faultIn(document);
    if (found === null) continue;
    work.issues.push(errorIssue(at, `the document ${hash.slice(0, 12)} would be refused: ${found.detail}`, { place }));
    if (++told === DOCUMENT_ISSUES) return;
  }
}
