import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../../../base/index.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable } from '../../role-table.ts';
import type { SanitizeConfig } from './config.ts';
import { createSanitizeKind } from './kind.ts';

const BODY: SanitizeConfig = {
  api: { body: { '/a': ['trim'] }, query: { q: ['trim'] } },
  operations: {},
  keyPath: 'apis.a.sanitize',
};

function compiled(config: SanitizeConfig, method: string, ranges: readonly string[] | null) {
  const described = ranges && {
    requestBody: ranges.length === 0 ? null : { content: ranges.map((mediaRange) => ({ mediaRange })) },
  };
  const operation = { id: 'a/x', api: 'a', name: 'x', method, template: '/x', described } as unknown as Operation;
  const issuers = { has: () => false, names: () => [] };
  const at = { name: 'a/sanitize', api: 'a', operations: [operation], roles: createRoleTable([], []), issuers };
  return createSanitizeKind().compile(config, at, {} as never);
}

function partsOf(config: SanitizeConfig, method: string, ranges: readonly string[] | null = null): readonly string[] {
  const steps = compiled(config, method, ranges);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join('\n'));
  return Object.keys(steps.value.get('a/x')?.clean ?? {});
}

test('a body is collected only where one may come and something of it is cleaned', () => {
  assert.deepEqual(partsOf(BODY, 'POST'), ['query', 'body']);
  assert.deepEqual(partsOf(BODY, 'GET'), ['query']);
  assert.deepEqual(partsOf(BODY, 'GET', ['application/json']), ['query', 'body']);
  assert.deepEqual(partsOf({ ...BODY, api: { body: {}, query: { q: ['trim'] } } }, 'POST'), ['query']);
  assert.deepEqual(partsOf({ ...BODY, api: { body: { '/a': ['trim'] }, query: {} } }, 'GET'), []);
  assert.deepEqual(partsOf({ ...BODY, operations: { x: null } }, 'POST'), []);
  assert.deepEqual(partsOf({ ...BODY, api: null }, 'POST'), []);
});

test('a description that takes what is not cleaned is an issue, which says how to go on', () => {
  for (const range of ['application/xml', 'text/plain', 'image/png', 'multipart/mixed', 'application/jsonx']) {
    const steps = compiled(BODY, 'POST', ['application/json', range]);
    assert.ok(!steps.ok, range);
    assert.equal(
      steps.error.map(formatIssue).join('\n'),
      `apis.a.sanitize: a/x takes ${range}, of which nothing is cleaned (write \`sanitize: off\` for this operation, or take the format out of the description)`,
    );
  }
  const read = ['application/json; charset=utf-8', 'Application/Patch+JSON', 'multipart/form-data', '*/*', 'text/json'];
  assert.deepEqual(partsOf(BODY, 'POST', [...read, 'application/x-www-form-urlencoded']), ['query', 'body']);
});
