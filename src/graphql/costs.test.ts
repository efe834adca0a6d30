import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CostRules } from './bounds.ts';
import { judgeOf, saidOf, schemaOf } from './fixture.test.ts';

const SCHEMA = schemaOf(`
type Query {
  one: Thing, many: [Thing!]!, grid: [[Thing]], word: String, words: [String]
  page(first: Int = 5, last: Int, limit: Int): [Thing]
  connection(first: Int, after: String): Connection
  free: Free @cost(weight: "0")
  dear: Thing @cost(weight: "30")
  assumed: [Thing] @listSize(assumedSize: 40)
  sliced(top: Int, first: Int): [Thing] @listSize(slicingArguments: ["top"])
  wrapped(top: Int): Wrapped @listSize(slicingArguments: ["top"], sizedFields: ["rows"])
  search(top: Long, text: String): [Thing]
  node: Node
  paged(page: Page = { first: 20 }): [Thing]
  pages(pages: [Page!]): [Thing]
  grids(pages: [[Page]] = [[{ first: 3 }]]): [Thing]
  filtered(filter: Filter): [Thing]
  named(ids: [ID!], pages: [Page!]): [Thing]
  found(first: Int): Found
  listed(first: Int): Listed
  holder: Holder
}
input Filter { page: Page, all: [Filter!], text: String }
union Found = Connection | Wrapped
interface Listed { total: Int }
interface Holder { things: [Thing] }
type Shelf implements Holder { things(first: Int = 700): [Thing] }
type Box implements Holder { things(first: Int = 3): [Thing] }
type Rows implements Listed { total: Int, items: [Thing] }
input Page { first: Int, limit: Int = 30, after: String }
scalar Long
interface Node { id: ID, parts(first: Int): [Thing] }
type Thing implements Node { id: ID, parts(first: Int): [Thing], inner: Thing }
type Cheap implements Node { id: ID, parts(first: Int): [Thing] }
type Free @cost(weight: "0") { id: ID }
type Connection { edges: [Edge], nodes: [Thing], total: Int }
type Edge { node: Thing, cursor: String }
type Wrapped { rows: [Thing], others: [Thing] }
`);

const RULES: CostRules = {
  limit: 0,
  object: 1,
  scalar: 0,
  list: 10,
  fields: {
    'Query.search': { cost: 7, multipliers: ['top'] },
    'Thing.parts': { cost: 100, multipliers: null },
    'Query.named': { cost: 0, multipliers: ['ids', 'pages'] },
  },
};

/** What a document costs: the least limit under which it passes. */
function costOf(query: string, variables: object = {}, rules: Partial<CostRules> = {}): number {
  const passes = (limit: number): boolean => {
    const said = saidOf(judgeOf(SCHEMA, { cost: { ...RULES, ...rules, limit } }), query, variables);
    assert.match(said, /^(?:ok|cost)/, query);
    return said.startsWith('ok');
  };
  let [from, to] = [-1, 1e12];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (passes(middle)) to = middle;
    else from = middle;
  }
  return to;
}

/** A document, what it costs, and variables that it has. */
const TABLE: readonly (readonly [query: string, cost: number, variables?: object])[] = [
  ['{ word }', 0],
  ['{ words }', 0],
  ['{ __typename }', 0],
  ['{ one { id } }', 1],
  ['{ one { id inner { id } } }', 2],
  ['{ many { id } }', 10],
  ['{ many { inner { id } } }', 20],
  ['{ grid { id } }', 100],
  ['{ page { id } }', 5],
  ['{ page(first: 3) { id } }', 3],
  ['{ page(first: null) { id } }', 10],
  ['{ page(first: 0) { id } }', 10],
  ['{ page(first: -5) { id } }', 10],
  ['{ page(first: 3, last: 8) { id } }', 8],
  ['{ page(first: 3, limit: 80) { id } }', 80],
  ['query ($n: Int) { page(first: $n) { id } }', 70, { n: 70 }],
  ['query ($n: Int = 60) { page(first: $n) { id } }', 60],
  ['query ($n: Int) { page(first: $n) { id } }', 5],
  ['query ($n: Int) { page(first: $n) { id } }', 10, { n: null }],
  ['{ connection(first: 100) { edges { node { id } cursor } } }', 201],
  ['{ connection(first: 100) { nodes { id } total } }', 101],
  ['{ connection { edges { node { id } } } }', 21],
  ['{ connection(first: 100) { ...E } } fragment E on Connection { edges { ... { node { id } } } }', 201],
  ['{ free { id } }', 0],
  ['{ dear { id } }', 31],
  ['{ assumed { id } }', 40],
  ['{ sliced(top: 4, first: 900) { id } }', 4],
  ['{ wrapped(top: 50) { rows { id } others { id } } }', 61],
  ['{ search(top: 3) { id } }', 10],
  ['{ search(top: "30") { id } }', 37],
  ['query ($n: Long) { search(top: $n) { id } }', 57, { n: '50' }],
  ['{ paged { id } }', 30],
  ['{ paged(page: {}) { id } }', 30],
  ['{ paged(page: { first: 70 }) { id } }', 70],
  ['{ paged(page: { first: 7, limit: 2 }) { id } }', 7],
  ['query ($p: Page) { paged(page: $p) { id } }', 90, { p: { first: 90 } }],
  ['query ($p: Page) { paged(page: $p) { id } }', 30, { p: {} }],
  ['query ($p: Page) { paged(page: $p) { id } }', 30],
  ['query ($n: Int) { paged(page: { first: $n }) { id } }', 44, { n: 44 }],
  // Of a list each says how many, or is taken to ask for as many as where nothing says it.
  ['{ pages(pages: [{ first: 40 }, { first: 50 }]) { id } }', 90],
  ['{ pages(pages: { first: 40 }) { id } }', 40],
  ['{ pages(pages: [{ first: 40 }, { limit: null }, { limit: 0 }]) { id } }', 60],
  ['{ pages(pages: []) { id } }', 10],
  ['query ($p: [Page!]) { pages(pages: $p) { id } }', 900, { p: Array(9).fill({ first: 100 }) }],
  ['query ($p: Page!) { pages(pages: [$p, $p]) { id } }', 200, { p: { first: 100 } }],
  ['query ($n: Int) { pages(pages: [{ first: $n }, { first: $n, limit: null }]) { id } }', 200, { n: 100 }],
  ['{ grids { id } }', 30],
  ['{ grids(pages: [[{ first: 80 }, { first: 1 }], [{ first: 45 }]]) { id } }', 155],
  ['{ filtered(filter: { page: { first: 300 } }) { id } }', 300],
  ['{ filtered(filter: { all: [{ text: "" }, { page: { first: 300 } }] }) { id } }', 10],
  ['{ named(ids: [1, 2, 3]) { id } }', 3],
  ['query ($ids: [ID!]) { named(ids: $ids) { id } }', 500, { ids: Array(500).fill('x') }],
  ['{ named(pages: [{ first: 60 }, { first: 60 }]) { id } }', 120],
  // Which of its types it will be nobody knows before.
  ['{ found(first: 90) { ... on Connection { edges { cursor } } } }', 91],
  ['{ listed(first: 90) { ... on Rows { items { id } } } }', 91],
  ['{ holder { things { id } } }', 701],
  ['{ search(top: 1e9) { id } }', 1_000_000_007],
  ['{ one { parts(first: 2) { id } } }', 103],
  // It may be any of its objects, and counts as the dearest.
  ['{ node { parts(first: 2) { id } } }', 103],
  ['{ node { ... on Cheap { parts(first: 2) { id } } } }', 3],
  ['{ a: one { id } b: one { id } ...F } fragment F on Query { c: one { id } }', 3],
  ['{ many @skip(if: true) { id } }', 10],
  ['query ($y: Boolean! = false) { many @include(if: $y) { id } }', 10],
  ['{ __schema { types { fields { name } } } }', 0],
];

for (const [query, cost, variables] of TABLE) {
  test(`${query} with ${JSON.stringify(variables ?? {})} costs ${cost}`, () => {
    assert.equal(costOf(query, variables), cost);
  });
}

test('weights are those of the configuration', () => {
  assert.equal(costOf('{ one { id inner { id } } }', {}, { object: 5, scalar: 1 }), 12);
  assert.equal(costOf('{ words }', {}, { scalar: 2, list: 7 }), 14);
});

test('what would cost more than any number does not pass', () => {
  const nested = `{ page(first: 2147483647) ${'{ parts(first: 2147483647) '.repeat(40)} { id } ${'}'.repeat(40)} }`;
  assert.equal(saidOf(judgeOf(SCHEMA, { cost: { ...RULES, limit: 1_000_000 } }), nested), 'cost');
});
