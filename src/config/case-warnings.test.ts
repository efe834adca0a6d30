import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { caseWarnings } from './case-warnings.ts';
import { type DescribedDocument, readDescription } from './description-document.ts';
import { parseConfig } from './parse.ts';

interface Described {
  /** The schema of `{id}`. */
  readonly id?: object;
  readonly export?: readonly object[];
  readonly one?: readonly object[];
  readonly paths?: Readonly<Record<string, object>>;
}

/** An API with /orders/export and /orders/{id}: by default the first needs a scope more. */
function documentOf({ id = { type: 'string' }, paths = {}, ...given }: Described): DescribedDocument {
  const responses = { default: { description: 'x' } };
  const parameters = [{ name: 'id', in: 'path', required: true, schema: id }];
  const security = { own: given.export ?? [{ t: ['read', 'export'] }], one: given.one ?? [{ t: ['read'] }] };
  const document = {
    openapi: '3.1.0',
    info: { title: 'Orders', version: '1' },
    components: { securitySchemes: { t: { type: 'http', scheme: 'bearer' } } },
    paths: {
      '/orders/export': { get: { operationId: 'exportOrders', security: security.own, responses } },
      '/orders/{id}': { get: { operationId: 'getOrder', security: security.one, parameters, responses } },
      ...paths,
    },
  };
  const read = readDescription(Buffer.from(JSON.stringify(document)), '/p/orders.json');
  assert.ok(read.ok, read.ok ? '' : read.error.map(formatIssue).join('\n'));
  return read.value;
}

function warningsOf(more: string, document: DescribedDocument | null): readonly string[] {
  const source = document === null ? '' : '    openapi: ./orders.json\n';
  const text = `version: 1
issuers:
  a: { issuer: https://a.example, audience: api }
  b: { issuer: https://b.example, audience: api }
apis:
  orders:
    upstream: http://127.0.0.1:3001
${source}${more}`;
  const parsed = parseConfig(text, { file: '/p/p.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const documents = new Map(document === null ? [] : [['orders', document]]);
  const warnings = caseWarnings(parsed.value.config, documents, parsed.value.places);
  assert.ok(warnings.every(({ severity }) => severity === 'warning'));
  return warnings.map(formatIssue);
}

const described = (given: Described = {}, more = '    auth: [a]\n'): readonly string[] =>
  warningsOf(more, documentOf(given));

const routes = (operations: string, list = "['GET /orders/export', 'GET /orders/{id}']"): readonly string[] =>
  warningsOf(`    routes: ${list}\n    auth: [a]\n    operations: { ${operations} }\n`, null);

test('an operation that another case of its path would reach by weaker rights is told, with what to do', () => {
  assert.deepEqual(described(), [
    '/p/p.yaml:8:5 apis.orders.openapi: /orders/Export reaches GET /orders/{id} by its weaker rights; an upstream' +
      ' that ignores case would answer as GET /orders/export (give the parameter a pattern that excludes it, or both' +
      ' the same rights)',
  ]);
});

test('the path that is told is the literal in another case, and no other part of the path', () => {
  const list = "['GET /users/{id}/user', 'GET /users/{id}/{x}']";
  const [told = ''] = routes("'GET /users/{id}/user': { needs: a }", list).filter(Boolean);
  assert.match(told, /: \/users\/\{id\}\/User reaches/);
});

test('routes written by hand are told at the route that takes too much', () => {
  const [told = '', ...others] = routes('GET /orders/export: { needs: export }');
  assert.deepEqual(others, []);
  assert.match(told, /^\/p\/p\.yaml:8:36 apis\.orders\.routes\[1\]: \/orders\/Export reaches GET \/orders\/\{id\}/);
  assert.match(told, /\(give both the same rights, or make sure that the upstream minds the case\)$/);
  assert.match(routes('GET /admin: { needs: a }', "['GET /admin', '* /{rest...}']").join(), /\/Admin reaches \* \//);
});

test('rights that are weaker in any way are told', () => {
  const weaker: readonly Described[] = [
    { one: [] },
    { one: [{}] },
    { one: [{ t: ['read', 'export'] }, { t: ['read'] }] },
    { export: [{ t: ['export'] }], one: [{ t: ['read'] }] },
  ];
  for (const given of weaker) assert.equal(described(given).length, 1, JSON.stringify(given));
  assert.equal(described({}, '    auth: [a]\n    operations: { getOrder: { auth: public } }\n').length, 1);
  assert.equal(described({ export: [] }, '    auth: [a]\n    operations: { getOrder: { auth: [a, b] } }\n').length, 1);
});

test('rights that are the same or stronger are not told', () => {
  const sound: readonly Described[] = [
    { export: [{ t: ['read'] }] },
    { export: [] },
    { export: [{ t: ['read'] }, { t: ['root'] }], one: [{ t: ['root', 'x'] }] },
    { one: [{ t: ['export', 'read', 'more'] }] },
  ];
  for (const given of sound) assert.deepEqual(described(given), [], JSON.stringify(given));
  assert.deepEqual(described({}, '    auth: public\n'), []);
  assert.deepEqual(described({ one: [] }, '    auth: [a]\n    operations: { exportOrders: { auth: public } }\n'), []);
});

test('a parameter whose description refuses the literal in every case is not told, unless it only observes', () => {
  for (const id of [{ type: 'integer' }, { type: 'string', pattern: '^[0-9]+$' }, { type: 'string', enum: ['x'] }]) {
    assert.deepEqual(described({ id }), [], JSON.stringify(id));
    assert.equal(described({ id }, '    auth: [a]\n    validate: observe\n').length, 1);
    assert.deepEqual(described({ id }, '    auth: [a]\n    validate: strict\n'), []);
  }
  assert.equal(described({ id: { type: 'string', pattern: '^[A-Z]+$' } }).length, 1);
  assert.deepEqual(described({ id: { type: 'string', pattern: '^[a-z]+$' } }), []);
});

test('a segment with literals of its own is told where they fit', () => {
  const list = (other: string): string => `['GET /all.json', 'GET /${other}']`;
  const needs = 'GET /all.json: { needs: all }';
  assert.equal(routes(needs, list('{id}.json')).length, 1);
  assert.equal(routes(needs, list('a{id}')).length, 1);
  assert.equal(routes(needs, list('{a}.{b}')).length, 1);
  assert.deepEqual(routes(needs, list('{id}.xml')), []);
  assert.deepEqual(routes(needs, list('{a}-{b}')), []);
  assert.deepEqual(routes(needs, list('all.json{id}')), []);
  assert.deepEqual(routes(needs, list('{id}all.json')), []);
});

test('several literals beside one parameter are one warning, and warnings do not go on without end', () => {
  const literals = Array.from({ length: 3 }, (_, at) => `'GET /orders/x${at}'`);
  const needs = literals.map((literal) => `${literal}: { needs: x }`).join(', ');
  const told = routes(needs, `[${literals.join(', ')}, 'GET /orders/{id}']`);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /GET \/orders\/x0 \(and 2 more like it\)/);
  const pairs = Array.from({ length: 30 }, (_, at) => [`'GET /r${at}/x'`, `'GET /r${at}/{id}'`] as const);
  const many = pairs.map(([literal]) => `${literal}: { needs: x }`).join(', ');
  assert.equal(routes(many, `[${pairs.flat().join(', ')}]`).length, 20);
});
