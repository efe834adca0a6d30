import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiText, gatheredOf, kindOf, NO_TABLES, step } from './fixture.test.ts';
import { compile, verify } from './compile.ts';
import { kindTable } from './kind-table.ts';
import type { PolicyKind } from '../policy/index.ts';

/** What is wrong with an operation that offers WebSocket. */
function issuesOf(route: string, kinds: readonly PolicyKind<never>[] = [], upstream = 'http://127.0.0.1:1'): string[] {
  const table = kindTable(kinds);
  const api = `routes: ['${route}']\n    operations: { '${route}': { websocket: on } }`;
  const compiled = compile(gatheredOf(apiText(upstream, [...table.keys()], api), table), {
    kinds: table,
    tables: NO_TABLES,
  });
  const issues = compiled.ok ? verify(compiled.value) : compiled.error;
  return issues.map(({ path, message }) => `${path}: ${message}`);
}

const PATH = (route: string): string => `apis.a.operations["${route}"].websocket`;

test('a GET with policies that read no bodies can offer WebSocket', () => {
  assert.deepEqual(issuesOf('GET /chat', [kindOf('blind', { respond: step(() => ({ kind: 'pass' })) })]), []);
});

test('no other method can', () => {
  for (const route of ['POST /chat', '* /chat'])
    assert.deepEqual(issuesOf(route), [`${PATH(route)}: only a GET can be upgraded to WebSocket`]);
});

test('an upstream over HTTP/2 can not be asked', () => {
  assert.deepEqual(issuesOf('GET /chat', [], '{ targets: [https://a.test], protocol: h2 }'), [
    `${PATH('GET /chat')}: WebSocket goes to upstreams over HTTP/1.1 only`,
  ]);
});

test('beside a policy that reads bodies it is refused: frames would pass it unread', () => {
  const message = 'a policy of this operation reads bodies, and none can read the frames of a WebSocket';
  for (const reader of [
    kindOf('reader', { inspect: step(() => ({ kind: 'pass' }), { request: 'raw' }) }),
    kindOf('reader', { respond: step(() => ({ kind: 'pass' }), { response: 'parsed' }) }),
    kindOf('reader', { respond: step(() => ({ kind: 'pass' }), { response: 'tap' }) }),
  ])
    assert.deepEqual(issuesOf('GET /chat', [reader]), [`${PATH('GET /chat')}: ${message}`]);
});
