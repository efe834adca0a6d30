import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, onlyOperation, warningsOf, withItem, withOperation } from './fixtures.test.ts';

test('replies come by status, range and default, with headers and content by pointer', () => {
  const headers = { 'X-Total': { required: true, schema: { type: 'integer' } }, 'Content-Type': { schema: {} } };
  const responses = {
    200: { description: '', headers, content: { 'application/json': { schema: {} } } },
    '4XX': { description: '' },
    default: { description: '' },
    'x-note': 'none',
  };
  const described = onlyOperation(withOperation({ responses })).responses;
  assert.deepEqual(
    described.map(({ status }) => status),
    ['200', '4XX', 'default'],
  );
  assert.deepEqual(described[0], {
    status: '200',
    pointer: '/paths/~1orders/get/responses/200',
    headers: [
      {
        pointer: '/paths/~1orders/get/responses/200/headers/X-Total',
        name: 'X-Total',
        required: true,
        deprecated: false,
        style: 'simple',
        explode: false,
        schemaPointer: '/paths/~1orders/get/responses/200/headers/X-Total/schema',
        contentMediaType: null,
      },
    ],
    content: [
      {
        mediaRange: 'application/json',
        pointer: '/paths/~1orders/get/responses/200/content/application~1json',
        schemaPointer: '/paths/~1orders/get/responses/200/content/application~1json/schema',
        itemSchemaPointer: null,
      },
    ],
  });
});

test('what is no status is refused', () => {
  for (const status of ['20', '2000', '600', '099', '2X', '0XX', 'ok', '']) {
    assert.match(errorsOf(withOperation({ responses: { [status]: {} } })).join(), /no status/, status);
  }
});

test('a range in lower case is read, and told', () => {
  const document = withOperation({ responses: { '4xx': { description: '' } } });
  assert.equal(onlyOperation(document).responses[0]?.status, '4XX');
  assert.match(warningsOf(document).join(), /read as `4XX`/);
  assert.match(errorsOf(withOperation({ responses: { '4xx': {}, '4XX': {} } })).join(), /a second time/);
});

test('an operation without replies is told where the specification wants them', () => {
  assert.match(warningsOf(withItem({ get: {} }, { openapi: '3.0.3' })).join(), /no `responses`/);
  assert.deepEqual(warningsOf(withItem({ get: {} })), []);
  assert.match(warningsOf(withItem({ get: { responses: {} } })).join(), /is empty/);
  assert.match(errorsOf(withItem({ get: { responses: [] } })).join(), /must be an object/);
  assert.match(errorsOf(withOperation({ responses: { 200: 'fine' } })).join(), /must be a response/);
});

test('replies and headers may stand elsewhere, and what is wrong there is told once', () => {
  const ref = { $ref: '#/components/responses/fine' };
  const fine = { description: '', headers: { 'X-A': { $ref: '#/components/headers/a' } }, content: { 'a/b': [] } };
  const components = { responses: { fine }, headers: { a: {} } };
  const document = withItem(
    { get: { responses: { 200: ref, 201: ref } }, put: { responses: { 200: ref } } },
    { components },
  );
  assert.deepEqual(errorsOf(document), ['/components/responses/fine/content/a~1b: must be a media type, an object']);
  assert.equal(warningsOf(document).length, 1);
});

test('headers are told apart without case', () => {
  const headers = { 'X-A': { schema: {} }, 'x-a': { schema: {} } };
  assert.match(errorsOf(withOperation({ responses: { 200: { description: '', headers } } })).join(), /a second time/);
});
