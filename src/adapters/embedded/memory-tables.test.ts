import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablesContract } from '../../ports/tables-contract.ts';
import { createMemoryTables } from './memory-tables.ts';

tablesContract('tables in memory', () => createMemoryTables({ log: { write: () => {} } }));

test('a listener that throws is reported', () => {
  const lines: unknown[] = [];
  const tables = createMemoryTables({ log: { write: (...line) => lines.push(line) } });
  tables.declare({ name: 'keys', rowLimit: 1, staleAfterMs: 1, whenStale: 'serve' });
  tables.onReplace('keys', () => {
    throw new Error('a bug');
  });
  tables.replace('keys', 1, new Map(), 0);
  assert.deepEqual(lines, [
    ['error', 'table.listener-failed', 'what depends on a live table failed', { table: 'keys', error: 'Error: a bug' }],
  ]);
});

test('tables and listeners without end are a leak and throw', () => {
  const tables = createMemoryTables({ log: { write: () => {} } });
  for (let n = 0; n < 4_096; n++) tables.declare({ name: `t${n}`, rowLimit: 1, staleAfterMs: 1, whenStale: 'serve' });
  assert.throws(() => tables.declare({ name: 'more', rowLimit: 1, staleAfterMs: 1, whenStale: 'serve' }), RangeError);
  for (let n = 0; n < 256; n++) tables.onReplace('t0', () => {});
  assert.throws(() => tables.onReplace('t0', () => {}), RangeError);
});
