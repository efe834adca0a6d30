import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TableDeclaration, Tables } from './tables.ts';

const KEYS: TableDeclaration = { name: 'keys', rowLimit: 3, staleAfterMs: 60_000, whenStale: 'deny' };

/** What every Tables promises. */
export function tablesContract(name: string, makeTables: () => Tables): void {
  describe(`${name} keeps the contract of Tables`, () => {
    testDeclaring(makeTables);
    testReplacing(makeTables);
    testBytes(makeTables);
    testRows(makeTables);
    testSharing(makeTables);
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
      assert.throws(() => tables.share(unknown));
      assert.throws(() => tables.take({ ...tables.share('keys'), declaration: { ...KEYS, name: unknown } }));
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

function testBytes(makeTables: () => Tables): void {
  test('rows of bytes in shared memory are given and sent as they are, and not mixed with others', () => {
    const tables = declared(makeTables);
    const bytes = new Uint8Array(new SharedArrayBuffer(8)).fill(7);
    const mine = new Map([['a', bytes]]);
    tables.replace('keys', 1, mine, 5);
    mine.delete('a');
    assert.equal(tables.read<Uint8Array>('keys').rows.get('a'), bytes);
    const other = declared(makeTables);
    other.take(tables.share('keys'));
    assert.equal(other.read<Uint8Array>('keys').rows.get('a')?.buffer, bytes.buffer);
    const mixed: readonly (readonly [string, unknown])[] = [
      ['a', bytes],
      ['b', 1],
    ];
    for (const rows of [mixed, mixed.toReversed()])
      assert.throws(() => tables.replace('keys', 2, new Map<string, unknown>(rows), 6));
    assert.equal(tables.read('keys').version, 1);
    tables.replace('keys', 2, new Map([['b', 1]]), 6);
    other.take(tables.share('keys'));
    assert.deepEqual([...other.read('keys').rows], [['b', 1]]);
    tables.replace('keys', 3, new Map(), 7);
    assert.equal(tables.read('keys').rows.size, 0);
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

function testRows(makeTables: () => Tables): void {
  test('rows are what was put in: plain data of every sort, under keys of every sort', () => {
    const tables = makeTables();
    tables.declare({ ...KEYS, rowLimit: 1_000 });
    const sorts = [null, true, false, 0, -1.5, 1e300, '', '\ud800 é', [], {}, [1, [null]], { a: { b: ['c'] }, '': 1 }];
    const keys = ['', '\0', '\ud800', '\ufffd', '__proto__', 'constructor', 'a'.repeat(65_536)];
    for (const [version, count] of [1, 20, 1_000].entries()) {
      const rows = new Map(
        Array.from({ length: count }, (_, at) => [keys[at] ?? `key ${at}`, sorts[at % sorts.length]]),
      );
      tables.replace('keys', version + 1, rows, 5);
      const read = tables.read('keys').rows;
      assert.deepEqual([...read], [...rows]);
      for (const [key, row] of rows) assert.deepEqual([read.has(key), read.get(key)], [true, row]);
      for (const other of ['other', 'toString', '\0\0', '\udc00']) assert.equal(read.get(other), undefined);
    }
  });

  test('what was put in may change afterwards, the rows do not', () => {
    const tables = declared(makeTables);
    const row = { roles: ['a'] };
    tables.replace('keys', 1, new Map([['a', row]]), 5);
    row.roles.push('admin');
    assert.deepEqual(tables.read('keys').rows.get('a'), { roles: ['a'] });
  });

  test('a row that is no plain data throws and changes nothing', () => {
    const tables = declared(makeTables);
    tables.replace('keys', 1, new Map([['a', 1]]), 5);
    const sorts = [undefined, Number.NaN, -0, 1n, new Date(0), new Map(), new Uint8Array(1), () => 1];
    for (const [at, unfit] of sorts.entries()) {
      for (const row of [unfit, [unfit], { a: unfit }]) {
        const rows = new Map<string, unknown>([['b', 1]]).set('c', row);
        assert.throws(() => tables.replace('keys', 2, rows, 6), `number ${at}`);
      }
    }
    const now = tables.read('keys');
    assert.deepEqual([now.version, now.filledAtMs, [...now.rows]], [1, 5, [['a', 1]]]);
  });

  test('a row is the same object each time that it is read', () => {
    const tables = declared(makeTables);
    tables.replace('keys', 1, new Map([['a', {}]]), 5);
    const { rows } = tables.read('keys');
    assert.ok(rows.get('a') !== undefined);
    assert.equal(rows.get('a'), tables.read('keys').rows.get('a'));
    assert.equal([...rows.values()][0], rows.get('a'));
  });
}

function testSharing(makeTables: () => Tables): void {
  test('a version that was shared is the same where it is taken, and can be shared from there', () => {
    const [here, there, beyond] = [declared(makeTables), declared(makeTables), declared(makeTables)];
    let calls = 0;
    there.onReplace('keys', () => calls++);
    here.replace('keys', 3, new Map([['a', { b: 1 }]]), 5);
    there.take(structuredClone(here.share('keys')));
    beyond.take(there.share('keys'));
    for (const tables of [there, beyond]) {
      const { declaration, version, filledAtMs, rows } = tables.read('keys');
      assert.deepEqual([declaration, version, filledAtMs, [...rows]], [KEYS, 3, 5, [['a', { b: 1 }]]]);
    }
    assert.equal(calls, 1);
  });

  test('a version that was shared does not change with the next one', () => {
    const [here, there] = [declared(makeTables), declared(makeTables)];
    here.replace('keys', 1, new Map([['a', 1]]), 5);
    const shared = here.share('keys');
    here.replace('keys', 2, new Map([['b', 2]]), 6);
    there.take(shared);
    assert.deepEqual([there.read('keys').version, [...there.read('keys').rows]], [1, [['a', 1]]]);
  });

  test('what can not be taken throws and changes nothing: old, never filled, too many, of other words, no rows', () => {
    const wide = makeTables();
    wide.declare({ ...KEYS, rowLimit: 9 });
    wide.replace('keys', 9, new Map(['a', 'b', 'c', 'd'].map((key) => [key, 1])), 6);
    const tables = declared(makeTables);
    const never = tables.share('keys');
    tables.replace('keys', 5, new Map([['a', 1]]), 5);
    const shared = tables.share('keys');
    let calls = 0;
    tables.onReplace('keys', () => calls++);
    const next = { ...shared, version: 6 };
    const unfit = [
      ...[shared, { ...shared, version: 4 }, { ...shared, version: Number.NaN }, never, { ...never, version: 6 }],
      ...[wide.share('keys'), { ...wide.share('keys'), declaration: KEYS }],
      ...[
        { ...next, declaration: { ...KEYS, whenStale: 'serve' as const } },
        { ...next, filledAtMs: Number.NaN },
      ],
      ...[
        { ...next, memory: new SharedArrayBuffer(0) },
        { ...next, memory: new SharedArrayBuffer(4_096) },
      ],
    ];
    for (const [at, table] of unfit.entries()) assert.throws(() => tables.take(table), `number ${at}`);
    const { version, rows, filledAtMs } = tables.read('keys');
    assert.deepEqual([version, [...rows], filledAtMs, calls], [5, [['a', 1]], 5, 0]);
    tables.take(next);
    assert.equal(tables.read('keys').version, 6);
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
