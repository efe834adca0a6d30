import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { err, formatIssue, ok, type Result } from '../../src/base/index.ts';
import { gather, parseConfig } from '../../src/config/index.ts';
import { compile, type Snapshot, verify } from '../../src/gateway/index.ts';
import { createOfflineKinds, listKinds } from '../../src/main/kinds.ts';
import type { Egress, Files, Secrets } from '../../src/ports/index.ts';
import { type ApiDescription, describeApi, valueAt } from '../../src/openapi/index.ts';

const ROOT = dirname(fileURLToPath(import.meta.resolve('@readme/oas-examples/package.json')));

/** Documents that are wrong in a way nobody can read past, and what is said of each. */
const REFUSED: ReadonlyMap<string, RegExp> = new Map([
  [
    '3.0/json/parameters-common.json',
    /^\/paths\/~1anything~1\{id\}~1\{action\}~1\{id\}: .*two parameters with the name/,
  ],
  ['3.1/json/schema-validation-top-level.json', /^\/jsonSchemaDialect: .*draft-04.* is no dialect/],
]);

/** Documents that are read, and whose schemas can't be held against anything: another dialect's words in 3.1. */
const NOT_VALIDATED: ReadonlyMap<string, RegExp> = new Map([
  ['3.1/json/schema-validation-local.json', /exclusiveMinimum: must be a number/],
]);

/** How many operations the larger documents describe. */
const COUNTS: ReadonlyMap<string, number> = new Map([
  ['3.0/json/star-trek.json', 120],
  ['3.0/json/http-status-codes.json', 89],
  ['3.1/json/readme.json', 54],
  ['3.1/json/petstore.json', 20],
]);

function documentsOf(version: string): readonly string[] {
  return globSync(`${version}/json/**/*.json`, { cwd: ROOT }).toSorted();
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
}

/** Every pointer of a description leads to something in its document. */
function checkPointers(document: unknown, { operations }: ApiDescription): void {
  for (const operation of operations) {
    const bodies = [operation.requestBody, ...operation.responses].filter((body) => body !== null);
    const content = bodies.flatMap((body) => body.content);
    const values = [...operation.parameters, ...operation.responses.flatMap((response) => response.headers)];
    for (const { pointer } of [operation, ...bodies, ...content, ...values]) {
      assert.equal(typeof valueAt(document, pointer), 'object', pointer);
    }
    for (const { schemaPointer } of [...content, ...values]) {
      if (schemaPointer !== null) assert.notEqual(valueAt(document, schemaPointer), undefined, schemaPointer);
    }
  }
}

test('public OpenAPI 3 documents are described, but for those nobody can read', () => {
  const files = [...documentsOf('3.0'), ...documentsOf('3.1')];
  assert.ok(files.length >= 50, `only ${files.length} documents`);
  const refused: string[] = [];
  for (const file of files) {
    const document = read(file);
    const result = describeApi(document, () => null);
    if (result.ok) {
      checkPointers(document, result.value);
      assert.deepEqual(structuredClone(result.value), result.value);
      assert.equal(result.value.operations.length, COUNTS.get(file) ?? result.value.operations.length, file);
      continue;
    }
    const errors = result.error
      .filter(({ severity }) => severity === 'error')
      .map((one) => `${one.path}: ${one.message}`);
    assert.equal(errors.length, 1, `${file}\n${errors.join('\n')}`);
    assert.match(errors[0] ?? '', REFUSED.get(file) ?? /^$/, file);
    refused.push(file);
  }
  assert.deepEqual(refused, [...REFUSED.keys()]);
});

test('Swagger 2.0 documents are refused in words that say what to do', () => {
  const files = documentsOf('2.0');
  assert.ok(files.length >= 5, `only ${files.length} documents`);
  for (const file of files) {
    const result = describeApi(read(file), () => null);
    assert.ok(!result.ok, file);
    assert.deepEqual(
      result.error.map(({ path, fix }) => [path, fix]),
      [['/swagger', 'convert the document to OpenAPI 3.0 or later']],
    );
  }
});

/** Takes a document the whole way that a configuration goes, from its text to what would serve requests. */
async function snapshotOf(name: string, text: string): Promise<Result<Snapshot, string>> {
  const bytes = new TextEncoder().encode(text);
  const read: Files['read'] = async (path) =>
    path === `/srv/${name}` ? ok(bytes) : err({ reason: 'missing', detail: path });
  const files = { read } as Partial<Files> as Files;
  const secrets: Secrets = { resolve: async () => err('no secret is named') };
  const egress: Egress = { call: async () => err({ reason: 'unreachable', detail: 'nothing is on the network' }) };
  const api = { openapi: `./${name}`, basePath: '/public', upstream: 'http://127.0.0.1:3001', auth: 'public' };
  const configuration = stringify({ version: 1, apis: { api } });
  const kinds = createOfflineKinds();
  const parsed = parseConfig(configuration, { file: '/srv/portcullis.yaml', kinds: listKinds(kinds) });
  if (!parsed.ok) return err(parsed.error.map(formatIssue).join('\n'));
  const gathered = await gather(parsed.value, { files, secrets, egress, revision: 1 });
  if (!gathered.ok) return err(gathered.error.map(formatIssue).join('\n'));
  const noTable = (): never => assert.fail('no table is declared');
  const snapshot = compile(gathered.value, { kinds, tables: { read: noTable } });
  if (!snapshot.ok) return err(snapshot.error.map(formatIssue).join('\n'));
  const broken = verify(snapshot.value);
  return broken.length > 0 ? err(broken.map(formatIssue).join('\n')) : snapshot;
}

test('every public document that is described can be configured, and each of its operations is compiled', async () => {
  let compiled = 0;
  for (const file of [...documentsOf('3.0'), ...documentsOf('3.1')]) {
    const described = describeApi(read(file), () => null);
    const snapshot = await snapshotOf('api.json', readFileSync(join(ROOT, file), 'utf8'));
    const unheld = NOT_VALIDATED.get(file);
    if (unheld !== undefined) {
      assert.match(snapshot.ok ? 'is taken' : snapshot.error, unheld);
      continue;
    }
    assert.equal(snapshot.ok, described.ok, `${file}\n${snapshot.ok ? 'is taken' : snapshot.error}`);
    if (!described.ok || !snapshot.ok) continue;
    assert.deepEqual(
      snapshot.value.operations.map(({ operation }) => operation.name),
      described.value.operations.map(({ id }) => id),
      file,
    );
    compiled++;
  }
  assert.ok(compiled >= 48, `only ${compiled} documents`);
});

test('a public document is compiled to the same operations from YAML as from JSON', async () => {
  const document = read('3.0/json/star-trek.json');
  const [fromJson, fromYaml] = await Promise.all([
    snapshotOf('api.json', JSON.stringify(document)),
    snapshotOf('api.yaml', stringify(document)),
  ]);
  assert.ok(fromJson.ok, fromJson.ok ? '' : fromJson.error);
  assert.ok(fromYaml.ok, fromYaml.ok ? '' : fromYaml.error);
  const operations = ({ operations: all }: Snapshot) => all.map(({ operation }) => operation);
  assert.equal(operations(fromYaml.value).length, 120);
  assert.deepEqual(operations(fromYaml.value), operations(fromJson.value));
});
