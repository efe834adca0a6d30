import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { hashOf, readAllowList } from './allow-list.ts';
import { DOCUMENT_LIMIT_CHARACTERS } from './bounds.ts';
import { judgeOf, saidOf, schemaOf, WIDE } from './fixture.test.ts';

const SCHEMA = schemaOf(`
type Query { a: A, b(x: Int, y: In): Int, u: U, list(first: Int): [A!]! }
type Mutation { set(x: Int!): A }
type A implements N { id: ID!, a: A, n: N, query: Query, l(first: Int, e: E): [A] }
type B implements N { id: ID!, b: String }
interface N { id: ID! }
union U = A | B
enum E { X Y }
input In { x: Int!, y: [In!] }
`);

test('each bound takes a document exactly at it, and none beyond', () => {
  const bounded = (bounds: Partial<typeof WIDE>, query: string): string =>
    saidOf(judgeOf(SCHEMA, { bounds: { ...WIDE, ...bounds } }), query);
  const cases: readonly (readonly [keyof typeof WIDE, number, string])[] = [
    ['depth', 3, '{ a { a { id } } }'],
    ['depth', 3, '{ a { ...F } } fragment F on A { ... { ... on A { a { id } } } }'],
    ['aliases', 2, '{ x: a { y: id } }'],
    ['aliases', 2, '{ ...F ...F } fragment F on Query { x: a { id } }'],
    ['fields', 5, '{ a { id a { ... { id } } } }'],
    ['fields', 6, '{ ...F ...F } fragment F on Query { a { id } }'],
    ['fields', 3, 'query X { a { id } } query Y { b }'],
    ['directives', 2, '{ b @skip(if: false) @include(if: true) }'],
    ['tokens', 6, '{ a { id } }'],
  ];
  for (const [bound, at, query] of cases) {
    assert.notEqual(bounded({ [bound]: at }, query), bound, `${query} at ${at}`);
    assert.equal(bounded({ [bound]: at - 1 }, query), bound, `${query} beyond ${at - 1}`);
  }
});

test('a field that is asked for very often in one place is refused, whatever `fields` says', () => {
  const said = (times: number): string =>
    saidOf(judgeOf(SCHEMA, { bounds: { ...WIDE, fields: 1_000 } }), `{ ${'b '.repeat(times)}}`);
  assert.equal(said(690), 'ok Query.b x690');
  assert.equal(said(720), 'validation');
});

test('a document is refused for what its definitions are, before it is held against the schema', () => {
  const judge = judgeOf(SCHEMA);
  const cases: readonly (readonly [string, string])[] = [
    ['{ b } type Query { b: Int }', 'definition'],
    ['{ ...F } fragment F on Query { b } fragment F on Query { a { id } }', 'fragment'],
    ['{ ...G }', 'fragment'],
    ['{ b } fragment F on Query { b }', 'fragment'],
    ['{ b } fragment F on Query { ...G } fragment G on Query { ...F }', 'fragment'],
    ['{ ...F } fragment F on Query { b ...F }', 'fields'],
    ['{ ...F } fragment F on Query { ...G } fragment G on Query { a { query { ...F } } }', 'depth'],
  ];
  for (const [query, rule] of cases) assert.equal(judge.faultIn(query)?.rule, rule, query);
});

test('brackets and marks count where they are ones, and not in texts and comments', () => {
  const judge = judgeOf(SCHEMA, { bounds: { ...WIDE, directives: 2 } });
  const many = '{[(@'.repeat(300);
  assert.equal(judge.faultIn(`{ b # ${many}\n }`), null);
  assert.equal(judge.faultIn(`query ($e: E) { list { l(e: $e) { id } } b(x: "${many}") }`)?.rule, 'validation');
  assert.equal(judge.faultIn(`{ b(x: ${'['.repeat(201)}`)?.rule, 'nesting');
  assert.equal(judge.faultIn(`{ b(x: ${'['.repeat(201)}${']'.repeat(201)}) }`)?.rule, 'nesting');
  assert.equal(judge.faultIn(`{ b(x: ${'['.repeat(198)}${']'.repeat(198)}) }`)?.rule, 'validation');
  assert.equal(judge.faultIn('{ b @a @b @c }')?.rule, 'directives');
});

test('a field that is an operation is found wherever it may be asked for', () => {
  const judge = judgeOf(SCHEMA, { named: [...SCHEMA.roots, 'A.id', 'N.id', 'B.b'] });
  const asked: readonly (readonly [string, string])[] = [
    ['{ a { a { a { __typename } } } }', 'ok Query.a'],
    ['{ a { query { b } } }', 'ok Query.a Query.b'],
    ['{ a { id } }', 'ok Query.a A.id N.id'],
    // It may be an A.
    ['{ a { n { id } } }', 'ok Query.a A.id N.id'],
    ['{ u { ... on B { b id } } }', 'ok Query.u B.b N.id'],
    ['{ u { ... on N { id } } }', 'ok Query.u A.id N.id'],
    ['{ u { ...F } } fragment F on U { ... on A { x: id } }', 'ok Query.u A.id N.id'],
    ['mutation { set(x: 1) { query { a { query { b } } } } }', 'ok Mutation.set Query.a Query.b'],
    ['{ b b b }', 'ok Query.b x3'],
  ];
  for (const [query, expected] of asked) {
    const words = (said: string): readonly string[] => said.split(/ (?!x\d)/).toSorted();
    assert.deepEqual(words(saidOf(judge, query)), words(expected), query);
  }
});

test('variables are held to their types', () => {
  const judge = judgeOf(SCHEMA);
  const query = 'query ($x: In!, $e: E) { b(y: $x) a { l(e: $e) { id } } }';
  assert.match(saidOf(judge, query, { x: { x: 1, y: [{ x: 2 }] }, e: 'X' }), /^ok/);
  for (const variables of [
    {},
    { x: null },
    { x: { x: 'a' } },
    { x: { x: 1, z: 1 } },
    { x: { x: 1 }, e: 'Z' },
    { x: { x: 2 ** 31 } },
    { x: { x: 1.5 } },
  ]) {
    assert.equal(saidOf(judge, query, variables), 'variables', JSON.stringify(variables));
  }
});

test('words about variables name them, and never what they held', () => {
  const sent = { query: 'query ($x: Int) { b(x: $x) }', operationName: null, variables: { x: 'hunter2' }, hash: null };
  const asked = judgeOf(SCHEMA).judge([sent], { readsOnly: false, mayIntrospect: false });
  assert.ok(!asked.ok);
  assert.equal(asked.error.detail, 'the variable x differs');
});

/** Documents of pieces that often make sense, and often do not. */
const pieces = fc.array(
  fc.constantFrom(
    ...[
      '{ a { id } }',
      '{',
      '}',
      'a',
      'b',
      'id',
      'n',
      'u',
      'list(first: 2)',
      'b(x: 1)',
      'x: a',
      '...F',
      '...',
      '(',
      ')',
    ],
    ...[
      '... on A',
      '... on B { b }',
      '... on N { id }',
      'fragment F on A',
      'fragment F on Query',
      'query Q',
      'mutation',
    ],
    ...[
      '@skip(if: true)',
      '$x',
      '($x: Int)',
      'query ($x: Int!)',
      'set(x: $x)',
      '"s"',
      '"""b"""',
      '[1]',
      '#c\n',
      ':',
      '1',
    ],
    ...[
      'a { ',
      ' }',
      'l(e: X) { id }',
      '__typename',
      'query { b }',
      '{ a { ...F } } fragment F on A { id }',
      'é',
      '\u0000',
    ],
  ),
  { maxLength: 14 },
);

test('what is taken is valid for the reference implementation, and what it refuses is refused', () => {
  const judge = judgeOf(SCHEMA);
  let taken = 0;
  fc.assert(
    fc.property(pieces, (words) => {
      const text = words.join(' ');
      const read = judge.faultIn(text);
      let valid: boolean;
      try {
        valid = validate(SCHEMA.schema, parse(text)).length === 0;
      } catch {
        valid = false;
      }
      if (read === null) taken++;
      assert.ok(read !== null || valid, text);
      // Beyond what it refuses, only what is bounded or read in two ways is.
      if (valid && read !== null) assert.match(read.rule, /^(?:syntax|definition|fragment|depth|fields)$/, text);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 50, `${taken} documents were taken`);
});

test('valid documents stay refused or taken whatever is changed in them', () => {
  const judge = judgeOf(SCHEMA);
  const base =
    'query Q($x: Int = 1) { a { ...F } b(x: $x, y: {x: 1}) u { ... on B { b } } } fragment F on A { id l(first: 2) { id } }';
  assert.equal(judge.faultIn(base), null);
  fc.assert(
    fc.property(fc.nat(base.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, drop, added) => {
      const text = base.slice(0, at) + added + base.slice(at + drop);
      if (judge.faultIn(text) !== null) return;
      assert.deepEqual(validate(SCHEMA.schema, parse(text)), [], text);
    }),
    { numRuns: 5_000 },
  );
});

test('no document takes long, however it is made', () => {
  const judge = judgeOf(SCHEMA, { bounds: { tokens: 5_000, depth: 10, aliases: 200, fields: 200, directives: 50 } });
  const many = (count: number, make: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => make(at)).join(' ');
  const bombs: readonly string[] = [
    `{ ${'a { id } '.repeat(99)} }`,
    `{ a { ${many(190, (at) => `x${at}: id`)} } }`,
    `{ ${many(90, (at) => `...F${at}`)} } ${many(90, (at) => `fragment F${at} on Query { b }`)}`,
    `{ ...F0 } ${many(60, (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`)} fragment F60 on Query { b }`,
    `query (${many(1_200, (at) => `$v${at}: Int`)}) { b }`,
    `{ b(y: {${'x: 1 '.repeat(1_600)}}) }`,
    `{ a ${'{ a '.repeat(190)} ${'}'.repeat(190)} }`,
    `{ b(x: ${'['.repeat(4_000)}`,
    `${'{'.repeat(4_000)}`,
    `query (${'$a: ['.repeat(2_000)}`,
    `{ b # ${'x'.repeat(250_000)}\n }`,
    `{ b(x: """${' a\n'.repeat(60_000)}""") }`,
    `{ ${'x'.repeat(200_000)} }`,
    '"'.repeat(200_000),
    '\\u'.repeat(100_000),
  ];
  for (const bomb of bombs) {
    const from = performance.now();
    judge.faultIn(bomb);
    const tookMs = performance.now() - from;
    assert.ok(tookMs < 1_500, `${bomb.slice(0, 40)} takes ${Math.round(tookMs)} ms`);
  }
});

test('what is sent together has documents no larger than one may be, also of those that are known', () => {
  const judge = judgeOf(SCHEMA, { bounds: { tokens: 60, depth: 10, aliases: 20, fields: 200, directives: 50 } });
  const said = (...queries: readonly string[]): string => {
    const sent = queries.map((query) => ({ query, operationName: null, variables: {}, hash: null }));
    const asked = judge.judge(sent, { readsOnly: false, mayIntrospect: true });
    return asked.ok ? 'ok' : asked.error.rule;
  };
  // Braces and ten fields are twelve.
  const twelve = `{ ${'b '.repeat(10)}}`;
  assert.equal(said(...Array<string>(5).fill(twelve)), 'ok');
  assert.equal(said(...Array<string>(5).fill(twelve), '{ b }'), 'tokens');
  const long = `{ b } # ${'x'.repeat(DOCUMENT_LIMIT_CHARACTERS - 8)}`;
  assert.equal(said(long), 'ok');
  assert.equal(said(long, '{ b }'), 'size');
});

test('allow-lists are read as Apollo and Relay write them, and know documents by their text', () => {
  const text = '{ b }';
  for (const file of [
    {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'x', body: text, name: 'B', type: 'query' }],
    },
    { [hashOf(text)]: text },
    { 'any key': text },
  ]) {
    const read = readAllowList(JSON.stringify(file));
    assert.ok(read.ok);
    assert.deepEqual([...read.value], [[hashOf(text), text]]);
  }
  for (const file of ['', '[]', '{}', '{"a":1}', '{"operations":[{}]}', '{"operations":[]}', 'null', '{"a":""}']) {
    assert.equal(readAllowList(file).ok, false, file);
  }
});
