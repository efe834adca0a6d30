import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableDeclaration } from '../../ports/index.ts';
import { createMemoryTables } from './memory-tables.ts';
import { startReader } from './shared-rows-thread.test.ts';

const ROWS = 100_000;
const BLOCKS: TableDeclaration = { name: 'blocks', rowLimit: ROWS, staleAfterMs: 1_000, whenStale: 'deny' };

const keyOf = (at: number): string => `subject ${at} é`;
const rowOf = (at: number, version: number) => ({ at, version, roles: ['reader', 'writer'], until: null });

function manyRows(version: number): Map<string, unknown> {
  return new Map(Array.from({ length: ROWS }, (_, at) => [keyOf(at), rowOf(at, version)]));
}

test('a thread reads 100,000 rows where they lie: nothing of them is copied into its heap', async () => {
  const tables = createMemoryTables({ log: { write() {} } });
  tables.declare(BLOCKS);
  const reader = startReader();
  try {
    for (const version of [1, 2]) {
      tables.replace(BLOCKS.name, version, manyRows(version), 5);
      const asked = [0, 1, 4_999, ROWS - 1];
      const keys = [...asked.map(keyOf), keyOf(ROWS), '', 'subject 1'];
      const answer = await reader.ask({ table: tables.share(BLOCKS.name), keys });
      assert.deepEqual([answer.size, answer.version], [ROWS, version]);
      assert.deepEqual(answer.found, [...asked.map((at) => rowOf(at, version)), null, null, null]);
      // A copy takes 30 MB and more.
      const { before, after } = answer.heapBytes;
      assert.ok(after - before < 8 * 2 ** 20, `${after - before} bytes of heap`);
    }
  } finally {
    await reader.end();
  }
});

test('threads have one memory of a table that is not small', async () => {
  const tables = createMemoryTables({ log: { write() {} } });
  tables.declare(BLOCKS);
  const filling = Array.from({ length: 300 }, (_, at) => [keyOf(at), 'x'] as const);
  tables.replace(BLOCKS.name, 1, new Map([...filling, ['a', 'one']]), 5);
  const { memory } = tables.share(BLOCKS.name);
  const reader = startReader();
  try {
    const declaration = { ...BLOCKS, name: 'others' };
    const ask = (version: number) =>
      reader.ask({ table: { declaration, version, filledAtMs: 5, memory }, keys: ['a'] });
    assert.deepEqual((await ask(1)).found, ['one']);
    // Nobody may write there. That this is seen over there shows that it is the same memory.
    Buffer.from(memory).write('"two"', memory.byteLength - 6);
    assert.deepEqual((await ask(2)).found, ['two']);
  } finally {
    await reader.end();
  }
});
