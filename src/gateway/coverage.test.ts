import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoverageCell } from '../base/index.ts';
import { describeApi } from '../openapi/index.ts';
import { kindTable } from './kind-table.ts';
import { gatheredOf, kindOf, snapshotOf, valueOf } from './fixture.test.ts';

const TEXT = `apis:
  a:
    routes: ['GET /x', 'POST /y']
    upstream: http://127.0.0.1:3001
    auth: public
    body: 3KiB
    operations:
      POST /y:
        auth: public
        body: 1025B
    policies:
      p: {}
  b:
    routes: ['GET /b']
    upstream: http://127.0.0.1:3001
    auth: public
`;

test('each operation has a row that says what holds and the line it comes from', () => {
  const kinds = kindTable([kindOf('p', {})]);
  const { coverage } = snapshotOf(gatheredOf(TEXT, kinds), kinds);
  const rows = coverage.map(({ operation, cells }) => [
    operation,
    ...cells.map(({ aspect, holds, open, from }) => `${aspect}: ${holds}${open ? '!' : ''} ${from}`),
  ]);
  const file = '/etc/portcullis.yaml';
  assert.deepEqual(rows, [
    [
      'a/GET /x',
      `authentication: public! ${file}:6`,
      'authorization: none! null',
      `policy: a/p ${file}:13`,
      `limits: body 3KiB ${file}:7`,
      'validation: framing and target null',
    ],
    [
      'a/POST /y',
      `authentication: public! ${file}:10`,
      'authorization: none! null',
      `policy: a/p ${file}:13`,
      `limits: body 1025B ${file}:11`,
      'validation: framing and target null',
    ],
    [
      'b/GET /b',
      `authentication: public! ${file}:17`,
      'authorization: none! null',
      'limits: body 10MiB null',
      'validation: framing and target null',
    ],
  ]);
  assert.deepEqual(
    coverage.map(({ api, method, template }) => [api, method, template]),
    [
      ['a', 'GET', '/x'],
      ['a', 'POST', '/y'],
      ['b', 'GET', '/b'],
    ],
  );
});

test('an operation that offers WebSocket says so, and whether any page may open one', () => {
  for (const [said, told] of [
    ['on', 'validation: WebSocket /etc/portcullis.yaml:9'],
    ['{ origins: any }', 'validation: WebSocket from any page! /etc/portcullis.yaml:9'],
  ]) {
    const operations = `    operations:\n      GET /x:\n        websocket: ${said}\n`;
    const text = `apis:\n  a:\n    routes: ['GET /x', 'GET /y']\n    upstream: http://127.0.0.1:1\n    auth: public\n${operations}`;
    const kinds = kindTable([]);
    const [x, y] = snapshotOf(gatheredOf(text, kinds), kinds).coverage.map(({ cells }) =>
      cells.map(({ aspect, holds, open, from }) => `${aspect}: ${holds}${open ? '!' : ''} ${from}`),
    );
    assert.equal(x?.at(-1), told);
    assert.equal(y?.at(-1), 'validation: framing and target null');
  }
});

/** What is told of each operation of an API with these keys that is about something, and the line that it comes from. */
function told(keys: string, kind: string, about: RegExp): readonly (readonly string[])[] {
  const text = `apis:\n  a:\n    routes: ['GET /x', 'POST /y']\n    upstream: http://127.0.0.1:1\n    auth: public\n${keys}`;
  const kinds = kindTable([kindOf(kind, {})]);
  return snapshotOf(gatheredOf(text, kinds), kinds).coverage.map((row) =>
    row.cells.flatMap(({ holds, open, from }) =>
      about.test(holds) ? [`${holds}${open ? '!' : ''} ${from?.replace(/.*:/, '')}`] : [],
    ),
  );
}

test('an API whose queries may bear tokens says so, of each operation that somebody signs in for', () => {
  const issuers = 'issuers: { acme: { issuer: https://id.acme.example, audience: api } }';
  const keys = "    auth: [acme]\n    tokensInQuery: pass\n    operations: { 'GET /x': { auth: public } }\n";
  const text = `${issuers}\napis:\n  a:\n    routes: ['GET /x', 'POST /y']\n    upstream: http://127.0.0.1:1\n${keys}`;
  const kinds = kindTable([kindOf('jwt', {}), kindOf('permission', {})]);
  const cells = snapshotOf(gatheredOf(text, kinds), kinds).coverage.map((row) =>
    row.cells.flatMap(({ holds, open, from }) => (/queries/.test(holds) ? [[holds, open, from]] : [])),
  );
  assert.deepEqual(cells, [[], [['queries may bear tokens', true, '/etc/portcullis.yaml:8']]]);
});

test('an operation whose errors pass says so, and by whose word', () => {
  const cells = (keys: string) => told(keys, 'upstream-errors', /errors/);
  const passing = (line: number) => [`errors of the upstream pass! ${line}`];
  assert.deepEqual(cells(''), [[], []]);
  assert.deepEqual(cells('    upstreamErrors: pass\n'), [passing(7), passing(7)]);
  assert.deepEqual(cells('    operations:\n      GET /x:\n        upstreamErrors: pass\n'), [passing(9), []]);
  const one = '    upstreamErrors: pass\n    operations:\n      GET /x: { upstreamErrors: replace }\n';
  assert.deepEqual(cells(one), [[], passing(7)]);
});

test('what is cleaned is counted where it may come, and is open where that is only noted', () => {
  const cells = (keys: string) => told(keys, 'sanitize', /^cleans/);
  const both = '    sanitize: { body: { /a: trim }, query: { q: trim } }\n';
  assert.deepEqual(cells(both), [['cleans 1 field 7'], ['cleans 2 fields 7']]);
  assert.deepEqual(cells(`${both}    operations: { 'POST /y': { sanitize: off } }\n`), [['cleans 1 field 7'], []]);
  const observing = `${both}    operations:\n      'POST /y': { sanitize: { mode: observe } }\n`;
  assert.deepEqual(cells(observing), [['cleans 1 field 7'], ['cleans 2 fields, only noted! 9']]);
  assert.deepEqual(cells(''), [[], []]);
});

test('what must not leave is told where it is looked for, and where an operation is left out', () => {
  const cells = (keys: string) => told(keys, 'leaks', /leaks/);
  assert.deepEqual(cells(''), [[], []]);
  assert.deepEqual(cells('    leaks: default\n'), [['leaks of text 7'], ['leaks of text 7']]);
  assert.deepEqual(cells('    leaks: { cards: report }\n'), [
    ['leaks are only told of! 7'],
    ['leaks are only told of! 7'],
  ]);
  assert.deepEqual(cells('    leaks: default\n    operations:\n      GET /x: { leaks: off }\n'), [
    ['leaks are not looked for! 9'],
    ['leaks of text 7'],
  ]);
});

const GUARDED = `issuers:
  acme: { issuer: https://id.acme.example, audience: api }
  other: { issuer: https://id.other.example, audience: api }
roles:
  support: { can: [orders:read, orders:refund] }
apis:
  a:
    openapi: ./a.yaml
    upstream: http://127.0.0.1:3001
    auth: [acme, other]
    validate: observe
    limit: [100/min per user, 1000/min per address]
    operations:
      refund:
        auth: [acme]
        needs: [orders:refund, orders:read]
        validate: requests
        limit: 5/min per user
      health:
        auth: public
`;

/** The cells of each operation of an API with a description, as words. */
function cellsOf(text: string): Readonly<Record<string, readonly string[]>> {
  const responses = { default: { description: 'x' } };
  const paths = {
    '/read': { get: { operationId: 'read', security: [{ o: ['orders:read'] }, { k: ['a'], l: ['b'] }], responses } },
    '/list': { get: { operationId: 'list', security: [{ o: ['orders:read'] }, {}], responses } },
    '/refund': { post: { operationId: 'refund', security: [{ o: ['orders:read'] }], responses } },
    '/health': { get: { operationId: 'health', security: [{ o: ['orders:read'] }], responses } },
  };
  const document = { openapi: '3.1.0', info: { title: 'A', version: '1' }, paths };
  const descriptions = { a: valueOf(describeApi(document, () => null)) };
  const kinds = kindTable([]);
  const { coverage } = snapshotOf(gatheredOf(text, kinds, { descriptions }), kinds);
  const words = ({ aspect, holds, open, from }: CoverageCell): string =>
    `${aspect}: ${holds}${open ? '!' : ''} ${from?.replace('/etc/portcullis.yaml:', '') ?? '-'}`;
  return Object.fromEntries(coverage.map(({ operation, cells }) => [operation, cells.map(words)]));
}

test('permissions, limits and validation are told where they hold, each with its line', () => {
  const cells = cellsOf(GUARDED);
  assert.deepEqual(cells['a/read'], [
    'authentication: acme, other 11',
    'authorization: needs orders:read or a and b 9',
    'limits: 100/min per user 13',
    'limits: 1000/min per address 13',
    'limits: body 10MiB -',
    'validation: observe! 12',
  ]);
  assert.deepEqual(cells['a/refund'], [
    'authentication: acme 16',
    'authorization: needs orders:refund and orders:read 17',
    'limits: 100/min per user 13',
    'limits: 1000/min per address 13',
    'limits: 5/min per user 19',
    'limits: body 10MiB -',
    'validation: requests 18',
  ]);
});

test('an operation that needs no permission, or that anybody may call, is told as open', () => {
  const cells = cellsOf(GUARDED);
  assert.deepEqual(cells['a/list']?.slice(0, 2), ['authentication: acme, other 11', 'authorization: none! -']);
  assert.deepEqual(cells['a/health'], [
    'authentication: public! 21',
    'authorization: none! -',
    'limits: 1000/min per address 13',
    'limits: body 10MiB -',
    'validation: observe! 12',
  ]);
});

test('validation of replies is told, and that what is not described passes where it does', () => {
  const strict = GUARDED.replace('validate: observe', 'validate: strict');
  assert.equal(cellsOf(strict)['a/read']?.at(-1), 'validation: strict 12');
  const report = strict.replace('validate: strict\n', 'validate: strict\n    undescribed: report\n');
  assert.equal(cellsOf(report)['a/read']?.at(-1), 'validation: strict, undescribed fields pass! 12');
  assert.match(cellsOf(report)['a/refund']?.at(-1) ?? '', /^validation: requests /);
});

test('validation that nobody has spoken of is that of requests, and has no line', () => {
  const cells = cellsOf(GUARDED.replace('    validate: observe\n', ''));
  assert.equal(cells['a/read']?.at(-1), 'validation: requests -');
});

test('a permission that a description asks for has the line of the description, where its text is known', () => {
  const paths = { '/a': { get: { operationId: 'a', security: [{ o: ['a:read'] }], responses: {} } } };
  const document = { openapi: '3.1.0', info: { title: 'A', version: '1' }, paths };
  const text = JSON.stringify(document, null, 1);
  const bytes = new SharedArrayBuffer(Buffer.byteLength(text));
  Buffer.from(bytes).write(text);
  const described = { descriptions: { a: valueOf(describeApi(document, () => null)) }, documents: { a: bytes } };
  const kinds = kindTable([]);
  const lineIn = (more: object): string | null | undefined => {
    const { coverage } = snapshotOf(gatheredOf(GUARDED, kinds, { ...described, ...more }), kinds);
    return coverage[0]?.cells.find(({ aspect }) => aspect === 'authorization')?.from;
  };
  const line = text.split('\n').findIndex((each) => each.includes('"security"')) + 1;
  assert.equal(lineIn({ documentFiles: { a: '/etc/a.json' } }), `/etc/a.json:${line}`);
  assert.equal(lineIn({ documentFiles: {} }), '/etc/portcullis.yaml:9');
});

test('whose pages may read the replies of an operation stands in its row, open where any may', () => {
  const api = (name: string, cors: string): string =>
    `  ${name}: { routes: ['GET /${name}'], upstream: 'http://127.0.0.1:3001', auth: public${cors} }\n`;
  const all = [
    ...[api('a', ''), api('b', ', cors: off'), api('c', ', cors: { origins: [https://x.example] }')],
    ...[api('d', ", cors: { origins: '*' }"), api('e', ", cors: { origins: [https://x.example, 'null'] }")],
  ];
  const kinds = kindTable([kindOf('cors', {})]);
  const { coverage } = snapshotOf(gatheredOf(`apis:\n${all.join('')}`, kinds), kinds);
  const told = coverage.map(({ cells }) =>
    cells.filter(({ aspect }) => aspect === 'policy').map(({ holds, open }) => `${holds}${open ? '!' : ''}`),
  );
  const any = 'pages of any origin!';
  assert.deepEqual(told, [[], ['pages of no other origin'], ['pages of 1 listed'], [any], [any]]);
});
