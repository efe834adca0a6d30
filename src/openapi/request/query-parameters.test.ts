import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Members } from '../fixtures.test.ts';
import { faultsOf, inQuery, judgeOf, passes } from './fixtures.test.ts';

const INTEGER = { type: 'integer', minimum: 0, maximum: 100 };
const NUMBER = { type: 'number' };
const BOOLEAN = { type: 'boolean' };
const WORD = { type: 'string', enum: ['red', 'green', 'a,b', 'a b', 'a|b', '1'] };
const INTEGERS = { type: 'array', items: INTEGER, maxItems: 3 };
const WORDS = { type: 'array', items: WORD, maxItems: 3 };
const TEXTS = { type: 'array', items: { type: 'string' } };
const OPEN = { type: 'object', additionalProperties: true };
const POINT = { type: 'object', properties: { x: INTEGER, y: INTEGER }, required: ['x'] };

/** Schema, members of the parameter, queries that pass, queries that do not. */
type Row = readonly [schema: unknown, more: Members, passing: readonly string[], refused: readonly string[]];

function holds(rows: readonly Row[]): void {
  for (const [schema, more, passing, refused] of rows) {
    const judge = judgeOf([inQuery(schema, more)]);
    for (const query of passing) assert.equal(faultsOf(judge, { query }), null, `${query} ${JSON.stringify(more)}`);
    for (const query of refused) assert.equal(passes(judge, { query }), false, `${query} ${JSON.stringify(more)}`);
  }
}

test('a value without parts is read by the types of its schema', () => {
  holds([
    [INTEGER, {}, ['p=0', 'p=7', 'p=100', ''], NOT_INTEGERS],
    [NUMBER, {}, ['p=0', 'p=-1.5', 'p=1e2', 'p=2.5E-3', 'p=-0'], NOT_NUMBERS],
    [BOOLEAN, {}, ['p=true', 'p=false'], ['p=True', 'p=1', 'p=', 'p', 'p=yes', 'p=%20true', 'p=null']],
    [WORD, {}, ['p=red', 'p=a%2Cb', 'p=a,b', 'p=a+b', 'p=a%20b'], ['p=Red', 'p=red%00', 'p=', 'p=red%20']],
    [{ type: 'null' }, {}, ['p=null'], ['p=', 'p=0', 'p=NULL']],
  ]);
});

const NOT_INTEGERS = [
  'p=101',
  'p=-1',
  'p=+5',
  'p=%2B5',
  'p=05',
  'p=5.0',
  'p=1e1',
  'p=0x10',
  'p=1_0',
  'p=%205',
  'p=5%20',
  'p=5%0A',
  'p=',
  'p',
  'p=NaN',
  'p=Infinity',
  'p=1e9999',
  'p=null',
  'p=%D9%A5',
  'p=%EF%BC%95',
  `p=${'9'.repeat(400)}`,
  `p=${'1'.repeat(1_001)}`,
  'p=5,6',
  'p[]=5',
  'p%5B%5D=5',
  'p=5&p=5',
  'p=5&p=6',
  'p=%5B5%5D',
];
const NOT_NUMBERS = [
  `p=1.${'0'.repeat(1_000)}`,
  'p=1e400',
  'p=-1e400',
  'p=1e-400',
  'p=NaN',
  'p=.5',
  'p=5.',
  'p=+1',
  'p=0x1',
  'p=1,5',
  'p=1e',
  'p=',
];

test('a list of style form, exploded, is the parameter repeated', () => {
  holds([
    [INTEGERS, { name: 'p[]' }, ['p[]=1&p[]=2', 'p%5B%5D=1'], ['p=1', 'p[0]=1', 'p[]=x']],
    [INTEGERS, {}, ['p=1', 'p=1&p=2&p=3', ''], ['p=1,2', 'p=1&p=x', 'p=1&p=2&p=3&p=4', 'p=', 'p[]=1', 'p=1&p=']],
    [WORDS, {}, ['p=a,b', 'p=a%2Cb&p=red'], ['p=red,green']],
  ]);
});

test('delimiters count only where they are not encoded, but for those that always are', () => {
  const flat = { explode: false };
  holds([
    [INTEGERS, flat, ['p=1', 'p=1,2,3'], ['p=1%2C2', 'p=1&p=2', 'p=1,', 'p=,1', 'p=1,,2', 'p=', 'p', 'p=1,2,3,4']],
    [TEXTS, flat, ['p=a', 'p=a,b'], ['p=', 'p', 'p=a&p=b']],
    [WORDS, flat, ['p=red,green', 'p=a%2Cb,red', 'p=a+b'], ['p=a,b']],
    [INTEGERS, { style: 'spaceDelimited', ...flat }, ['p=1', 'p=1%202', 'p=1+2'], ['p=1,2', 'p=1%20%202', 'p=1%2520']],
    [INTEGERS, { style: 'pipeDelimited', ...flat }, ['p=1%7C2', 'p=1|2'], ['p=1,2', 'p=1%257C2', 'p=1%7C', 'p=1&p=2']],
    [WORDS, { style: 'pipeDelimited', ...flat }, ['p=red%7Ca,b'], ['p=a%7Cb']],
    [INTEGERS, { style: 'pipeDelimited', explode: true }, ['p=1&p=2'], ['p=1%7C2']],
  ]);
});

test('an object has each of its properties once, and no others', () => {
  holds([
    [POINT, {}, ['x=1', 'x=1&y=2', 'y=2&x=1', ''], ['y=2', 'x=1&x=2', 'x=a', 'x=1&z=3', 'p=1', 'x=1&p=x,1', 'x=101']],
    [
      POINT,
      { explode: false },
      ['p=x,1', 'p=y,2,x,1'],
      ['p=x,1,x,2', 'p=x', 'p=x,1,z,3', 'p=', 'p=,1', 'x=1', 'p=x,1,'],
    ],
    [OPEN, { explode: false }, ['p=a,1'], ['p=,1', 'p=a,1,,2', 'p=']],
    [POINT, { style: 'pipeDelimited', explode: false }, ['p=x%7C1%7Cy%7C2'], ['p=x,1', 'p=x%7C1%7C']],
    [POINT, { style: 'spaceDelimited', explode: false }, ['p=x%201'], ['p=x,1']],
  ]);
});

test('an object with room for any property takes the names that nobody else has', () => {
  const open = { type: 'object', additionalProperties: INTEGER };
  const judge = judgeOf([inQuery(open, { name: 'filter' }), inQuery(WORD, { name: 'color' })]);
  assert.ok(passes(judge, { query: 'a=1&b=2&color=red&filter=3' }));
  for (const query of ['a=x', 'a=1&a=1', 'color=5', 'a=1&color=blue'])
    assert.equal(passes(judge, { query }), false, query);
});

test('a deepObject is read from brackets, in one way only', () => {
  const deep = { style: 'deepObject', explode: true };
  const nested = { type: 'object', properties: { size: POINT, tags: { type: 'array', items: WORD } } };
  holds([
    [POINT, deep, ['p%5Bx%5D=1', 'p[x]=1&p[y]=2', ''], DEEP_ATTACKS],
    [
      nested,
      deep,
      ['p[size][x]=1', 'p[tags][]=red&p[tags][]=1'],
      ['p[size]=1', 'p[size][x]=1&p[size]=1', 'p[tags]=red'],
    ],
    [nested, deep, ['p[tags][]=1'], ['p[tags][0]=red', 'p[tags][][x]=1', 'p[size][x][y][z][q]=1', 'p[size][x][]=1']],
    [INTEGERS, deep, ['p[]=1&p[]=2'], ['p[]=1&p[a]=2', 'p=1', 'p[0]=1', 'p[]=x']],
    [OPEN, deep, ['p[a][b][c][d]=1'], ['p[a][b][c][d][e]=1', 'p[a]=1&p[a]=2']],
    [{ anyOf: [{ type: 'string' }, POINT] }, deep, ['p=a'], ['p=a&p=b', 'p=a&p[x]=1']],
    [{ anyOf: [INTEGER, POINT] }, deep, ['p=5', 'p[x]=1'], ['p=5&p[x]=1', 'p=500', 'p[x]=500']],
  ]);
});

const DEEP_ATTACKS = [
  'p[y]=2',
  'p[x]=1&p[x]=1',
  'p[x]=1&p=1',
  'p[__proto__]=1&p[x]=1',
  'p[x]=1&p[__proto__][x]=1',
  'p[x]=1&p[constructor][prototype]=1',
  'p[x',
  'p[x]y=1',
  'p[x]=1&p[]=1',
  'p[[x]]=1',
  'p]x[=1',
  'p[x]=1&q[x]=1',
  'p.x=1',
  'P[x]=1',
];

test('no name of a prototype is found or changed', () => {
  const open = { type: 'object', additionalProperties: { type: 'string' } };
  const judge = judgeOf([inQuery(open, { style: 'deepObject' })]);
  assert.ok(passes(judge, { query: 'p[__proto__]=a&p[constructor]=b&p[toString]=c' }));
  assert.equal(passes(judge, { query: 'p[__proto__][polluted]=yes' }), false);
  assert.equal(passes(judge, { query: '__proto__=1' }), false);
  assert.equal(passes(judge, { query: 'constructor=1' }), false);
  assert.equal(({} as Members)['polluted'], undefined);
});

test('a schema of several types is tried in the order that is documented', () => {
  holds([
    [{ type: ['integer', 'string'], maximum: 10, maxLength: 2 }, {}, ['p=5', 'p=ab', 'p=99'], ['p=abc', 'p=999']],
    [{ type: ['boolean', 'string'], enum: [true, 'x', 'false'] }, {}, ['p=true', 'p=x', 'p=false'], ['p=y']],
    [{ type: ['integer', 'null'] }, {}, ['p=1', 'p=null'], ['p=', 'p=x']],
    [{ type: ['string', 'null'], maxLength: 3 }, {}, ['p=abc'], ['p=null']],
    [
      { anyOf: [{ type: 'string', maxLength: 3 }, WORDS] },
      { explode: false },
      ['p=abc', 'p=red,green'],
      ['p=blue,green'],
    ],
    [{ oneOf: [INTEGER, INTEGERS] }, {}, ['p=1', 'p=1&p=2'], ['p=x', 'p=1&p=x']],
    [{ type: 'array', items: { type: ['integer', 'string'], maxLength: 2 } }, {}, ['p=1&p=ab'], ['p=abc']],
    [{ enum: [1, 'a', true] }, {}, ['p=1', 'p=a', 'p=true'], ['p=2']],
    [{ allOf: [{ type: 'number' }, { type: 'integer', maximum: 5 }] }, {}, ['p=5'], ['p=5.5', 'p=6']],
    [{}, {}, ['p=anything', 'p=1', 'p='], ['p=1&p=2']],
  ]);
});

test('a value sent in two ways at once is refused, whichever would be valid', () => {
  const shape = { anyOf: [{ type: 'string' }, POINT] };
  const judge = judgeOf([inQuery(shape)]);
  assert.ok(passes(judge, { query: 'p=a' }));
  assert.ok(passes(judge, { query: 'x=1' }));
  assert.equal(passes(judge, { query: 'p=a&x=evil' }), false);
  const open = judgeOf([inQuery({ anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: INTEGER }] })]);
  assert.ok(passes(open, { query: 'p=a' }));
  assert.ok(passes(open, { query: 'q=1' }));
  assert.equal(passes(open, { query: 'p=a&q=evil' }), false);
});

test('a list that may be null has one item, several, or is null', () => {
  const list = { type: ['array', 'null'], items: { type: 'string', maxLength: 4 } };
  holds([
    [list, {}, ['p=one', 'p=one&p=two', 'p=null'], ['p=longer', 'p=one&p=longer']],
    [list, { explode: false }, ['p=one', 'p=one,two', 'p=null'], ['p=longer', 'p=one,longer']],
    [list, { style: 'deepObject' }, ['p[]=one', 'p=null'], ['p=one', 'p=longer', 'p=longer&p=b', 'p[]=longer']],
  ]);
});

test('3.0 says null by nullable, and nothing beside a reference counts', () => {
  const schemas = { Limit: { type: 'integer', nullable: true, maximum: 5 } };
  const judge = judgeOf([inQuery({ $ref: '#/components/schemas/Limit' })], {
    openapi: '3.0.3',
    components: { schemas },
  });
  for (const query of ['p=5', 'p=null']) assert.ok(passes(judge, { query }), query);
  for (const query of ['p=6', 'p=', 'p=x']) assert.equal(passes(judge, { query }), false, query);
});

test('an empty value passes unjudged only where the description allows it', () => {
  holds([
    [INTEGER, { allowEmptyValue: true }, ['p=', 'p', 'p=5'], ['p=x', 'p=&p=', 'p=&p=5', 'p=%20']],
    [{ anyOf: [INTEGER, POINT] }, { allowEmptyValue: true }, ['p=5', 'x=5'], ['p=&x=evil', 'p=']],
    [{ type: 'string', minLength: 1 }, {}, ['p=a'], ['p=', 'p']],
  ]);
});

test('a parameter with content is strict JSON or text', () => {
  const json = { name: 'p', in: 'query', content: { 'application/json': { schema: POINT } } };
  const judge = judgeOf([json]);
  assert.ok(passes(judge, { query: 'p=%7B%22x%22:1%7D' }));
  for (const query of [
    'p=%7B%22x%22:500%7D',
    'p=%7B',
    'p=',
    'p=null',
    'p=%7B%22x%22:1,%22z%22:1%7D',
    'p=%7B%22x%22:1%7D&p=%7B%22x%22:1%7D',
  ]) {
    assert.equal(passes(judge, { query }), false, query);
  }
  const nothing = judgeOf([{ name: 'p', in: 'query', content: { 'application/json': { schema: { type: 'null' } } } }]);
  assert.ok(passes(nothing, { query: 'p=null' }));
  const text = judgeOf([{ name: 'p', in: 'query', content: { 'text/plain': { schema: WORD } } }]);
  assert.ok(passes(text, { query: 'p=red' }));
  assert.equal(passes(text, { query: 'p=blue' }), false);
  const xml = judgeOf([{ name: 'p', in: 'query', content: { 'application/xml': { schema: {} } } }]);
  assert.ok(passes(xml, {}));
  assert.equal(passes(xml, { query: 'p=%3Ca/%3E' }), false);
});

test('the whole query is one form, or one JSON text', () => {
  const form = {
    name: 'q',
    in: 'querystring',
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: POINT } },
  };
  const judge = judgeOf([form]);
  assert.ok(passes(judge, { query: 'x=1&y=2' }));
  for (const query of ['', 'x=1&x=2', 'x=1&z=1', 'y=1', 'x=%ff', 'x=1;y=2']) {
    assert.equal(passes(judge, { query }), false, query);
  }
  assert.equal(passes(judge, {}), false);
  const json = judgeOf([{ name: 'q', in: 'querystring', content: { 'application/json': { schema: POINT } } }]);
  assert.ok(passes(json, { query: '%7B%22x%22%3A1%7D' }));
  assert.ok(passes(json, {}));
  for (const query of ['x=1', '%7B%22x%22%3A500%7D', '%7B', '%ff']) assert.equal(passes(json, { query }), false, query);
  const other = judgeOf([{ name: 'q', in: 'querystring', content: { 'text/plain': {} } }]);
  assert.equal(passes(other, { query: 'a' }), false);
});

test('what is not described in the query is refused, and told without its name', () => {
  const judge = judgeOf([inQuery(INTEGER)]);
  for (const query of ['evil=1', 'p=1&evil=1', 'P=1', 'p%5B%5D=1', '%70x=1', 'p%20=1', 'p.x=1']) {
    const faults = faultsOf(judge, { query });
    assert.equal(faults?.[0]?.reason, 'undescribed', query);
    assert.equal(JSON.stringify(faults).includes('evil'), false);
  }
  const none = judgeOf([]);
  assert.ok(passes(none, {}));
  assert.ok(passes(none, { query: '' }));
  assert.ok(passes(none, { query: '&&' }));
  assert.equal(passes(none, { query: 'a' }), false);
});

test('names of API keys in the query are described', () => {
  const judge = judgeOf([inQuery(INTEGER)], { credentials: ['api_key'] });
  assert.ok(passes(judge, { query: 'api_key=abc&p=1' }));
  assert.equal(passes(judge, { query: 'apikey=abc' }), false);
});

test('a query without one reading is refused whole', () => {
  const judge = judgeOf([inQuery({ type: 'string' })]);
  for (const query of [
    '=1',
    'p=1&=2',
    'p=a;q=b',
    '%ff=1',
    '%=1',
    'p=%',
    'p=%f',
    'p=%c0%af',
    'p=%ed%a0%80',
    'p=%00',
    'p=%zz',
  ]) {
    assert.equal(passes(judge, { query }), false, query);
  }
  const many = `p=1${'&'.repeat(998)}`;
  assert.ok(passes(judge, { query: many }));
  assert.deepEqual(faultsOf(judge, { query: `${many}&&&` })?.[0]?.reason, 'malformed');
});

test('a required parameter must be there, an optional one need not', () => {
  const judge = judgeOf([inQuery(INTEGER, { required: true }), inQuery(WORD, { name: 'q' })]);
  assert.deepEqual(faultsOf(judge, {}), [{ place: 'query', name: 'p', reason: 'differs', detail: 'is required' }]);
  assert.ok(passes(judge, { query: 'p=1' }));
  assert.equal(passes(judge, { query: 'q=red' }), false);
});

test('faults are bounded and repeat nothing that was sent', () => {
  const many = Array.from({ length: 50 }, (_, at) => inQuery(INTEGER, { name: `p${at}` }));
  const query = many.map((_, at) => `p${at}=secret`).join('&');
  const faults = faultsOf(judgeOf(many), { query });
  assert.equal(faults?.length, 20);
  assert.equal(JSON.stringify(faults).includes('secret'), false);
});

test('every list that is written as described passes, whatever its values', () => {
  const strings = fc.array(
    fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\0')),
    {
      minLength: 1,
    },
  );
  const flat = judgeOf([inQuery({ type: 'array', items: { type: 'string' } }, { explode: false })]);
  const exploded = judgeOf([inQuery({ type: 'array', items: { type: 'string' } })]);
  fc.assert(
    fc.property(strings, (values) => {
      const encoded = values.map((value) => encodeURIComponent(value.toWellFormed()));
      assert.ok(passes(flat, { query: `p=${encoded.join(',')}` }));
      assert.ok(passes(exploded, { query: encoded.map((value) => `p=${value}`).join('&') }));
    }),
  );
});

test('any text at all is judged without a throw', () => {
  const schemas = [INTEGER, INTEGERS, POINT, { anyOf: [WORD, INTEGERS, POINT] }, {}];
  const styles = ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'];
  const judges = schemas.flatMap((schema) =>
    styles.flatMap((style) => [true, false].map((explode) => judgeOf([inQuery(schema, { style, explode })]))),
  );
  const piece = fc.constantFrom(
    'p',
    'x',
    '=',
    '&',
    '[',
    ']',
    '%5B',
    '%5D',
    ',',
    '%2C',
    '%20',
    '+',
    '|',
    '%7C',
    '1',
    '%',
    '\u{1f600}',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      for (const judge of judges) passes(judge, { query: pieces.join('') });
    }),
  );
});

test('nothing that is sent goes unjudged, however it is written', () => {
  const schemas = [INTEGER, INTEGERS, POINT, { anyOf: [INTEGER, POINT] }, { anyOf: [INTEGERS, POINT, BOOLEAN] }];
  const styles = ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'];
  const judges = schemas.flatMap((schema) =>
    styles.flatMap((style) =>
      [true, false].flatMap((explode) =>
        [true, false].map((allowEmptyValue) => judgeOf([inQuery(schema, { style, explode, allowEmptyValue })])),
      ),
    ),
  );
  const name = fc.constantFrom('p', 'x', 'y', 'p[]', 'p[x]', 'p[0]', 'p[x][y]', 'p[]x', 'evil');
  const value = fc.constantFrom('1', '', 'evil', '1,evil', 'evil,1', 'x,1,evil,1', '1%20evil', '1%7Cevil', '1%2Cevil');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }), (pairs) => {
      const query = pairs.map((pair) => pair.join('=')).join('&');
      for (const judge of judges) assert.equal(passes(judge, { query }) && query.includes('evil'), false, query);
    }),
    { numRuns: 500 },
  );
});
