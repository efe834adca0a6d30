import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packGathered } from '../config/index.ts';
import { compile } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { coverageInSlices } from './coverage-in-slices.ts';
import { gatheredOf, NO_TABLES, valueOf } from './fixture.test.ts';

const NO_KINDS = kindTable([]);
const CONTEXT = { kinds: NO_KINDS, tables: NO_TABLES };
const ROUTES = Array.from({ length: 150 }, (_, index) => `GET /x${index}/{id}`);

function textOf(routes: readonly string[]): string {
  return `apis:\n  a:\n    routes: ${JSON.stringify(routes)}\n    upstream: http://127.0.0.1:3001\n    auth: public\n`;
}

test('coverage in slices is the coverage of the Snapshot, with a pause for every sixty-four rows', async () => {
  const gathered = gatheredOf(textOf(ROUTES), NO_KINDS);
  let pauses = 0;
  const rows = await coverageInSlices(packGathered(gathered), CONTEXT, () => Promise.resolve(void (pauses += 1)));
  assert.deepEqual(valueOf(rows), valueOf(compile(gathered, CONTEXT)).coverage);
  assert.equal(valueOf(rows).length, ROUTES.length);
  assert.ok(pauses >= 3, `${pauses} pauses`);
});

test('routes that can not be built have no coverage but issues', async () => {
  const gathered = gatheredOf(textOf(['GET /.portcullis/x']), NO_KINDS);
  const rows = await coverageInSlices(packGathered(gathered), CONTEXT, () => Promise.resolve());
  assert.ok(!rows.ok && rows.error.length > 0);
});
