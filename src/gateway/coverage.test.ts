import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindTable } from './compile.ts';
import { gatheredOf, kindOf, snapshotOf } from './fixture.test.ts';

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
