import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Members, onlyOperation, withOperation } from '../fixtures.test.ts';
import { compileBody } from './body-judge.ts';
import { readJson } from './fixtures.test.ts';
import type { SentMediaType } from './media-range-choice.ts';
import type { SentPart } from './part-reader.ts';

const FORM = 'multipart/form-data';
const INTEGER = { type: 'integer', maximum: 100 };
const FILE = { type: 'string', format: 'binary' };

function mediaType(essence: string): SentMediaType {
  const [type = '', subtype = ''] = essence.split('/');
  const suffix = subtype.includes('+') ? subtype.slice(subtype.lastIndexOf('+') + 1) : null;
  return { type, subtype, suffix, essence, parameters: new Map() };
}

type Sent = Partial<Omit<SentPart, 'mediaType' | 'bytes'>>;

/** A part without a file name, of this type. */
function part(name: string, content: string | Buffer, contentType: string | null = null, more: Sent = {}): SentPart {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const known = mediaType(contentType ?? 'text/plain');
  return { name, fileName: null, mediaType: known, contentType, headers: new Map(), bytes, ...more };
}

function file(name: string, contentType: string | null = null, content: string | Buffer = 'content'): SentPart {
  return part(name, content, contentType, { fileName: 'file.bin' });
}

type Judge = (...parts: readonly SentPart[]) => boolean;

/** A judge of forms with these properties: true where a form passes. */
function judgeOf(properties: Members, encoding: Members = {}, more: Members = {}, openapi = '3.1.1'): Judge {
  const schema = { type: 'object', properties, ...more };
  const content = { [FORM]: { schema, encoding } };
  const document = withOperation({ requestBody: { content } }, { openapi });
  const specification = openapi.slice(0, 3) as '3.0' | '3.1' | '3.2';
  const judge = compileBody({ document, specification }, onlyOperation(document).requestBody, readJson);
  assert.ok(judge.ok);
  return (...parts) =>
    judge.value.whole({ kind: 'multipart', mediaType: mediaType(FORM), parts }, mediaType(FORM)) === null;
}

test('parts become what the schema says, each once', () => {
  const passes = judgeOf(
    { name: { type: 'string' }, age: INTEGER, news: { type: 'boolean' } },
    {},
    { required: ['name'] },
  );
  assert.ok(passes(part('name', '42'), part('age', '7'), part('news', 'true')));
  assert.ok(passes(part('name', 'Zoë', 'text/plain')));
  assert.ok(passes(file('name', 'text/csv')));
  for (const parts of [
    [],
    [part('age', '7')],
    [part('name', 'a'), part('age', '101')],
    [part('name', 'a'), part('age', 'seven')],
    [part('name', 'a'), part('age', '7'), part('age', '8')],
    [part('name', 'a'), part('news', 'yes')],
    [part('name', 'a'), part('admin', 'true')],
    [part('name', 'a'), file('admin')],
    [part('Name', 'a')],
    [part('name', 'a', 'application/json')],
    [file('name', 'image/png')],
    [file('name', null, Buffer.from([0xff]))],
    [file('name', null, Buffer.from([0x61, 0]))],
  ]) {
    assert.equal(passes(...parts), false, JSON.stringify(parts.map(({ name }) => name)));
  }
});

test('a number may come as JSON, which writes it in the same way', () => {
  const passes = judgeOf({ age: INTEGER });
  assert.ok(passes(part('age', '7', 'application/json')));
  assert.ok(!passes(part('age', '"7"', 'application/json')));
});

test('objects are JSON, read as strictly as bodies, and nothing in them slips in', () => {
  const passes = judgeOf({ meta: { type: 'object', properties: { a: INTEGER } } });
  for (const type of ['application/json', 'application/vnd.example+json', 'text/plain', null]) {
    assert.ok(passes(part('meta', '{"a":1}', type)), String(type));
    assert.ok(passes(part('meta', '{"a":1}', type, { fileName: 'blob' })));
    for (const text of ['{"a":"1"}', '{"a":1,"b":2}', '{"a":1', '[]', '"a"', '', '\ufeff{}']) {
      assert.ok(!passes(part('meta', text, type)), text);
    }
  }
  assert.ok(!passes(part('meta', '{"a":1}', 'application/xml')));
  assert.ok(!passes(part('meta', '{"a":1}'), part('meta', '{"a":2}')));
  assert.ok(!passes(part('meta', Buffer.from([0x22, 0xff, 0x22]))));
  assert.ok(!passes(part('meta[a]', '1')));
});

test('bytes are of any type, and their length is judged', () => {
  const passes = judgeOf({ file: { ...FILE, minLength: 2, maxLength: 4 } });
  const bytes = (...octets: readonly number[]) => file('file', 'image/png', Buffer.from(octets));
  assert.ok(passes(bytes(0xff, 0, 0xc3, 0xa9)));
  assert.ok(!passes(bytes(0xff, 0, 0xc3, 0xa9, 1)));
  assert.ok(!passes(bytes(0xff)));
  assert.ok(passes(part('file', 'text')));
  assert.ok(passes(file('file', 'application/json', '{"a"')));
  assert.ok(!passes(bytes(1, 2), bytes(1, 2)), 'one file, not two');
});

test('lists are as many parts as they have items', () => {
  const passes = judgeOf({
    files: { type: 'array', items: FILE, minItems: 1, maxItems: 2 },
    sizes: { type: 'array', items: INTEGER },
    lines: { type: 'array', items: { type: 'object', properties: { a: INTEGER } } },
  });
  const one = file('files', 'image/png');
  assert.ok(passes(one));
  assert.ok(passes(one, part('sizes', '1'), one, part('sizes', '2')));
  assert.ok(!passes(one, one, one));
  assert.ok(!passes(part('sizes', '101')));
  assert.ok(!passes(part('sizes', '1,2')));
  assert.ok(!passes(part('sizes[]', '1')));
  assert.ok(passes(part('lines', '{"a":1}'), part('lines', '{"a":2}', 'application/json')));
  assert.ok(!passes(part('lines', '{"a":1}'), part('lines', '{"b":2}')));
  assert.ok(passes(part('lines', '[{"a":1},{"a":2}]', 'application/json')), 'a list as a whole');
  assert.ok(!passes(part('lines', '[{"a":1},{"b":2}]', 'application/json')));
  assert.ok(passes(part('sizes', '[1,2]', 'application/json')));
  assert.ok(!passes(part('sizes', '[1,101]', 'application/json')));
  assert.ok(passes(file('files', 'application/json', '["a"]')), 'a file that holds a list is a file');
});

test('a list that may be null has one item, several, or is null', () => {
  const passes = judgeOf({ tags: { type: ['array', 'null'], items: { type: 'string', maxLength: 4 } } });
  assert.ok(passes(part('tags', 'one')));
  assert.ok(passes(part('tags', 'one'), part('tags', 'two')));
  assert.ok(passes(part('tags', 'null')));
  assert.ok(passes(part('tags', 'null', 'application/json')) && passes(part('tags', '["a"]', 'application/json')));
  assert.equal(passes(part('tags', 'longer')), false);
});

test('a file that was not chosen is none', () => {
  const none = part('file', '', 'application/octet-stream', { fileName: '' });
  assert.ok(judgeOf({ file: FILE })(none));
  assert.ok(!judgeOf({ file: FILE }, {}, { required: ['file'] })(none));
  assert.ok(!judgeOf({ other: FILE })(none), 'under a name that nothing describes it is a part like others');
  const list = judgeOf({ file: { type: 'array', items: FILE, minItems: 1 } }, {}, { required: ['file'] });
  assert.ok(!list(none));
});

test('content types that are named count, and a part must have one of them', () => {
  const passes = judgeOf(
    { file: FILE, note: { type: 'string' }, meta: {} },
    {
      file: { contentType: 'image/png, image/jpeg' },
      note: { contentType: 'text/markdown' },
      meta: { contentType: 'application/json' },
    },
  );
  assert.ok(
    passes(file('file', 'image/png'), part('note', 'a', 'text/markdown'), part('meta', '{}', 'application/json')),
  );
  assert.ok(passes(file('file', 'image/jpeg')));
  assert.ok(passes(part('meta', '{}')), 'what names no type is the only one there is');
  for (const wrong of [
    file('file', 'image/gif'),
    file('file'),
    file('file', 'application/octet-stream'),
    part('note', 'a', 'text/plain'),
    part('note', 'a'),
    part('meta', '{'),
    part('meta', '{}', 'text/plain'),
    file('meta', 'application/xml'),
  ]) {
    assert.ok(!passes(wrong), `${wrong.name} ${wrong.contentType}`);
  }
  const any = judgeOf(
    { image: FILE, bytes: FILE },
    { image: { contentType: 'image/*' }, bytes: { contentType: 'application/octet-stream' } },
  );
  assert.ok(any(file('image', 'image/webp'), file('bytes')));
  assert.ok(!any(file('image', 'text/html')));
});

test('a schema that names a media type of its bytes names the type of its parts', () => {
  const passes = judgeOf({ image: { type: 'string', contentMediaType: 'image/png' } });
  assert.ok(passes(file('image', 'image/png')));
  assert.ok(!passes(file('image', 'image/svg+xml')));
  const encoded = judgeOf({ image: { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' } });
  assert.ok(encoded(part('image', 'aGk=')));
  assert.ok(!encoded(file('image', 'image/png')));
  assert.ok(!encoded(part('image', '!')));
});

test('bytes are found behind references and in alternatives', () => {
  for (const schema of [
    { anyOf: [FILE, { type: 'null' }] },
    { allOf: [FILE, { maxLength: 10 }] },
    { oneOf: [FILE, { type: 'string', enum: ['none'] }] },
    { type: ['string', 'null'], format: 'binary' },
  ]) {
    const passes = judgeOf({ file: schema });
    assert.ok(passes(file('file', 'image/png', Buffer.from([0xff, 0]))), JSON.stringify(schema));
  }
  const either = judgeOf({ file: { oneOf: [FILE, { type: 'object', properties: { url: { type: 'string' } } }] } });
  assert.ok(either(part('file', '{"url":"a"}', 'application/json')));
  assert.ok(!either(part('file', '{"uri":"a"}', 'application/json')));
  assert.ok(either(file('file', 'image/png')));
});

test('an open form takes parts of any name, which are judged as far as something is said of them', () => {
  const any = judgeOf({ a: INTEGER }, {}, { additionalProperties: true });
  assert.ok(any(part('x', '1'), file('y', 'image/png'), part('x', '2')));
  assert.ok(!any(part('a', '101')));
  const numbers = judgeOf({}, {}, { additionalProperties: INTEGER });
  assert.ok(numbers(part('x', '1')));
  assert.ok(!numbers(part('x', '101')));
  assert.ok(!numbers(file('x', 'image/png')));
});

test('header fields of parts are held against their description', () => {
  const headers = { 'X-Size': { required: true, schema: INTEGER }, 'Content-Disposition': { required: true } };
  const passes = judgeOf({ file: FILE, note: { type: 'string' } }, { file: { headers } });
  const withHeaders = (name: string, ...fields: readonly (readonly [string, string])[]): SentPart =>
    part(name, 'a', null, { headers: new Map(fields) });
  assert.ok(passes(withHeaders('file', ['x-size', '5'])));
  assert.ok(!passes(withHeaders('file')));
  assert.ok(!passes(withHeaders('file', ['x-size', '500'])));
  assert.ok(!passes(withHeaders('file', ['x-size', '5'], ['x-other', '5'])));
  assert.ok(!passes(withHeaders('note', ['x-size', '5'])));
  const referred = judgeOf(
    { file: FILE },
    { file: { headers: { 'X-A': { content: { 'application/json': { schema: INTEGER } } } } } },
  );
  assert.ok(referred(withHeaders('file', ['x-a', '5'])));
  assert.ok(!referred(withHeaders('file', ['x-a', '{'])));
  assert.ok(!judgeOf({}, {}, { additionalProperties: true })(withHeaders('x', ['x-a', '5'])));
});

test('a header field that can’t be compiled is an issue', () => {
  const encoding = { file: { headers: { 'X-A': { schema: { type: 'string', pattern: '(' } } } } };
  const document = withOperation({
    requestBody: { content: { [FORM]: { schema: { type: 'object', properties: { file: FILE } }, encoding } } },
  });
  const source = { document, specification: '3.1' } as const;
  const content = [
    {
      mediaRange: FORM,
      pointer: '/paths/~1orders/get/requestBody/content/multipart~1form-data',
      schemaPointer: null,
      itemSchemaPointer: null,
    },
  ];
  assert.ok(!compileBody(source, { pointer: '', required: false, content }, readJson).ok);
});

test('styles are those of forms from 3.1 on, and nothing in 3.0', () => {
  const properties = { point: { type: 'object', properties: { x: INTEGER, y: INTEGER } } };
  const encoding = { point: { style: 'deepObject', explode: true } };
  const passes = judgeOf(properties, encoding);
  assert.ok(passes(part('point[x]', '1'), part('point[y]', '2')));
  assert.ok(!passes(part('point[x]', '101')));
  assert.ok(!passes(part('point[z]', '1')));
  assert.ok(!passes(file('point[x]', 'text/plain', '1')));
  assert.ok(!passes(part('point', '{"x":1}', 'application/json')));
  const old = judgeOf(properties, encoding, {}, '3.0.3');
  assert.ok(old(part('point', '{"x":1}')));
  assert.ok(!old(part('point[x]', '1')));
});

test('what can’t be read as it is described is refused', () => {
  const passes = judgeOf(
    { a: { type: 'string' }, b: { type: 'object' } },
    { a: { style: 'none' }, b: { contentType: 'application/xml' } },
  );
  assert.ok(passes());
  assert.ok(!passes(part('a', 'x')));
  assert.ok(!passes(part('b', '<x/>', 'application/xml')));
  assert.ok(!passes(part('b', '{}', 'application/json')));
});

test('text that may be a number is read in both ways', () => {
  const passes = judgeOf({
    code: {
      anyOf: [
        { type: 'integer', maximum: 5 },
        { type: 'string', minLength: 3 },
      ],
    },
  });
  assert.ok(passes(part('code', '5')));
  assert.ok(passes(part('code', '500')));
  assert.ok(!passes(part('code', '50')));
});
