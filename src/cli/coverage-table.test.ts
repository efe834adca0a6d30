import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoverageRow } from '../base/index.ts';
import type { CommandContext } from './context.ts';
import { coverageTable } from './coverage-table.ts';

test('operations that bodies name are told apart, though one method and path leads to all', () => {
  const route: CoverageRow = {
    ...{ operation: 'shop/POST /graphql', api: 'shop', method: 'POST', template: '/graphql' },
    ...{ namedInBody: null, cells: [] },
  };
  const refund: CoverageRow = { ...route, operation: 'shop/Mutation.refund', namedInBody: 'Mutation.refund' };
  const context = { color: false, workingFolder: '/etc' } as CommandContext;
  const [, ...lines] = coverageTable([route, refund], '/etc/portcullis.yaml', context, new Map()).split('\n');
  const places = lines.slice(0, 2).map((line) => line.split(/ {2,}/).slice(0, 2));
  assert.deepEqual(places, [
    ['POST', '/graphql'],
    ['POST', '/graphql Mutation.refund'],
  ]);
});
