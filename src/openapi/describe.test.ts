import assert from 'node:assert/strict';
import { test } from 'node:test';
import { described, documentOf, errorsOf, issuesOf, OPERATION, warningsOf, withOperation } from './fixtures.test.ts';
import { describeApi } from './index.ts';

test('a document of each version is described', () => {
  for (const [openapi, specification] of [
    ['3.0.0', '3.0'],
    ['3.0.4', '3.0'],
    ['3.1.1', '3.1'],
    ['3.2.0', '3.2'],
    ['3.1.0-rc1', '3.1'],
  ] as const) {
    const description = described(withOperation({}, { openapi }));
    assert.equal(description.specification, specification);
    assert.deepEqual(
      { title: description.title, version: description.version, warnings: description.warnings },
      { title: 'Orders', version: '1', warnings: [] },
    );
    assert.equal(description.operations.length, 1);
  }
});

test('what is no document of these versions is refused in clear words', () => {
  assert.match(errorsOf({ swagger: '2.0', paths: {} }).join(), /Swagger 2\.0 is not read/);
  assert.match(errorsOf({ paths: {} }).join(), /no `openapi` key/);
  assert.match(errorsOf(withOperation({}, { openapi: '2.0' })).join(), /`2\.0` is no version/);
  assert.match(errorsOf(withOperation({}, { openapi: '3.3.0' })).join(), /`3\.3\.0` is no version/);
  assert.match(errorsOf(withOperation({}, { openapi: 3.1 })).join(), /no version/);
  for (const document of [null, undefined, [], 'text', 3, true]) {
    assert.match(errorsOf(document).join(), /must be an OpenAPI description/);
  }
});

test('a version without its patch number is read, and told', () => {
  assert.match(warningsOf(withOperation({}, { openapi: '3.0' })).join(), /^\/openapi: is without the patch number$/);
});

test('an untitled API is described, and told', () => {
  assert.equal(warningsOf(withOperation({}, { info: undefined })).length, 2);
  const numbered = withOperation({}, { info: { title: 'A', version: 1.5 } });
  assert.equal(described(numbered).version, '1.5');
  assert.equal(warningsOf(numbered).length, 1);
});

test('all that is wrong comes back at once, each with its pointer and its place', () => {
  const document = documentOf(
    {
      '/a/{id}': { get: { parameters: {}, responses: { 20: {} }, security: [{ key: 'all' }] } },
      b: {},
    },
    { components: { securitySchemes: { key: { type: 'magic' } } } },
  );
  const result = describeApi(document, (pointer) => ({ file: 'api.yaml', line: pointer.length + 1, column: 1 }));
  assert.ok(!result.ok);
  assert.deepEqual(
    result.error.map(({ path }) => path),
    [
      '/components/securitySchemes/key/type',
      '/paths/~1a~1{id}/get/parameters',
      '/paths/~1a~1{id}/get',
      '/paths/~1a~1{id}/get/responses/20',
      '/paths/~1a~1{id}/get/security/0/key',
      '/paths/b',
    ],
  );
  for (const { path, place } of result.error) assert.equal(place?.line, path.length + 1);
});

test('a document without paths is an error in 3.0 and a warning later', () => {
  const document = { info: { title: 'A', version: '1' }, components: {} };
  assert.deepEqual(errorsOf({ openapi: '3.0.3', ...document }), [': has no `paths`']);
  assert.match(warningsOf({ openapi: '3.1.1', ...document }).join(), /describes no operation/);
  assert.match(errorsOf(documentOf([])).join(), /\/paths: must be an object/);
  assert.match(errorsOf(documentOf({}, { components: [] })).join(), /\/components: must be an object/);
});

test('servers, webhooks and callbacks describe nothing that comes through the gateway', () => {
  const document = withOperation(
    { callbacks: { done: { '{$request.body#/url}': { post: OPERATION } } } },
    { servers: [{ url: 'https://elsewhere.example/v7' }], webhooks: { created: { post: OPERATION } } },
  );
  assert.deepEqual(
    described(document).operations.map(({ method, template }) => `${method} ${template}`),
    ['GET /orders'],
  );
});

test('a dialect whose keywords are not those of 2020-12 is refused', () => {
  const dialect = (jsonSchemaDialect: string): readonly string[] => errorsOf(withOperation({}, { jsonSchemaDialect }));
  assert.deepEqual(dialect('https://spec.openapis.org/oas/3.1/dialect/base'), []);
  assert.deepEqual(dialect('https://json-schema.org/draft/2020-12/schema'), []);
  assert.match(dialect('http://json-schema.org/draft-04/schema#').join(), /no dialect/);
});

test('a misspelt key is an error with the right one, an unknown one a warning', () => {
  const issues = issuesOf(withOperation({ securty: [], colour: 'red', 'x-anything': 1 }));
  assert.deepEqual(
    issues.map(({ severity, path, fix }) => ({ severity, path, fix })),
    [
      { severity: 'error', path: '/paths/~1orders/get/securty', fix: 'write `security`' },
      { severity: 'warning', path: '/paths/~1orders/get/colour', fix: null },
    ],
  );
});

test('a description is plain data that can be sent to a thread', () => {
  const description = described(withOperation({ operationId: 'list' }));
  assert.deepEqual(structuredClone(description), description);
});

test('names of prototypes are names like others', () => {
  const text = `{"openapi":"3.1.1","info":{"title":"a","version":"1"},
    "paths":{"/__proto__":{"get":{"operationId":"__proto__","security":[{"__proto__":["constructor"]}],
      "responses":{"200":{"description":"","headers":{"constructor":{"schema":{"$ref":"#/components/schemas/__proto__"}}}}}}}},
    "components":{"schemas":{"__proto__":{"type":"string"}},"securitySchemes":{"__proto__":{"type":"oauth2"}}}}`;
  const { operations, securitySchemes, warnings } = described(JSON.parse(text));
  assert.equal(operations[0]?.id, '__proto__');
  assert.deepEqual(operations[0]?.security, [[{ scheme: '__proto__', scopes: ['constructor'] }]]);
  assert.equal(operations[0]?.responses[0]?.headers[0]?.name, 'constructor');
  assert.equal(securitySchemes[0]?.name, '__proto__');
  assert.deepEqual(warnings, []);
  assert.match(
    errorsOf(withOperation({ requestBody: { $ref: '#/components/__proto__' } })).join(),
    /not in the document/,
  );
});
