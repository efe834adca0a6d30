import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Members } from '../fixtures.test.ts';
import { withItem, onlyOperation, OPERATION, documentOf } from '../fixtures.test.ts';
import { faultsOf, headersOf, judgeOf, passes, readJson } from './fixtures.test.ts';
import { compileParameters, type ParameterJudge } from './parameter-judge.ts';

const INTEGER = { type: 'integer', maximum: 100 };
const WORD = { type: 'string', enum: ['red', 'green', 'a b', 'a+b', 'a%2Cb'] };
const INTEGERS = { type: 'array', items: INTEGER, maxItems: 3 };
const TEXTS = { type: 'array', items: { type: 'string' } };
const POINT = { type: 'object', properties: { x: INTEGER, y: INTEGER }, required: ['x'] };

/** Schema, members of the parameter, values that pass, values that do not. */
type Row = readonly [schema: unknown, more: Members, passing: readonly string[], refused: readonly string[]];

function pathJudge(schema: unknown, more: Members): ParameterJudge {
  const parameters = [{ name: 'id', in: 'path', required: true, schema, ...more }];
  const document = documentOf({ '/orders/{id}': { get: { ...OPERATION, parameters } } });
  const source = { document, specification: '3.1' } as const;
  const judge = compileParameters({
    source,
    parameters: onlyOperation(document).parameters,
    credentials: [],
    readJson,
  });
  assert.ok(judge.ok);
  return judge.value;
}

test('a parameter of the path is read in its style, as the router decoded it', () => {
  const rows: readonly Row[] = [
    [INTEGER, {}, ['7'], ['', '+7', '7.0', '07', ' 7', '٧', '7,8', '101', '7;x=1', '1e1']],
    [WORD, {}, ['red', 'a b', 'a+b', 'a%2Cb'], ['a%20b', 'Red']],
    [INTEGERS, {}, ['1', '1,2,3'], ['1,2,3,4', '1,', '1%2C2', '', 'a']],
    [POINT, {}, ['x,1', 'x,1,y,2'], ['x=1', 'x,1,x,1', 'x', 'x,1,z,1']],
    [POINT, { explode: true }, ['x=1', 'x=1,y=2'], ['x,1', 'x=1,x=1', 'x=1,z=2', 'x=1=1']],
    [INTEGER, { style: 'label' }, ['.7'], ['7', '..7']],
    [INTEGERS, { style: 'label' }, ['.1,2'], ['1,2', '.1.2', '.']],
    [INTEGERS, { style: 'label', explode: true }, ['.1.2'], ['.1,2', '1.2']],
    [POINT, { style: 'label', explode: true }, ['.x=1.y=2'], ['.x=1.x=2', '.x,1']],
    [POINT, { style: 'label' }, ['.x,1,y,2'], ['.x=1']],
    [INTEGER, { style: 'matrix' }, [';id=7'], ['7', ';other=7', ';id', ';id=7;id=8', ';id=7;x=1']],
    [INTEGERS, { style: 'matrix' }, [';id=1,2'], [';id=1;id=2', '1,2']],
    [INTEGERS, { style: 'matrix', explode: true }, [';id=1;id=2'], [';id=1,2', ';id=1;x=2', ';x=1']],
    [TEXTS, { style: 'matrix', explode: true }, [';id=a;id=b'], [';id=a;xx=b', ';id=a;id']],
    [POINT, { style: 'matrix', explode: true }, [';x=1;y=2'], [';x=1;x=2', ';id=x,1']],
    [POINT, { style: 'matrix' }, [';id=x,1'], [';x=1']],
  ];
  for (const [schema, more, passing, refused] of rows) {
    const judge = pathJudge(schema, more);
    for (const id of passing) assert.equal(faultsOf(judge, { params: { id } }), null, `${id} ${JSON.stringify(more)}`);
    for (const id of refused) assert.equal(passes(judge, { params: { id } }), false, `${id} ${JSON.stringify(more)}`);
  }
  assert.equal(passes(pathJudge({}, {}), { params: {} }), false);
});

test('a parameter of the path may be a JSON text', () => {
  const judge = pathJudge(undefined, { content: { 'application/json': { schema: POINT } }, schema: undefined });
  assert.ok(passes(judge, { params: { id: '{"x":1}' } }));
  assert.equal(passes(judge, { params: { id: '{"x":101}' } }), false);
});

test('a header is one value, or a list with commas between', () => {
  const rows: readonly Row[] = [
    [INTEGER, {}, ['7', ' 7'], ['7, 8', '7,8', 'x', '']],
    [{ type: 'string', maxLength: 8 }, {}, ['a, b', 'a%20b', ''], ['far too long']],
    [INTEGERS, {}, ['1', '1,2', '1, 2 ,3'], ['1,,2', '', '1;2', '1,2,3,4']],
    [POINT, {}, ['x,1', 'x, 1, y, 2'], ['x=1', 'x,1,x,1']],
    [POINT, { explode: true }, ['x=1,y=2'], ['x,1', 'x=1,z=1']],
  ];
  for (const [schema, more, passing, refused] of rows) {
    const judge = judgeOf([{ name: 'X-Filter', in: 'header', schema, ...more }]);
    for (const value of passing) assert.equal(faultsOf(judge, { headers: [['x-filter', value]] }), null, value);
    for (const value of refused) assert.equal(passes(judge, { headers: [['x-filter', value]] }), false, value);
  }
});

test('a header sent several times is a list, and never one value', () => {
  const twice = {
    headers: [
      ['x-filter', '1'],
      ['x-filter', '2'],
    ],
  } as const;
  assert.ok(passes(judgeOf([{ name: 'X-Filter', in: 'header', schema: INTEGERS }]), twice));
  assert.equal(passes(judgeOf([{ name: 'X-Filter', in: 'header', schema: INTEGER }]), twice), false);
  assert.equal(passes(judgeOf([{ name: 'X-Filter', in: 'header', schema: { type: 'string' } }]), twice), false);
  const json = { name: 'X-Filter', in: 'header', content: { 'application/json': { schema: INTEGER } } };
  assert.equal(passes(judgeOf([json]), twice), false);
  assert.ok(passes(judgeOf([json]), { headers: [['x-filter', '5']] }));
  assert.equal(passes(judgeOf([json]), { headers: [['x-filter', '05']] }), false);
});

test('headers that HTTP gives a meaning are not judged as parameters', () => {
  const ignored = ['Accept', 'Content-Type', 'Authorization'].map((name) => ({
    name,
    in: 'header',
    required: true,
    schema: { type: 'string', enum: ['never'] },
  }));
  assert.ok(passes(judgeOf(ignored), { headers: [['accept', 'text/html']] }));
});

test('headers and cookies that are not described pass, required ones must be there', () => {
  const judge = judgeOf([
    { name: 'X-A', in: 'header', required: true, schema: INTEGER },
    { name: 'c', in: 'cookie', required: true, schema: INTEGER },
  ]);
  assert.ok(
    passes(judge, {
      headers: [
        ['x-a', '1'],
        ['x-b', 'z'],
        ['cookie', 'other=1; c=5; _ga=x=y'],
      ],
    }),
  );
  assert.deepEqual(
    faultsOf(judge, {})?.map(({ place, name }) => `${place}.${name}`),
    ['header.X-A', 'cookie.c'],
  );
});

test('a cookie is read once, in its style', () => {
  const rows: readonly Row[] = [
    [INTEGER, {}, ['c=7', ' c = 7 ', 'a=b;c=7', 'a=b; c=7; d=e', 'c=%37', 'd=1'], COOKIE_ATTACKS],
    [{ type: 'string' }, {}, ['c=a', 'c=a, d=b'], ['c=a, c=b', 'c=a;c=b', 'c=a ;\tc = b', 'c=a;c']],
    [WORD, {}, ['c=red', 'c=a%20b', 'c=a+b'], ['c="red"', 'c=a%2Cb', 'c=%ff', 'c=%']],
    [INTEGERS, { explode: false }, ['c=1,2'], ['c=1%2C2', 'c=1; c=2', 'c=']],
    [INTEGERS, {}, ['c=1', 'c=1&c=2'], ['c=1; c=2', 'c=1&d=2', 'c=1,2', 'c=x']],
    [POINT, { explode: false }, ['c=x,1'], ['c=x,1,x,2', 'c=x']],
    [POINT, {}, ['x=1; y=2', 'other=1; x=1'], ['x=1; x=2', 'x=a', 'y=1']],
    [WORD, { style: 'cookie' }, ['c=red', 'c=a%2Cb'], ['c=a%20b', 'c=red; c=red']],
    [INTEGERS, { style: 'cookie' }, ['c=1; c=2'], ['c=1&c=2', 'c=1; c=x']],
  ];
  for (const [schema, more, passing, refused] of rows) {
    const judge = judgeOf([{ name: 'c', in: 'cookie', schema, ...more }]);
    for (const value of passing) assert.equal(faultsOf(judge, { headers: [['cookie', value]] }), null, value);
    for (const value of refused) assert.equal(passes(judge, { headers: [['cookie', value]] }), false, value);
  }
});

const COOKIE_ATTACKS = ['c=7; c=8', 'c=7;c=7', 'c=7; c', 'c', 'c=', 'c=+7', 'c=7 8', 'c=101', '\tc=x', 'c=7, c=8'];

test('a cookie that some servers would find inside another is refused', () => {
  const judge = judgeOf([{ name: 'role', in: 'cookie', schema: { enum: ['user'] } }]);
  const passing = [
    'role=user',
    'x=1; role=user',
    'role=user; x=roles',
    'myrole=admin',
    'x=role; y=role',
    'x=a;role=user',
  ];
  for (const value of passing) assert.equal(faultsOf(judge, { headers: [['cookie', value]] }), null, value);
  const refused = ['x=1, role=admin', 'x=1 role=admin', 'role=user; x=1 role=admin', 'x=1\trole =admin', ',role=admin'];
  for (const value of refused) assert.equal(passes(judge, { headers: [['cookie', value]] }), false, value);
});

test('a cookie may be a JSON text', () => {
  const judge = judgeOf([{ name: 'c', in: 'cookie', content: { 'application/json': { schema: POINT } } }]);
  assert.ok(passes(judge, { headers: [['cookie', 'c=%7B%22x%22%3A1%7D']] }));
  assert.equal(passes(judge, { headers: [['cookie', 'c=%7B%22x%22%3A999%7D']] }), false);
  assert.equal(passes(judge, { headers: [['cookie', 'c=1; c=1']] }), false);
});

test('an operation without parameters takes any head but no query', () => {
  const judge = judgeOf([]);
  assert.equal(judge({}, { query: null, headers: headersOf([['cookie', 'a=b']]) }), null);
});

test('a schema that cannot be enforced is an issue', () => {
  const document = withItem({
    get: { ...OPERATION, parameters: [{ name: 'p', in: 'query', schema: { type: 'string', pattern: '(?=a)b' } }] },
  });
  const source = { document, specification: '3.1' } as const;
  const judge = compileParameters({
    source,
    parameters: onlyOperation(document).parameters,
    credentials: [],
    readJson,
  });
  assert.equal(judge.ok, false);
});
