import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribedOperation } from './index.ts';
import {
  errorsOf,
  type Members,
  OPERATION,
  onlyOperation,
  warningsOf,
  withItem,
  withOperation,
} from './fixtures.test.ts';

function withBody(requestBody: unknown, more: Members = {}): Members {
  return withItem({ post: { ...OPERATION, requestBody } }, more);
}

function bodyOf(document: unknown): DescribedOperation['requestBody'] {
  return onlyOperation(document).requestBody;
}

test('a body comes with its media types, by pointer', () => {
  const content = { 'Application/JSON; Charset=utf-8': { schema: { type: 'object' } }, 'text/*': {} };
  assert.deepEqual(bodyOf(withBody({ required: true, content })), {
    pointer: '/paths/~1orders/post/requestBody',
    required: true,
    content: [
      {
        mediaRange: 'application/json; charset=utf-8',
        pointer: '/paths/~1orders/post/requestBody/content/Application~1JSON; Charset=utf-8',
        schemaPointer: '/paths/~1orders/post/requestBody/content/Application~1JSON; Charset=utf-8/schema',
        itemSchemaPointer: null,
      },
      {
        mediaRange: 'text/*',
        pointer: '/paths/~1orders/post/requestBody/content/text~1*',
        schemaPointer: null,
        itemSchemaPointer: null,
      },
    ],
  });
});

test('a body is not required unless it says so, and absent where none is described', () => {
  assert.equal(bodyOf(withBody({ content: {} }))?.required, false);
  assert.equal(bodyOf(withItem({ post: OPERATION })), null);
});

test('a body that cannot be judged is refused', () => {
  assert.match(errorsOf(withBody({})).join(), /no `content`/);
  assert.match(errorsOf(withBody({ content: [] })).join(), /must be an object/);
  assert.match(errorsOf(withBody([])).join(), /must be a request body/);
  assert.match(errorsOf(withBody({ content: { 'a/b': 'text' } })).join(), /must be a media type/);
  assert.match(errorsOf(withBody({ content: { 'a/b': { schema: null } } })).join(), /must be a schema/);
  assert.match(errorsOf(withBody({ content: { 'a/b': {}, 'A/B': {} } })).join(), /a second time/);
  assert.match(errorsOf(withBody({ content: {}, required: 'no' })).join(), /true or false/);
});

test('a key that is no media type is left out, so nothing passes under it', () => {
  const document = withBody({ content: { examples: {}, 'text/a, text/b': {}, 'a/b': {} } });
  assert.deepEqual(
    bodyOf(document)?.content.map(({ mediaRange }) => mediaRange),
    ['a/b'],
  );
  assert.equal(warningsOf(document).length, 2);
});

test('a body of GET is kept and told', () => {
  const document = withOperation({ requestBody: { content: { 'a/b': {} } } });
  assert.equal(bodyOf(document)?.content.length, 1);
  assert.match(warningsOf(document).join(), /no meaning/);
});

test('a body may stand elsewhere, and is told where it is something else', () => {
  const components = {
    requestBodies: { a: { content: { 'a/b': {} } } },
    responses: { a: { description: '', content: { 'a/b': {} } } },
    headers: { a: { schema: {} } },
  };
  const at = (section: string): Members => withBody({ $ref: `#/components/${section}/a` }, { components });
  assert.equal(bodyOf(at('requestBodies'))?.pointer, '/components/requestBodies/a');
  assert.match(warningsOf(at('responses')).join(), /refers to a response/);
  assert.match(errorsOf(at('headers')).join(), /refers to a header/);
});

test('media types may stand elsewhere, and have schemas of items from 3.2 on', () => {
  const components = { mediaTypes: { lines: { itemSchema: { type: 'object' } } } };
  const body = withBody(
    { content: { 'a/b': { $ref: '#/components/mediaTypes/lines' } } },
    { components, openapi: '3.2.0' },
  );
  const [content] = bodyOf(body)?.content ?? [];
  assert.equal(content?.itemSchemaPointer, '/components/mediaTypes/lines/itemSchema');
});

test('the headers of parts are checked with the rest', () => {
  const withEncoding = (encoding: unknown): readonly string[] =>
    errorsOf(withBody({ content: { 'multipart/form-data': { schema: {}, encoding } } }));
  assert.deepEqual(withEncoding({ file: { headers: { 'X-A': { schema: {} } } } }), []);
  assert.match(
    withEncoding({ file: { headers: { 'X-A': { schema: { $ref: '#/no' } } } } }).join(),
    /not in the document/,
  );
  assert.match(withEncoding({ file: 'png' }).join(), /must be an object/);
});
