import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Members, onlyOperation, withOperation } from '../fixtures.test.ts';
import { compileBody } from './body-judge.ts';
import { readJson } from './fixtures.test.ts';
import type { SentMediaType } from './media-range-choice.ts';

const FORM = 'application/x-www-form-urlencoded';
const FORM_TYPE: SentMediaType = {
  type: 'application',
  subtype: 'x-www-form-urlencoded',
  suffix: null,
  essence: FORM,
  parameters: new Map(),
};
const INTEGER = { type: 'integer', maximum: 100 };

type Fields = readonly (readonly [name: string, value: string])[];

/** A judge of forms with these properties: true where a form passes. */
function formJudge(properties: Members, encoding: Members = {}, more: Members = {}): (fields: Fields) => boolean {
  const schema = { type: 'object', properties, ...more };
  const document = withOperation({ requestBody: { content: { [FORM]: { schema, encoding } } } });
  const judge = compileBody({ document, specification: '3.1' }, onlyOperation(document).requestBody, readJson);
  assert.ok(judge.ok);
  return (fields) => {
    const grouped = new Map<string, string[]>();
    for (const [name, value] of fields) grouped.set(name, [...(grouped.get(name) ?? []), value]);
    return judge.value.whole({ kind: 'form', fields: grouped }, FORM_TYPE) === null;
  };
}

test('fields become what the schema says, each once', () => {
  const passes = formJudge(
    { name: { type: 'string' }, age: INTEGER, news: { type: 'boolean' } },
    {},
    { required: ['name'] },
  );
  assert.ok(
    passes([
      ['name', '42'],
      ['age', '42'],
      ['news', 'true'],
    ]),
  );
  for (const fields of [
    [['age', '42']],
    [
      ['name', 'a'],
      ['age', 'x'],
    ],
    [
      ['name', 'a'],
      ['age', '+4'],
    ],
    [
      ['name', 'a'],
      ['age', ''],
    ],
    [
      ['name', 'a'],
      ['name', 'b'],
    ],
    [
      ['name', 'a'],
      ['news', 'on'],
    ],
    [
      ['name', 'a'],
      ['admin', 'true'],
    ],
    [
      ['name', 'a'],
      ['__proto__', 'x'],
    ],
    [
      ['name', 'a'],
      ['name[]', 'x'],
    ],
  ] as const) {
    assert.equal(passes(fields), false, JSON.stringify(fields));
  }
});

test('a list is a field repeated; with delimiters it could be read in two ways, and is refused', () => {
  const list = { type: 'array', items: INTEGER };
  const repeated = formJudge({ ids: list });
  assert.ok(
    repeated([
      ['ids', '1'],
      ['ids', '2'],
    ]),
  );
  assert.equal(repeated([['ids', '1,2']]), false);
  for (const style of ['form', 'spaceDelimited', 'pipeDelimited']) {
    assert.equal(formJudge({ ids: list }, { ids: { style, explode: false } })([['ids', '1']]), false, style);
  }
  assert.ok(
    formJudge(
      { ids: list },
      { ids: { style: 'deepObject', explode: true } },
    )([
      ['ids[]', '1'],
      ['ids[]', '2'],
    ]),
  );
});

test('an object is JSON, or in the style that its encoding names', () => {
  const point = { type: 'object', properties: { x: INTEGER }, required: ['x'] };
  const asJson = formJudge({ p: point });
  assert.ok(asJson([['p', '{"x":1}']]));
  for (const text of ['{"x":1,"y":2}', '{"x":"1"}', '{', '', 'null']) assert.equal(asJson([['p', text]]), false, text);
  assert.equal(
    asJson([
      ['p', '{"x":1}'],
      ['p', '{"x":1}'],
    ]),
    false,
  );
  const deep = formJudge({ p: point }, { p: { style: 'deepObject', explode: true } });
  assert.ok(deep([['p[x]', '1']]));
  for (const name of ['p', 'p[y]', 'p[x][y]', 'p[__proto__]', 'q[x]'])
    assert.equal(
      deep([
        ['p[x]', '1'],
        [name, '1'],
      ]),
      false,
    );
  const exploded = formJudge({ p: point }, { p: { style: 'form' } });
  assert.ok(exploded([['x', '1']]));
  assert.equal(
    exploded([
      ['x', '1'],
      ['p', '1'],
    ]),
    false,
  );
});

test('a property of a content type that nobody reads is refused when it is sent', () => {
  const passes = formJudge({ a: { type: 'string' }, b: { type: 'string' } }, { b: { contentType: 'application/xml' } });
  assert.ok(passes([['a', '1']]));
  for (const text of ['<b/>', '"b"', '']) assert.equal(passes([['b', text]]), false, text);
  const odd = formJudge({ a: { type: 'string' } }, { a: { style: 'simple' } });
  assert.equal(odd([['a', '1']]), false);
});

test('a property of several kinds is read as it was sent', () => {
  const passes = formJudge({
    v: { anyOf: [INTEGER, { type: 'array', items: INTEGER }] },
    s: { type: ['integer', 'string'], maxLength: 2 },
  });
  assert.ok(
    passes([
      ['v', '1'],
      ['s', '5000'],
    ]),
  );
  assert.ok(
    passes([
      ['v', '1'],
      ['v', '2'],
      ['s', 'ab'],
    ]),
  );
  assert.equal(passes([['s', 'abc']]), false);
  assert.equal(
    passes([
      ['v', '1'],
      ['v', 'x'],
    ]),
    false,
  );
});

test('a list that may be null has one item, several, or is null', () => {
  const passes = formJudge({ p: { type: ['array', 'null'], items: { type: 'string', maxLength: 4 } } });
  assert.ok(passes([['p', 'one']]) && passes([['p', 'null']]));
  assert.ok(
    passes([
      ['p', 'one'],
      ['p', 'two'],
    ]),
  );
  assert.equal(passes([['p', 'longer']]), false);
});

test('what stands under the name of a list in brackets is judged or refused', () => {
  for (const other of ['null', 'string']) {
    const list = { type: ['array', other], maxLength: 2, items: { type: 'string', maxLength: 4 } };
    const passes = formJudge({ p: list }, { p: { style: 'deepObject' } });
    assert.ok(passes([['p[]', 'one']]), other);
    assert.equal(passes([['p', 'longer']]), false, other);
    assert.equal(
      passes([
        ['p', 'longer'],
        ['p', 'b'],
      ]),
      false,
      other,
    );
  }
});

test('fields without a name of their own are what additionalProperties says', () => {
  const passes = formJudge({}, {}, { additionalProperties: INTEGER });
  assert.ok(
    passes([
      ['a', '1'],
      ['b', '2'],
    ]),
  );
  assert.equal(passes([['a', 'x']]), false);
  assert.equal(
    passes([
      ['a', '1'],
      ['a', '1'],
    ]),
    false,
  );
});

test('nothing in a form goes unjudged, however it is written', () => {
  const point = { type: 'object', properties: { x: INTEGER } };
  const list = { type: 'array', items: INTEGER };
  const nothing = { type: 'null' };
  const judges = [
    formJudge({ p: INTEGER, x: { type: 'array', items: INTEGER } }),
    formJudge({ p: point }, { p: { style: 'deepObject', explode: true } }),
    formJudge({ p: point }, { p: { style: 'form', explode: true } }),
    formJudge({ p: { anyOf: [INTEGER, point] } }, { p: { style: 'deepObject', explode: true } }),
    formJudge({ p: { anyOf: [INTEGER, point] } }, { p: { style: 'form', explode: true } }),
    ...[
      list,
      { anyOf: [INTEGER, list] },
      { anyOf: [nothing, list] },
      { anyOf: [nothing, point] },
      { anyOf: [list, point] },
    ].flatMap((schema) =>
      ['deepObject', 'form', 'pipeDelimited'].map((style) => formJudge({ p: schema }, { p: { style, explode: true } })),
    ),
  ];
  const name = fc.constantFrom('p', 'x', 'p[x]', 'p[]', 'p[0]', 'p[x][y]', 'p[', 'evil', '__proto__');
  const value = fc.constantFrom('1', '', 'evil', '1,evil', '{"x":1}', '{"x":"evil"}');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 4 }), (fields) => {
      for (const passes of judges) {
        assert.equal(passes(fields) && JSON.stringify(fields).includes('evil'), false, JSON.stringify(fields));
      }
    }),
    { numRuns: 3_000 },
  );
});
