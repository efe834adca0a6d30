import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedTable } from '../ports/index.ts';
import { type TableReader, TableSpread } from './table-spread.ts';

class Reader implements TableReader {
  readonly got: [name: string, version: number][] = [];
  useTable({ declaration, version }: SharedTable): void {
    this.got.push([declaration.name, version]);
  }
}

function table(name: string, version: number): SharedTable {
  const declaration = { name, rowLimit: 9, staleAfterMs: 1, whenStale: 'serve' } as const;
  return { declaration, version, filledAtMs: version === 0 ? null : 5, memory: new SharedArrayBuffer(0) };
}

/** Whether it has resolved by now. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return done;
}

function serving(spread: TableSpread): Reader {
  const reader = new Reader();
  spread.add(reader);
  spread.serves(reader);
  return reader;
}

test('every thread gets each new version, and a new one the newest of all', () => {
  const spread = new TableSpread();
  const first = serving(spread);
  spread.use(table('keys', 1));
  spread.use(table('keys', 2));
  spread.use(table('blocks', 1));
  const second = serving(spread);
  spread.use(table('blocks', 2));
  assert.deepEqual(first.got, [
    ['keys', 1],
    ['keys', 2],
    ['blocks', 1],
    ['blocks', 2],
  ]);
  assert.deepEqual(second.got, [
    ['keys', 2],
    ['blocks', 1],
    ['blocks', 2],
  ]);
});

test('a version is in force when every thread that serves has taken it, or a later one', async () => {
  const spread = new TableSpread();
  const [first, second] = [serving(spread), serving(spread)];
  spread.use(table('keys', 1));
  const counts = spread.inForce('keys', 1);
  assert.equal(spread.isSettled('keys'), false);
  spread.taken(first, 'keys', 1);
  spread.taken(second, 'blocks', 1);
  assert.equal(await isDone(counts), false);
  spread.taken(second, 'keys', 2);
  assert.equal(await isDone(counts), true);
  assert.equal(spread.isInForce('keys', 2), false, 'the first is behind');
  spread.taken(second, 'keys', 1);
  assert.equal(spread.isInForce('keys', 1), true, 'a late answer takes nothing back');
});

test('a thread that has ended is not waited for, nor one that has not begun to serve', async () => {
  const spread = new TableSpread();
  const first = serving(spread);
  const stuck = serving(spread);
  const starting = new Reader();
  spread.add(starting);
  spread.use(table('keys', 1));
  spread.use(table('never filled', 0));
  const settled = spread.settled();
  spread.taken(first, 'keys', 1);
  assert.equal(await isDone(settled), false);
  spread.remove(stuck);
  assert.equal(await isDone(settled), true);
  spread.taken(stuck, 'keys', 9);
  spread.serves(starting);
  assert.equal(spread.isSettled('keys'), false, 'now it is waited for');
  spread.taken(starting, 'keys', 1);
  assert.equal(spread.isSettled('keys'), true);
});

test('without threads and without tables nothing is waited for', async () => {
  const spread = new TableSpread();
  assert.equal(await isDone(spread.settled()), true);
  assert.equal(await isDone(spread.inForce('keys', 7)), true);
  assert.equal(spread.isSettled('unknown'), true);
});
