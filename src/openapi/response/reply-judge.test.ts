import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Members, onlyOperation, withOperation } from '../fixtures.test.ts';
import { headersOf, readJson } from '../request/fixtures.test.ts';
import type { SentMediaType } from '../request/media-range-choice.ts';
import { compileReplies, type ReplyJudge } from './reply-judge.ts';

function judgeOf(responses: Members, more: Members = {}): ReplyJudge {
  const document = withOperation({ responses }, more);
  const source = { document, specification: '3.1' } as const;
  const judge = compileReplies(source, onlyOperation(document).responses, readJson);
  assert.ok(judge.ok, judge.ok ? '' : JSON.stringify(judge.error));
  return judge.value;
}

function typeOf(essence: string): SentMediaType {
  const [type = '', subtype = ''] = essence.split('/');
  return { type, subtype, essence, suffix: /\+(.+)$/.exec(subtype)?.[1] ?? null, parameters: new Map() };
}

const ORDER = { type: 'object', properties: { id: { type: 'integer' } } };

function reply(content: Members | null, headers: Members = {}): Members {
  return { description: '', headers, ...(content === null ? {} : { content }) };
}

/** What is done with a body of this type where only this content is described. */
function treatment(range: string, media: Members, essence: string): string {
  const content = judgeOf({ 200: reply({ [range]: media }) })
    .of(200)
    ?.contentOf(typeOf(essence));
  return content === null || content === undefined ? 'undescribed' : content.treatment(typeOf(essence));
}

test('the status counts first, then its range, then the default', () => {
  const named = (name: string) => reply({ [`text/${name}`]: {} });
  const judge = judgeOf({ 200: named('a'), '2XX': named('b'), '4XX': named('c'), default: named('d') });
  for (const [status, type] of [
    [200, 'a'],
    [201, 'b'],
    [404, 'c'],
    [500, 'd'],
    [302, 'd'],
  ] as const) {
    assert.notEqual(judge.of(status)?.contentOf(typeOf(`text/${type}`)), null, String(status));
    assert.equal(judge.of(status)?.contentOf(typeOf('text/x')), null);
  }
  assert.equal(judgeOf({ '2XX': named('a') }).of(404), null);
});

test('a part and a confirmation are what 200 is, unless they are described by their numbers', () => {
  const judge = judgeOf({ 200: reply({ 'text/a': {} }), default: reply(null), '3XX': reply(null) });
  for (const status of [206, 304]) {
    assert.equal(judge.of(status)?.isPart, true);
    assert.notEqual(judge.of(status)?.contentOf(typeOf('text/a')), null);
  }
  assert.equal(judge.of(200)?.isPart, false);
  assert.equal(judgeOf({ 206: reply({ 'text/b': {} }) }).of(206)?.isPart, false);
  assert.equal(judgeOf({ 404: reply(null) }).of(304), null);
});

test('a body is read only where its description asks something of it', () => {
  const bytes = { schema: { type: 'string', format: 'binary' } };
  const text = { schema: { type: 'string' } };
  const order = { schema: ORDER };
  const cases: readonly (readonly [range: string, media: Members, essence: string, wanted: string])[] = [
    ['application/json', order, 'application/json', 'read'],
    ['application/json', {}, 'application/json', 'unread'],
    ['application/json', { schema: true }, 'application/json', 'unread'],
    ['application/json', bytes, 'application/json', 'unread'],
    ['application/json', text, 'application/json', 'read'],
    [
      'application/json',
      { schema: { type: 'string', contentMediaType: 'application/jwt' } },
      'application/json',
      'read',
    ],
    ['application/*', order, 'application/problem+json', 'read'],
    ['application/*', order, 'application/zip', 'unreadable'],
    ['application/*', order, 'text/plain', 'undescribed'],
    ['text/csv', text, 'text/csv', 'unread'],
    ['text/csv', { schema: { type: 'string', maxLength: 9 } }, 'text/csv', 'read'],
    ['text/csv', { schema: { type: 'string', format: 'uuid' } }, 'text/csv', 'read'],
    ['text/csv', order, 'text/csv', 'unreadable'],
    ['text/csv', bytes, 'text/csv', 'unread'],
    ['image/png', bytes, 'image/png', 'unread'],
    ['image/png', text, 'image/png', 'unreadable'],
    ['image/png', { schema: { type: 'string', contentMediaType: 'image/png' } }, 'image/png', 'unread'],
    ['application/x-www-form-urlencoded', order, 'application/x-www-form-urlencoded', 'read'],
    ['multipart/form-data', order, 'multipart/form-data', 'read'],
    ['multipart/*', order, 'multipart/form-data', 'read'],
    ['multipart/*', order, 'multipart/mixed', 'unreadable'],
    ['multipart/form-data', bytes, 'multipart/form-data', 'unread'],
    ['multipart/form-data', { schema: { type: 'array' } }, 'multipart/form-data', 'unreadable'],
    ['application/xml', order, 'application/xml', 'unreadable'],
    ['*/*', order, 'text/plain', 'unreadable'],
    ['*/*', order, 'application/json', 'read'],
  ];
  for (const [range, media, essence, wanted] of cases) {
    assert.equal(treatment(range, media, essence), wanted, JSON.stringify([range, media, essence]));
  }
});

test('a sequence is not taken apart, so it is not read', () => {
  const lines = { itemSchema: ORDER };
  const judge = judgeOf({ 200: reply({ 'application/jsonl': lines }) }, { openapi: '3.2.0' });
  const type = typeOf('application/jsonl');
  assert.equal(judge.of(200)?.contentOf(type)?.treatment(type), 'unreadable');
});

test('it is known beforehand whether any body will be read', () => {
  const bytes = { schema: { type: 'string', format: 'binary' } };
  const reads = (...contents: readonly Members[]): boolean =>
    judgeOf(Object.fromEntries(contents.map((content, index) => [200 + index, reply(content)]))).reads;
  assert.ok(reads({ 'application/json': { schema: ORDER } }));
  assert.ok(reads({ 'image/png': bytes }, { 'application/problem+json': { schema: ORDER } }));
  assert.ok(reads({ 'text/*': { schema: { type: 'string' } } }));
  assert.ok(!reads({ 'image/png': bytes, 'text/csv': { schema: { type: 'string' } } }, {}));
  assert.ok(!reads({ 'application/xml': { schema: ORDER } }));
});

test('headers that are required are there, but for parts, and each line of a cookie holds', () => {
  const headers = {
    'X-Total': { required: true, schema: { type: 'integer' } },
    'Set-Cookie': { schema: { type: 'string', pattern: '^sid=[a-z, ]+$' } },
    'X-Any': {},
  };
  const judge = judgeOf({ 200: reply(null, headers) }).of(200)?.headers ?? assert.fail();
  const say = (list: readonly (readonly [string, string])[], isPart = false) =>
    judge.judge(headersOf(list), isPart)?.name ?? null;
  assert.deepEqual([...judge.names], ['x-total', 'set-cookie', 'x-any']);
  assert.equal(say([['x-total', '5']]), null);
  assert.equal(say([]), 'X-Total');
  assert.equal(say([], true), null);
  assert.equal(say([['x-total', '5.5']], true), 'X-Total');
  const lines = [
    ['x-total', '5'],
    ['set-cookie', 'sid=a, b'],
    ['set-cookie', 'sid=c'],
  ] as const;
  assert.equal(say(lines), null);
  assert.equal(say([...lines, ['set-cookie', 'admin=c']]), 'Set-Cookie');
});

test('what can not be enforced is an issue, of bodies and headers', () => {
  const bad = { type: 'object', properties: { a: { type: 'string', maxLength: -1 } } };
  const responses = {
    200: reply({ 'application/json': { schema: bad } }, { 'X-A': { schema: { pattern: '(' } } }),
  };
  const document = withOperation({ responses });
  const { responses: described } = onlyOperation(document);
  const made = compileReplies({ document, specification: '3.1' }, described, readJson);
  assert.ok(!made.ok);
  assert.deepEqual(new Set(made.error.map(({ path }) => path.split('/').at(-1))), new Set(['maxLength', 'pattern']));
});
