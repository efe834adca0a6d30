import assert from 'node:assert/strict';
import { test } from 'node:test';
import { described, documentOf, type Members, OPERATION } from '../fixtures.test.ts';
import { replyWarnings } from './reply-warnings.ts';

const ORDER = { type: 'object', properties: { item: { type: 'string' } } };

function warningsOf(
  operations: readonly Members[],
  more: Members = {},
  isJudged: (id: string) => boolean = () => true,
): readonly string[] {
  const paths = operations.map((operation, index) => [
    `/p${index}`,
    { get: { ...OPERATION, operationId: `op${index}`, ...operation } },
  ]);
  const document = documentOf(Object.fromEntries(paths), more);
  const place = (pointer: string) => ({ file: 'a.yaml', line: pointer.length, column: 1 });
  return replyWarnings(document, described(document), isJudged, place).map((issue) => {
    assert.equal(issue.severity, 'warning');
    assert.deepEqual(issue.place, place(issue.path));
    assert.ok(issue.fix !== null);
    return `${issue.path}: ${issue.message}`;
  });
}

function replies(content: Members, more: Members = {}): Members {
  return { responses: { 200: { description: '', content, ...more } } };
}

test('a reply that is always refused is a warning, where it is described', () => {
  for (const type of ['application/xml', 'multipart/mixed', 'image/png', 'text/event-stream']) {
    const at = `/paths/~1p0/get/responses/200/content/${type.replace('/', '~1')}`;
    assert.deepEqual(warningsOf([replies({ [type]: { schema: ORDER } })]), [
      `${at}: a reply of \`${type}\` can't be held against this schema, so it is refused with 502 (\`op0\`)`,
    ]);
  }
  assert.match(String(warningsOf([{ responses: {} }])), /\/get: no reply is described, so every reply is refused/);
  const headers = { 'X-A': { content: { 'application/xml': { schema: ORDER } } } };
  assert.match(String(warningsOf([replies({}, { headers })])), /headers\/X-A: the header `X-A` is `application\/xml`/);
});

test('one that can pass is none', () => {
  for (const content of [
    { 'application/json': { schema: ORDER } },
    { 'text/event-stream': { schema: { type: 'string' } } },
    { 'image/png': {} },
    { 'application/xml': { schema: { type: 'string', format: 'binary' } } },
    { '*/*': { schema: ORDER } },
  ]) {
    assert.deepEqual(warningsOf([replies(content)]), [], JSON.stringify(content));
  }
});

test('what several operations share is told once, and what is not judged is not told', () => {
  const shared = { description: '', content: { 'application/xml': { schema: ORDER } } };
  const components = { components: { responses: { Fault: shared } } };
  const operation = {
    responses: { 400: { $ref: '#/components/responses/Fault' }, 404: { $ref: '#/components/responses/Fault' } },
  };
  const told = warningsOf([operation, operation], components);
  assert.equal(told.length, 1);
  assert.match(String(told), /\(`op0`, `op1`\)$/);
  assert.match(String(warningsOf([operation, operation], components, (id) => id === 'op1')), /\(`op1`\)$/);
  assert.deepEqual(
    warningsOf([operation], components, () => false),
    [],
  );
});
