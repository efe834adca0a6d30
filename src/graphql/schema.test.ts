import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSchema } from './schema.ts';

test('a schema tells the fields of its root types, whatever those are called', () => {
  const read = readSchema(
    'schema { query: Q mutation: M } type Q { a: Int b: Int } type M { c: Int } type Query { no: Int }',
  );
  assert.ok(read.ok);
  assert.deepEqual(read.value.roots, ['Q.a', 'Q.b', 'M.c']);
  assert.ok(read.value.has('Query.no') && !read.value.has('Query.yes') && !read.value.has('Q.constructor'));
});

test('what is wrong with a schema is told with its place', () => {
  const cases: readonly (readonly [text: string, message: RegExp, line: number])[] = [
    ['type Query {\n  a: }', /Expected Name/, 2],
    ['type Query {\n  a: Int\n  b: Strang\n}', /Unknown type "Strang"/, 3],
    ['type A { a: Int }', /Query root type must be provided/, 1],
    ['type Query { a: Int }\ntype Query { b: Int }', /There can be only one type named "Query"/, 1],
    [
      'type Query { a: Int }\ninterface N { id: ID }\ntype A implements N { b: Int }',
      /Interface field N\.id expected/,
      2,
    ],
    ['type Query {\n a(x: Int @cost(weight: "1")): Int\n}', /@cost is read of fields and objects only/, 2],
    ['type Query { a: Int @cost(weight: "-1") }', /a weight from 0/, 1],
    ['type Query { a: Int }\nenum E { X @cost(weight: "1") }', /@cost is read of/, 2],
    ['type Query { a(x: Int): [Int] @listSize(slicingArguments: ["x.y"]) }', /no parts of them/, 1],
    [
      'type Query {\n a(x: Int): [Int] @listSize(slicingArguments: ["x", "y"])\n}',
      /an argument that the field has not/,
      2,
    ],
    ['type Query { a: Int @nothing }', /Unknown directive "@nothing"/, 1],
    ['{ a }', /.+/, 1],
    ['', /.+/, 1],
  ];
  for (const [text, message, line] of cases) {
    const read = readSchema(text);
    assert.ok(!read.ok, text);
    assert.match(read.error.message, message);
    assert.equal(read.error.line, line, `${text}: ${read.error.message}`);
  }
});

test('of a schema that is in force no place in its text is kept', () => {
  const read = readSchema('type Query { a(x: Int = 1): [A!] }\ntype A { b: Int @cost(weight: "2") }');
  assert.ok(read.ok);
  const nodes: unknown[] = ['Query', 'A'].map((name) => read.value.schema.getType(name)?.astNode);
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    assert.ok(!('loc' in node) || node.loc === undefined);
    nodes.push(...Object.values(node as Record<string, unknown>).filter((value) => value !== undefined));
  }
});
