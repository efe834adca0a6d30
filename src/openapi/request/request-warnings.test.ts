import assert from 'node:assert/strict';
import { test } from 'node:test';
import { described, documentOf, type Members, OPERATION } from '../fixtures.test.ts';
import { requestWarnings } from './request-warnings.ts';

const ORDER = { type: 'object', properties: { item: { type: 'string' } } };

function warningsOf(operations: readonly Members[], more: Members = {}): readonly string[] {
  const paths = operations.map((operation, index) => [
    `/p${index}`,
    { post: { operationId: `op${index}`, ...OPERATION, ...operation } },
  ]);
  const document = documentOf(Object.fromEntries(paths), more);
  const place = (pointer: string) => ({ file: 'a.yaml', line: pointer.length, column: 1 });
  return requestWarnings(document, described(document), place).map((issue) => {
    assert.equal(issue.severity, 'warning');
    assert.deepEqual(issue.place, place(issue.path));
    assert.ok(issue.fix !== null);
    return `${issue.path}: ${issue.message}`;
  });
}

function body(content: Members): Members {
  return { requestBody: { content } };
}

function query(schema: Members, more: Members = {}): Members {
  return { parameters: [{ name: 'search', in: 'query', schema, ...more }] };
}

test('a body that is always refused is a warning, where it is described', () => {
  for (const type of ['application/xml', 'multipart/mixed', 'application/soap+xml', 'image/png', 'text/csv']) {
    const key = type.replace('/', '~1');
    assert.deepEqual(warningsOf([body({ [type]: { schema: ORDER } })]), [
      `/paths/~1p0/post/requestBody/content/${key}: a body of \`${type}\` can't be held against this schema, so requests with one are refused with 415 (\`op0\`)`,
    ]);
  }
  const lines = body({ 'application/jsonl': { itemSchema: ORDER } });
  assert.equal(warningsOf([lines], { openapi: '3.2.0' }).length, 1);
  const byPlace = body({ 'multipart/form-data': { schema: ORDER, itemEncoding: { contentType: 'image/png' } } });
  assert.equal(warningsOf([byPlace], { openapi: '3.2.0' }).length, 1);
});

test('a body that can pass is none', () => {
  for (const content of [
    { 'application/json': { schema: ORDER } },
    { 'application/problem+json': { schema: ORDER } },
    { 'application/x-www-form-urlencoded': { schema: ORDER } },
    { 'text/plain': { schema: { type: 'string' } } },
    { 'text/csv': {} },
    { 'application/xml': {} },
    { 'multipart/form-data': { schema: { type: 'string', format: 'binary' } } },
    { 'multipart/form-data': { schema: ORDER } },
    { '*/*': { schema: ORDER } },
    { 'application/*': { schema: ORDER } },
  ]) {
    assert.deepEqual(warningsOf([body(content)]), [], JSON.stringify(content));
  }
});

test('a part of a form that is always refused is a warning, where its encoding stands', () => {
  const named = (name: string): Members => ({ type: 'object', properties: {}, xml: { name } });
  const properties = {
    meta: { type: 'object' },
    note: { type: 'string' },
    file: { type: 'string', format: 'binary' },
    pet: { oneOf: [named('cat'), named('dog')] },
  };
  const form = (encoding: Members): Members =>
    body({ 'multipart/form-data': { schema: { type: 'object', properties }, encoding } });
  const wrong = form({
    meta: { contentType: 'application/x-yaml' },
    note: { style: 'none' },
    pet: { contentType: 'application/xml' },
  });
  const at = '/paths/~1p0/post/requestBody/content/multipart~1form-data/encoding';
  assert.deepEqual(warningsOf([wrong]), [
    `${at}/meta: the part \`meta\` can't be read as it is encoded here, so forms with one are refused (\`op0\`)`,
    `${at}/note: the part \`note\` can't be read as it is encoded here, so forms with one are refused (\`op0\`)`,
    `${at}/pet: the part \`pet\` can't be read as it is encoded here, so forms with one are refused (\`op0\`)`,
  ]);
  const sound = form({
    meta: { contentType: 'application/json' },
    note: { contentType: 'text/markdown' },
    file: { contentType: 'image/png, application/pdf' },
  });
  assert.deepEqual(warningsOf([sound, form({ meta: { contentType: 'application/xml' } })]), []);
});

test('an object in the query that takes all names is a warning', () => {
  for (const schema of [
    { type: 'object' },
    { type: 'object', additionalProperties: true },
    { type: 'object', properties: { a: {} }, additionalProperties: { type: 'string' } },
    { type: ['object', 'string'] },
  ]) {
    const [warning = 'none', ...others] = warningsOf([query(schema)]);
    assert.match(warning, /^\/paths\/~1p0\/post\/parameters\/0: the parameter `search` takes every name .*\(`op0`\)$/);
    assert.deepEqual(others, []);
  }
});

test('one that takes only its own names is none', () => {
  const anything = { type: 'object' };
  for (const operation of [
    query(ORDER),
    query({ type: 'string' }),
    query({}),
    query(anything, { style: 'deepObject' }),
    query(anything, { explode: false }),
    { parameters: [{ name: 'search', in: 'header', schema: anything }] },
    { parameters: [{ name: 'search', in: 'query', content: { 'application/json': { schema: anything } } }] },
  ]) {
    assert.deepEqual(warningsOf([operation]), [], JSON.stringify(operation));
  }
});

test('a parameter in a format that nobody reads is a warning', () => {
  const parameter = (place: string, type: string): Members => ({
    parameters: [{ name: 'filter', in: place, content: { [type]: { schema: ORDER } } }],
  });
  for (const place of ['query', 'header', 'cookie']) {
    assert.match(warningsOf([parameter(place, 'application/xml')])[0] ?? '', /`filter` is `application\/xml`/);
    assert.deepEqual(warningsOf([parameter(place, 'text/plain')]), []);
  }
  const whole = (type: string): readonly string[] => warningsOf([parameter('querystring', type)], { openapi: '3.2.0' });
  assert.equal(whole('text/plain').length, 1);
  assert.equal(whole('application/x-www-form-urlencoded').length, 0);
});

test('what operations share is told once, with some of their names', () => {
  const components = {
    requestBodies: { Xml: { content: { 'application/xml': { schema: ORDER } } } },
    parameters: { Any: { name: 'any', in: 'query', schema: { type: 'object' } } },
  };
  const shared = {
    requestBody: { $ref: '#/components/requestBodies/Xml' },
    parameters: [{ $ref: '#/components/parameters/Any' }],
  };
  const warnings = warningsOf([shared, shared, shared, shared, shared], { components });
  assert.equal(warnings.length, 2);
  for (const warning of warnings) assert.match(warning, /\(`op0`, `op1`, `op2` and 2 more\)$/);
});

test('each operation of its own is told', () => {
  const own = body({ 'application/xml': { schema: ORDER } });
  assert.equal(warningsOf([own, structuredClone(own), structuredClone(own)]).length, 3);
});
