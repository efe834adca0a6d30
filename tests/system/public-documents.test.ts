import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
