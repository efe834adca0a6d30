import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { documentOf, type Members, onlyOperation, OPERATION } from '../fixtures.test.ts';
import { faultsOf, headersOf, passes, readJson, type Sent } from './fixtures.test.ts';
import { compileParameters, type ParameterJudge } from './parameter-judge.ts';
import { createPlainCheck, type PlainCheck, type PlainParameter } from './plain-parameters.ts';
import type { ScalarType } from './value-shape.ts';

function plain(name: string, type: ScalarType, more: Partial<PlainParameter> = {}): PlainParameter {
  const shape = { bytes: null, scalars: new Set([type]), array: null, object: null };
  return { in: 'query', name, required: false, shape, validate: null, ...more };
}

function checkOf(...parameters: readonly PlainParameter[]): PlainCheck {
  const check = createPlainCheck(parameters);
  assert.ok(check !== null);
  return check;
}

test('what is written plainly holds at a glance', () => {
  const check = checkOf(plain('limit', 'integer'), plain('word', 'string'), plain('id', 'integer', { in: 'path' }));
  for (const query of [null, '', 'limit=1', 'word=a=b', 'word=x&limit=20', 'limit=0&', 'word=']) {
    assert.equal(check({ id: '7' }, query), true, String(query));
  }
});

test('what is encoded, unknown, sent twice or without a name is left to whoever looks at it in full', () => {
  const check = checkOf(plain('limit', 'integer'), plain('word', 'string'));
  const queries = ['word=%61', 'w%6frd=a', 'word=a+b', 'word=a;b', 'other=1', 'Limit=1', 'limi=1', 'limitt=1', '=1'];
  for (const query of [...queries, 'limit=1&limit=1', 'limit', '&limit=1', 'limit=1&&word=a', 'limit=1&x=1', 'word']) {
    assert.equal(check({}, query), false, query);
  }
});

test('a parameter that is required must be there, one of the path always', () => {
  const check = checkOf(plain('limit', 'integer', { required: true }), plain('id', 'integer', { in: 'path' }));
  assert.equal(check({ id: '7' }, 'limit=1'), true);
  assert.equal(check({ id: '7' }, null), false);
  assert.equal(check({}, 'limit=1'), false);
  assert.equal(check(Object.create({ id: '7' }) as Record<string, string>, 'limit=1'), false);
});

test('values reach their validators as numbers and truth values where the shape has room for those', () => {
  const seen: unknown[] = [];
  const validate = (value: unknown): null => (seen.push(value), null);
  const check = checkOf(plain('n', 'number', { validate }), plain('b', 'boolean', { validate }));
  const texts = ['0', '7', '007', '-7', '1.5', '999999999999999', '12345678901234567890', '1e2', '٧', '', '7x'];
  for (const text of texts) assert.equal(check({}, `n=${text}&b=true`), true);
  const numbers = [0, 7, '007', -7, 1.5, 999_999_999_999_999, Number('12345678901234567890'), 100, '٧', '', '7x'];
  assert.deepEqual(
    seen,
    numbers.flatMap((number) => [number, true]),
  );
});

test('what differs from its schema does not hold at a glance', () => {
  const check = checkOf(plain('n', 'number', { validate: (value) => (value === 1 ? null : []) }));
  assert.equal(check({}, 'n=1'), true);
  assert.equal(check({}, 'n=2'), false);
});

test('whole numbers that are known to hold are not asked about, and all others are', () => {
  const asked: unknown[] = [];
  const validate = (value: unknown): readonly never[] | null => (asked.push(value), value === 12 ? null : []);
  const check = checkOf(plain('n', 'integer', { validate, wholeNumbers: { least: 3, most: 9 } }));
  const texts = ['3', '9', '7', '2', '10', '12', '07', '-5', '5.0', '5e0', '', 'x', '0000000000000005', '9'.repeat(20)];
  assert.deepEqual(
    texts.filter((text) => check({}, `n=${text}`)),
    ['3', '9', '7', '12'],
  );
  assert.deepEqual(asked, [2, 10, 12, '07', -5, '5.0', '5e0', '', 'x', '0000000000000005', Number('9'.repeat(20))]);
});

test('a parameter whose name would be cut or decoded in a query is not for a glance', () => {
  for (const name of ['', 'a=b', 'a&b', 'a%62', 'a+b', 'a;b', '='])
    assert.equal(createPlainCheck([plain(name, 'string')]), null);
  const check = checkOf(plain('a', 'string'), plain('a[]', 'string'), plain('aa', 'string'), plain('\u00e9', 'string'));
  for (const query of ['a=1', 'a[]=1', 'aa=1&a=2', '\u00e9=1']) assert.equal(check({}, query), true, query);
  for (const query of ['a[=1', 'aaa=1', 'a', 'aa', 'a&=', '\u00e8=1']) assert.equal(check({}, query), false, query);
});

test('names that are described twice, and more parameters than a number has bits, are not for a glance', () => {
  assert.equal(createPlainCheck([plain('a', 'string'), plain('a', 'integer')]), null);
  const many = Array.from({ length: 31 }, (_, at) => plain(`p${at}`, 'integer', { required: true }));
  assert.equal(createPlainCheck(many), null);
  const check = checkOf(...many.slice(1));
  const pairs = many.slice(1).map(({ name }) => `${name}=1`);
  assert.equal(check({}, pairs.join('&')), true);
  for (let left = 0; left < pairs.length; left++) assert.equal(check({}, pairs.toSpliced(left, 1).join('&')), false);
});

/** The judge of an operation with a parameter in its path; one with a cookie described never judges at a glance. */
function judgeOf(parameters: readonly Members[], atGlance: boolean): ParameterJudge {
  const cookie = { name: 'theme', in: 'cookie', schema: { type: 'string' } };
  const document = documentOf({
    '/orders/{id}': { get: { ...OPERATION, parameters: atGlance ? parameters : [...parameters, cookie] } },
  });
  const { parameters: described } = onlyOperation(document);
  const source = { document, specification: '3.1' } as const;
  const judge = compileParameters({ source, parameters: described, credentials: ['api_key'], readJson });
  assert.ok(judge.ok);
  return judge.value;
}

const SCHEMAS: readonly Members[] = [
  { type: 'integer', minimum: 1, maximum: 100 },
  { type: 'number', exclusiveMinimum: 0 },
  { type: 'integer', format: 'int32', exclusiveMaximum: 7 },
  { type: 'integer', enum: [1, 101] },
  { type: 'integer', minimum: 1, allOf: [{ maximum: 7 }] },
  { type: 'boolean' },
  { type: 'string', maxLength: 4 },
  { type: 'string', pattern: '^[a-c=]*$' },
  { enum: [1, 2, true] },
  { type: ['integer', 'string'], maximum: 9 },
  { type: ['integer', 'null'] },
  { type: 'array', items: { type: 'integer' } },
  { type: 'object', properties: { x: { type: 'integer' } } },
  {},
];

test('whatever is described and sent, a glance changes no verdict', () => {
  const schema = fc.constantFrom(...SCHEMAS);
  const described = fc.record({ id: schema, a: schema, b: schema, required: fc.boolean(), empty: fc.boolean() });
  const value = fc.constantFrom(
    '',
    '0',
    '1',
    '01',
    '7',
    '-1',
    '101',
    '1.5',
    'true',
    'abc',
    'a=b',
    'null',
    '%31',
    'a+b',
  );
  const name = fc.constantFrom('a', 'b', 'c', 'a', 'b', '', '%61', 'api_key', 'x', 'A', 'a[]', 'aa');
  const pair = fc.tuple(name, fc.constantFrom('=', '=', '='.repeat(2), ''), value).map((parts) => parts.join(''));
  const query = fc.array(fc.oneof({ weight: 9, arbitrary: pair }, fc.constantFrom('', ';', '&', '%')), {
    maxLength: 4,
  });
  const header = fc.constantFrom([], ['7'], ['x'], ['7', '7'], ['']);
  fc.assert(
    fc.property(described, value, query, header, ({ id, a, b, required, empty }, text, pairs, sentHeader) => {
      const parameters = [
        { name: 'id', in: 'path', required: true, schema: id },
        { name: 'a', in: 'query', required, schema: a },
        { name: 'b', in: 'query', allowEmptyValue: empty, schema: b },
        { name: 'x-version', in: 'header', schema: { type: 'integer' } },
      ];
      const headers = sentHeader.map((one): [string, string] => ['x-version', one]);
      const sent: Sent = { params: { id: text }, query: pairs.join('&'), headers };
      assert.deepEqual(faultsOf(judgeOf(parameters, true), sent), faultsOf(judgeOf(parameters, false), sent));
    }),
    { numRuns: 1_000 },
  );
});

test('parameters in headers are judged beside those at a glance, whatever the query says of their names', () => {
  const parameters = [
    { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
    { name: 'x-version', in: 'header', required: true, schema: { type: 'integer' } },
  ];
  const judge = judgeOf(parameters, true);
  const params = { id: '7' };
  assert.ok(passes(judge, { params, headers: [['x-version', '2']] }));
  assert.ok(!passes(judge, { params, headers: [['x-version', 'two']] }));
  assert.ok(!passes(judge, { params }) && !passes(judge, { params, query: 'x-version=2' }));
  assert.equal(judge(params, { query: null, headers: headersOf([['x-version', '2']]) }), null);
});
