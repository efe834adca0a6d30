import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Members, onlyOperation, withOperation } from '../fixtures.test.ts';
import { type BodyJudge, compileBody, type SentBody } from './body-judge.ts';
import { readJson } from './fixtures.test.ts';
import type { SentMediaType } from './media-range-choice.ts';

const ORDER = {
  type: 'object',
  properties: { item: { type: 'string' }, count: { type: 'integer', maximum: 10 } },
  required: ['item'],
};
const EMPTY: SentBody = { kind: 'empty' };
const OPAQUE: SentBody = { kind: 'opaque' };
const JSON_TYPE = mediaType('application/json');

function mediaType(essence: string, parameters: Readonly<Record<string, string>> = {}): SentMediaType {
  const [type = '', subtype = ''] = essence.split('/');
  const suffix = subtype.includes('+') ? subtype.slice(subtype.lastIndexOf('+') + 1) : null;
  return { type, subtype, suffix, essence, parameters: new Map(Object.entries(parameters)) };
}

function judgeOf(content: Members | null, more: Members = {}, openapi = '3.1.1'): BodyJudge {
  const body = content === null ? {} : { requestBody: { content, ...more } };
  const document = withOperation(body, { openapi });
  const source = { document, specification: openapi.slice(0, 3) as '3.0' | '3.1' | '3.2' };
  const judge = compileBody(source, onlyOperation(document).requestBody, readJson);
  assert.ok(judge.ok);
  return judge.value;
}

function verdict(judge: BodyJudge, body: SentBody, type: SentMediaType | null = JSON_TYPE): string {
  return judge.whole(body, type)?.reason ?? 'passes';
}

function json(value: unknown): SentBody {
  return { kind: 'json', value };
}

test('a body is refused where none is described, and no body is not', () => {
  const judge = judgeOf(null);
  assert.equal(verdict(judge, EMPTY, null), 'passes');
  assert.equal(verdict(judge, EMPTY), 'passes');
  for (const body of [json({}), json(null), OPAQUE, { kind: 'text', text: '' } as const]) {
    assert.equal(verdict(judge, body), 'undescribed');
  }
});

test('a required body must be there, of whatever type', () => {
  const content = { 'application/json': { schema: ORDER }, 'text/plain': {} };
  assert.equal(verdict(judgeOf(content, { required: true }), EMPTY), 'missing');
  assert.equal(verdict(judgeOf(content, { required: true }), EMPTY, mediaType('text/plain')), 'missing');
  assert.equal(verdict(judgeOf(content), EMPTY, null), 'passes');
});

test('a JSON body is held against its schema, and no property slips in', () => {
  const judge = judgeOf({ 'application/json': { schema: ORDER } });
  assert.equal(verdict(judge, json({ item: 'a', count: 1 })), 'passes');
  for (const value of [{}, [], null, 'a', { item: 1 }, { item: 'a', count: '1' }, { item: 'a', admin: true }]) {
    assert.equal(verdict(judge, json(value)), 'differs', JSON.stringify(value));
  }
});

test('only described content types pass', () => {
  const judge = judgeOf({ 'application/json': { schema: ORDER } });
  const body = json({ item: 'a' });
  for (const essence of ['text/json', 'application/problem+json', 'text/plain', 'application/jsonx']) {
    assert.equal(verdict(judge, body, mediaType(essence)), 'media-type', essence);
  }
  assert.equal(verdict(judge, body, null), 'media-type');
  assert.equal(verdict(judge, body, mediaType('application/json', { charset: 'utf-8' })), 'passes');
});

test('the closest range has the schema that counts', () => {
  const judge = judgeOf({
    '*/*': {},
    'application/*': { schema: { type: 'array' } },
    'application/json': { schema: ORDER },
  });
  assert.equal(verdict(judge, json([])), 'differs');
  assert.equal(verdict(judge, json([]), mediaType('application/problem+json')), 'passes');
  assert.equal(verdict(judge, json({}), mediaType('application/problem+json')), 'differs');
  assert.equal(verdict(judge, OPAQUE, mediaType('image/png')), 'passes');
});

test('text is held against schemas that have room for text, and is refused under others', () => {
  const text: SentBody = { kind: 'text', text: 'hello' };
  const plain = mediaType('text/plain');
  assert.equal(verdict(judgeOf({ 'text/plain': {} }), text, plain), 'passes');
  assert.equal(verdict(judgeOf({ 'text/plain': { schema: { type: 'string', maxLength: 5 } } }), text, plain), 'passes');
  assert.equal(
    verdict(judgeOf({ 'text/plain': { schema: { type: 'string', maxLength: 4 } } }), text, plain),
    'differs',
  );
  const xml = judgeOf({ 'text/xml': { schema: ORDER } });
  assert.equal(verdict(xml, text, mediaType('text/xml')), 'media-type-not-readable');
});

test('what nobody reads passes only where its description says no more than bytes', () => {
  const png = mediaType('image/png');
  const passing = [undefined, {}, true, { type: 'string', format: 'binary' }, { contentMediaType: 'image/png' }];
  for (const schema of passing) {
    assert.equal(verdict(judgeOf({ 'image/png': schema === undefined ? {} : { schema } }), OPAQUE, png), 'passes');
  }
  for (const schema of [
    { type: 'string' },
    { type: 'string', format: 'binary', maxLength: 5 },
    { type: 'string', format: 'byte' },
    { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' },
    { type: 'object' },
    { allOf: [{ type: 'string', format: 'binary' }] },
    ORDER,
  ]) {
    const judge = judgeOf({ 'image/png': { schema } });
    assert.equal(verdict(judge, OPAQUE, png), 'media-type-not-readable', JSON.stringify(schema));
  }
  assert.equal(
    verdict(judgeOf({ 'image/png': { schema: { type: 'string', format: 'binary' } } }, {}, '3.0.3'), OPAQUE, png),
    'passes',
  );
});

test('XML, lists of parts and sequences with a schema are refused, not waved through', () => {
  for (const essence of ['application/xml', 'multipart/mixed', 'application/soap+xml']) {
    const judge = judgeOf({ [essence]: { schema: ORDER } });
    assert.equal(verdict(judge, OPAQUE, mediaType(essence)), 'media-type-not-readable', essence);
  }
  const lines = judgeOf({ 'application/jsonl': { itemSchema: ORDER } }, {}, '3.2.0');
  assert.equal(verdict(lines, OPAQUE, mediaType('application/jsonl')), 'media-type-not-readable');
});

test('parts that are described by their place are refused, whatever else is said of them', () => {
  const form: SentBody = { kind: 'multipart', mediaType: mediaType('multipart/form-data'), parts: [] };
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const encodings = [
    { prefixEncoding: [{ contentType: 'image/png' }] },
    { itemEncoding: { contentType: 'image/png' } },
  ];
  for (const encoding of encodings) {
    const judge = judgeOf({ 'multipart/form-data': { schema, ...encoding } }, {}, '3.2.0');
    assert.equal(verdict(judge, form, form.mediaType), 'media-type-not-readable');
    const unsaid = judgeOf({ 'multipart/mixed': encoding }, {}, '3.2.0');
    assert.equal(verdict(unsaid, OPAQUE, mediaType('multipart/mixed')), 'media-type-not-readable');
    // The words are of 3.2, and of multipart.
    const older = judgeOf({ 'multipart/form-data': { schema, ...encoding } });
    assert.equal(verdict(older, form, form.mediaType), 'passes');
    const other = judgeOf({ 'application/json': { schema, ...encoding } }, {}, '3.2.0');
    assert.equal(verdict(other, json({ a: 'x' })), 'passes');
  }
});

test('under a range that takes any type, bytes of every format are binary', () => {
  const judge = judgeOf({ '*/*': { schema: { type: 'string', format: 'binary' } } });
  for (const body of [OPAQUE, json({ any: 1 }), { kind: 'text', text: 'a' } as const]) {
    assert.equal(verdict(judge, body, mediaType('application/anything')), 'passes');
  }
  const exact = judgeOf({ 'application/json': { schema: { type: 'string', format: 'binary' } } });
  assert.equal(verdict(exact, json({ any: 1 })), 'differs');
});

test('a head tells whether a body of its type can pass at all', () => {
  const announced = (content: Members | null, type: SentMediaType | null): string =>
    judgeOf(content).announced(type)?.reason ?? 'passes';
  assert.equal(announced(null, JSON_TYPE), 'undescribed');
  assert.equal(announced({ 'application/json': { schema: ORDER } }, JSON_TYPE), 'passes');
  assert.equal(announced({ 'application/json': { schema: ORDER } }, null), 'media-type');
  assert.equal(announced({ 'application/json': { schema: ORDER } }, mediaType('text/plain')), 'media-type');
  const never = ['application/xml', 'application/soap+xml', 'multipart/mixed', 'image/png', 'text/csv'];
  for (const essence of never) {
    assert.equal(announced({ [essence]: { schema: ORDER } }, mediaType(essence)), 'media-type-not-readable', essence);
    assert.equal(announced({ [essence]: {} }, mediaType(essence)), 'passes', essence);
  }
  const perhaps = ['application/*', '*/*', 'application/*+json', 'application/problem+json', 'text/json', 'text/*'];
  for (const range of perhaps) {
    const sent = mediaType(range.startsWith('text/') ? 'text/json' : 'application/problem+json');
    assert.equal(announced({ [range]: { schema: ORDER } }, sent), 'passes', range);
  }
});
