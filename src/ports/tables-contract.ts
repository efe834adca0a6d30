import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TableDeclaration, Tables } from './tables.ts';

const KEYS: TableDeclaration = { name: 'keys', rowLimit: 3, staleAfterMs: 60_000, whenStale: 'deny' };

/** What every Tables promises. */
export function tablesContract(name: string, makeTables: () => Tables): void {
  describe(`${name} keeps the contract of Tables`, () => {
    testDeclaring(makeTables);
    testReplacing(makeTables);
    testListening(makeTables);
  });
}

function declared(makeTables: () => Tables): Tables {
  const tables = makeTables();
  tables.declare(KEYS);
  return tables;
}

function testDeclaring(makeTables: () => Tables): void {
  test('a table that was never filled is empty and says so', () => {
    const { declaration, version, filledAtMs, rows } = declared(makeTables).read('keys');
    assert.deepEqual(declaration, KEYS);
    assert.deepEqual([version, filledAtMs, rows.size], [0, null, 0]);
  });

  test('declaring again with the same words keeps the rows, with others it throws', () => {
    const tables = declared(makeTables);
    tables.replace('keys', 1, new Map([['a', 1]]), 5);
    tables.declare({ ...KEYS });
    assert.equal(tables.read('keys').rows.size, 1);
    for (const other of [{ rowLimit: 4 }, { staleAfterMs: 1 }, { whenStale: 'serve' as const }]) {
      assert.throws(() => tables.declare({ ...KEYS, ...other }));
    }
    assert.equal(tables.read('keys').declaration.rowLimit, 3);
  });

  test('a name that was never declared throws, also one that every object has', () => {
    const tables = declared(makeTables);
    for (const unknown of ['', 'Keys', 'constructor', '__proto__']) {
      assert.throws(() => tables.read(unknown));
      assert.throws(() => tables.replace(unknown, 1, new Map(), 0));
      assert.throws(() => tables.onReplace(unknown, () => {}));
    }
  });

  test('a table without bounds cannot be declared', () => {
    const tables = makeTables();
    for (const rowLimit of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => tables.declare({ ...KEYS, rowLimit }));
    }
    assert.throws(() => tables.declare({ ...KEYS, staleAfterMs: Number.NaN }));
  });
}

function testReplacing(makeTables: () => Tables): void {
  test('a replacement takes the place of all earlier rows', () => {
    const tables = declared(makeTables);
    tables.replace('keys', 1, new Map([['a', 1]]), 5);
    tables.replace('keys', 7, new Map([['b', 2]]), 6);
    const now = tables.read<number>('keys');
    assert.deepEqual([...now.rows], [['b', 2]]);
    assert.deepEqual([now.version, now.filledAtMs], [7, 6]);
  });

  test('a version that was read never changes afterwards', () => {
    const tables = declared(makeTables);
    const mine = new Map([['a', 1]]);
    tables.replace('keys', 1, mine, 5);
    const before = tables.read<number>('keys');
    mine.set('sneaked', 2);
    tables.replace('keys', 2, new Map(), 6);
    assert.deepEqual([...before.rows], [['a', 1]]);
    assert.equal(before.version, 1);
  });

  test('a version that does not grow, or more rows than the limit, throws and changes nothing', () => {
    const tables = declared(makeTables);
    let calls = 0;
    tables.replace('keys', 5, new Map([['a', 1]]), 5);
    tables.onReplace('keys', () => calls++);
    for (const version of [5, 4, 0, -1, 5.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => tables.replace('keys', version, new Map(), 6), String(version));
    }
    const many = new Map(['a', 'b', 'c', 'd'].map((key) => [key, 1]));
    assert.throws(() => tables.replace('keys', 6, many, 6));
    assert.throws(() => tables.replace('keys', 6, new Map(), Number.NaN));
    const now = tables.read<number>('keys');
    assert.deepEqual([now.version, now.rows.size, now.filledAtMs, calls], [5, 1, 5, 0]);
  });

  test('tables do not touch each other', () => {
    const tables = declared(makeTables);
    tables.declare({ ...KEYS, name: 'blocks' });
    tables.replace('keys', 1, new Map([['a', 1]]), 5);
    assert.equal(tables.read('blocks').rows.size, 0);
  });
}

function testListening(makeTables: () => Tables): void {
  test('a listener is called after each replacement and sees the new rows, until it stops', () => {
    const tables = declared(makeTables);
    const seen: number[] = [];
    const stop = tables.onReplace('keys', () => seen.push(tables.read('keys').version));
    tables.replace('keys', 1, new Map(), 5);
    tables.replace('keys', 2, new Map(), 6);
    stop();
    stop();
    tables.replace('keys', 3, new Map(), 7);
    assert.deepEqual(seen, [1, 2]);
  });

  test('a listener that throws hinders neither the replacement nor the others', () => {
    const tables = declared(makeTables);
    let calls = 0;
    tables.onReplace('keys', () => {
      throw new Error('a bug in a listener');
    });
    tables.onReplace('keys', () => calls++);
    tables.replace('keys', 1, new Map([['a', 1]]), 5);
    assert.deepEqual([tables.read('keys').version, calls], [1, 1]);
  });

  test('a listener stopped by another one during the call is not called any more', () => {
    const tables = declared(makeTables);
    let calls = 0;
    tables.onReplace('keys', () => stop());
    const stop = tables.onReplace('keys', () => calls++);
    tables.replace('keys', 1, new Map(), 5);
    assert.equal(calls, 0);
  });
}
