import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ClosedHow, StreamTable } from './stream-table.ts';

function tableOf(limit = 100): StreamTable<string> {
  return new StreamTable<string>(limit);
}

test('streams are found while they are open, and walked through in the order of their numbers', () => {
  const table = tableOf();
  assert.deepEqual([table.size, table.lastId, [...table]], [0, 0, []]);
  for (const id of [1, 5, 9]) table.open(id, `stream ${id}`);
  assert.equal(table.get(5), 'stream 5');
  assert.equal(table.get(3), undefined);
  assert.deepEqual([table.size, table.lastId, [...table]], [3, 9, ['stream 1', 'stream 5', 'stream 9']]);
  for (const stream of table) if (stream === 'stream 1') table.close(5, 'ended');
  assert.deepEqual([...table], ['stream 1', 'stream 9']);
});

test('how a stream was closed is known', () => {
  const table = tableOf();
  const ways: readonly ClosedHow[] = ['ended', 'reset-by-peer', 'reset-by-us', 'refused'];
  ways.forEach((how, number) => {
    table.open(2 * number + 1, 'x');
    table.close(2 * number + 1, how);
  });
  assert.deepEqual(
    [1, 3, 5, 7].map((id) => table.howClosed(id)),
    ways,
  );
  assert.equal(table.size, 0);
  assert.equal(table.howClosed(9), 'idle');
});

test('numbers that were left out are closed too, and nobody knows how', () => {
  const table = tableOf();
  assert.equal(table.howClosed(1), 'idle');
  table.open(7, 'x');
  assert.equal(table.howClosed(5), 'unknown');
  table.close(7, 'ended');
  for (const id of [1, 3, 5, 2, 6]) assert.equal(table.howClosed(id), 'unknown', String(id));
  assert.equal(table.howClosed(8), 'idle');
});

test('a refused stream was never open, and its number is used up', () => {
  const table = tableOf();
  table.close(11, 'refused');
  assert.deepEqual([table.size, table.lastId], [0, 11]);
  assert.equal(table.howClosed(11), 'refused');
  assert.throws(() => table.open(9, 'x'));
});

test('no more are opened than may be, nor one with a number that was there', () => {
  const table = tableOf(2);
  table.open(1, 'x');
  assert.equal(table.isFull, false);
  table.open(3, 'x');
  assert.equal(table.isFull, true);
  assert.throws(() => table.open(5, 'x'));
  table.close(1, 'ended');
  assert.throws(() => table.open(3, 'x'));
  assert.throws(() => table.open(1, 'x'));
  table.open(5, 'x');
});

test('the last 256 are remembered, and none is ever taken for another', () => {
  const odd = fc.integer({ min: 0, max: 2 ** 30 - 1 }).map((half) => 2 * half + 1);
  const way = fc.constantFrom<ClosedHow>('ended', 'reset-by-peer', 'reset-by-us', 'refused');
  fc.assert(
    fc.property(fc.array(fc.tuple(odd, way), { maxLength: 40 }), fc.array(odd), (closings, others) => {
      const table = tableOf();
      const known = new Map<number, ClosedHow>();
      for (const [id, how] of closings) {
        table.close(id, how);
        known.set(id, how);
      }
      for (const id of [...known.keys(), ...others]) {
        const found = table.howClosed(id);
        if (found === 'idle') assert.ok(id > table.lastId);
        else if (found !== 'unknown') assert.equal(found, known.get(id));
      }
    }),
  );
  const table = tableOf();
  for (let id = 1; id < 2 ** 31 - 1; id += 2 ** 22 + 2) table.close(id, 'reset-by-us');
  const first = 2 ** 31 - 1 - 2 * 255;
  for (let id = first; id < 2 ** 31; id += 2) table.close(id, 'ended');
  for (let id = first; id < 2 ** 31; id += 2) assert.equal(table.howClosed(id), 'ended');
  assert.equal(table.howClosed(first - 512), 'unknown');
});
