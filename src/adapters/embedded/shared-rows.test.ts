import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { halfSipHash } from './shared-rows-hash.ts';
import { packRows } from './shared-rows.ts';
import { HEAD_WORDS, TABLE_BYTES_LIMIT, WORD } from './shared-rows-layout.ts';
import { readRows } from './shared-rows-view.ts';

const ODD_KEYS = [
  ...['', '\0', '\0\0', 'a', 'a\0', '\ud800', '\udc00', '\ud800\udc00', '\ufffd', 'é', 'e\u0301', 'İ', ' '],
  ...['__proto__', 'constructor', 'toString', 'a'.repeat(65_536), `${'a'.repeat(65_535)}b`],
];

/** A value as a row may have it. -0 is none. */
const plain = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const keyText = fc.oneof(fc.constantFrom(...ODD_KEYS), fc.string({ unit: 'binary' }), fc.string({ maxLength: 3 }));

/** So many rows beside the given ones that none is decoded ahead of its use. */
function padded(rows: ReadonlyMap<string, unknown>, count = 300): Map<string, unknown> {
  return new Map([...rows, ...Array.from({ length: count }, (_, at) => [`filling ${at}`, { at }] as const)]);
}

function isSame(view: ReadonlyMap<string, unknown>, rows: ReadonlyMap<string, unknown>): void {
  assert.equal(view.size, rows.size);
  assert.deepEqual([...view], [...rows]);
  assert.deepEqual([...view.keys()], [...rows.keys()]);
  assert.deepEqual([...view.values()], [...rows.values()]);
  assert.deepEqual([...view.entries()], [...rows.entries()]);
  const seen: unknown[] = [];
  view.forEach((row, key, all) => seen.push([key, row, all === view]));
  assert.deepEqual(
    seen,
    [...rows].map(([key, row]) => [key, row, true]),
  );
  for (const [key, row] of rows) {
    assert.ok(view.has(key));
    assert.deepEqual(view.get(key), row);
  }
}

test('shared rows are what a Map of them is, few or many, with keys and rows of every kind', () => {
  const entries = fc.array(fc.tuple(keyText, plain), { maxLength: 40 });
  fc.assert(
    fc.property(entries, fc.array(keyText), fc.constantFrom(0, 300), (given, others, filling) => {
      const rows = padded(new Map(given), filling);
      const view = readRows(packRows(rows));
      isSame(view, rows);
      for (const key of others) {
        assert.equal(view.has(key), rows.has(key));
        assert.deepEqual(view.get(key), rows.get(key));
      }
    }),
    { numRuns: 150 },
  );
});

test('every odd key has its own row, and a key that differs in one unit has none', () => {
  for (const filling of [0, 300]) {
    const rows = padded(new Map(ODD_KEYS.map((key, at) => [key, at])), filling);
    const view = readRows(packRows(rows));
    isSame(view, rows);
    for (const key of ODD_KEYS) for (const other of [`${key}!`, `!${key}`]) assert.equal(view.has(other), false);
    assert.equal(view.get('valueOf'), undefined);
  }
});

test('no rows are no rows', () => {
  const view = readRows(packRows(new Map()));
  assert.deepEqual([view.size, view.get(''), view.has('a'), [...view]], [0, undefined, false, []]);
});

test('the bytes of texts survive: lone surrogates, NUL, separators of lines, quotes', () => {
  const text = '\ud800 \udfff \0 \u2028 \u2029 " \\ \u{1f600} é \u007f';
  const rows = padded(new Map([['a', { [text]: [text, ''] }]]));
  assert.deepEqual(readRows(packRows(rows)).get('a'), { [text]: [text, ''] });
});

test('a member called __proto__ is a member and changes no prototype', () => {
  const row = JSON.parse('{"__proto__":{"admin":true},"a":1}') as object;
  const read = readRows<object>(packRows(padded(new Map([['a', row]])))).get('a') as object;
  assert.ok(Object.hasOwn(read, '__proto__'));
  assert.equal((read as { admin?: boolean }).admin, undefined);
  assert.equal(Object.getPrototypeOf(read), Object.prototype);
});

class Classy {
  readonly a = 1;
}

test('what would not come back the same is refused, wherever it is', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const gap = Object.assign(new Array<unknown>(1), { name: 1 });
  const named = Object.assign([1], { name: 1 });
  const hidden = Object.defineProperty({}, 'a', { value: 1, enumerable: false });
  const deep: unknown = JSON.parse(`${'['.repeat(17)}1${']'.repeat(17)}`);
  const unfit: readonly unknown[] = [
    ...[
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      1n,
      Symbol('a'),
      () => 1,
      new Date(0),
      new Map(),
      new Set(),
    ],
    ...[
      new Uint8Array(1),
      Buffer.from('a'),
      new Classy(),
      Object.create(null) as unknown,
      /a/,
      new Error('a'),
      Promise.resolve(),
    ],
    ...[circle, gap, new Array<unknown>(2), named, hidden, { [Symbol('a')]: 1 }, deep, new String('a'), new Number(1)],
  ];
  for (const [at, row] of unfit.entries()) {
    for (const around of [row, [row], { a: row }, [{ a: [row] }]]) {
      assert.throws(() => packRows(new Map([['a', around]])), TypeError, `number ${at}`);
    }
  }
});

test('a refusal does not say what the row holds', () => {
  const row = { 'a secret': { key: 'another secret', fault: undefined } };
  assert.throws(
    () => packRows(new Map([['a third', row]])),
    (fault: Error) => !fault.message.includes('secret') && !fault.message.includes('third'),
  );
});

test('rows that take more than a table may have are refused', () => {
  const megabyte = 'a'.repeat(2 ** 20);
  const rows = new Map(Array.from({ length: 63 }, (_, at) => [`${at}`, megabyte]));
  assert.ok(packRows(rows).byteLength <= TABLE_BYTES_LIMIT);
  rows.set('one', megabyte);
  assert.throws(() => packRows(rows), RangeError);
  // A key takes two bytes a unit.
  assert.throws(() => packRows(new Map([['a'.repeat(TABLE_BYTES_LIMIT / 2), 1]])), RangeError);
});

test('a row is the same object each time, few rows or many, as long as it is among those used last', () => {
  for (const count of [0, 300, 2_000]) {
    const view = readRows<object>(packRows(padded(new Map([['a', {}]]), count)));
    const first = view.get('a');
    assert.equal(view.get('a'), first);
    assert.equal([...view.values()][0], first, 'going through all gives the same');
    for (let at = 0; at < count; at++) view.get(`filling ${at}`);
    assert.equal(view.get('a'), first);
  }
});

test('a large table keeps a bounded number of rows decoded, those used last', () => {
  const count = 10_000;
  const view = readRows<object>(packRows(padded(new Map([['used', {}]]), count)));
  const used = view.get('used');
  const first = view.get('filling 0');
  for (let at = 0; at < count; at++) {
    view.get(`filling ${at}`);
    if (at % 1_000 === 0) assert.equal(view.get('used'), used);
  }
  assert.notEqual(view.get('filling 0'), first, 'it was used too long ago');
  assert.deepEqual(view.get('filling 0'), { at: 0 });
  const kept = view.get('used');
  for (const row of view.values()) assert.ok(row);
  assert.equal(view.get('used'), kept, 'going through all displaces nothing');
});

test('a key is compared whole, also with a row whose key has the same hash', () => {
  const memory = packRows(padded(new Map([['filling', 'row']])));
  const words = new Uint32Array(memory, 0, HEAD_WORDS + 1_024 * 2);
  for (const other of ['fillin', 'fillinG', 'filling!', 'gnillif']) {
    const hash = halfSipHash(other, words[WORD.key0] as number, words[WORD.key1] as number);
    let slot = hash & 1_023;
    while (words[HEAD_WORDS + slot * 2 + 1] !== 0) slot = (slot + 1) & 1_023;
    // As if the first row's key had that hash.
    words.set([hash, 1], HEAD_WORDS + slot * 2);
    assert.equal(readRows(memory).get(other), undefined);
    assert.equal(readRows(memory).has(other), false);
  }
  assert.equal(readRows(memory).get('filling'), 'row');
});

test('the collector counts the memory of a table that is read', () => {
  const text = 'x'.repeat(1_000);
  const memory = packRows(new Map(Array.from({ length: 20_000 }, (_, at) => [`${at}`, text])));
  // What was counted before may be collected at any moment, and hide what is added: the most of some looks tells.
  const views: ReturnType<typeof readRows>[] = [];
  const grown = Array.from({ length: 5 }, () => {
    const before = process.memoryUsage().external;
    views.push(readRows(memory));
    return process.memoryUsage().external - before;
  });
  assert.ok(Math.max(...grown) > memory.byteLength / 2);
  for (const view of views) assert.equal(view.size, 20_000);
});

test('memory that holds no rows, or not all of them, is refused', () => {
  const whole = packRows(padded(new Map()));
  const cut = (bytes: number): SharedArrayBuffer => {
    const memory = new SharedArrayBuffer(Math.max(0, whole.byteLength + bytes));
    const part = new Uint8Array(whole).subarray(0, memory.byteLength);
    new Uint8Array(memory).set(part);
    return memory;
  };
  assert.equal(readRows(cut(0)).size, 300);
  for (const bytes of [-1, 1, 2, -100, 40 - whole.byteLength, 24 - whole.byteLength, -whole.byteLength]) {
    assert.throws(() => readRows(cut(bytes)), TypeError, String(bytes));
  }
  // The format, the number of rows, the number of slots, and the last text's end.
  const last = 6 + 1_024 * 2 + 300 * 2;
  for (const word of [0, 1, 2, last]) {
    const memory = cut(0);
    const words = new Uint32Array(memory, 0, last + 1);
    for (const value of [0, 0xffffffff]) {
      words[word] = value;
      assert.throws(() => readRows(memory), TypeError, `word ${word} is ${value}`);
    }
  }
  for (const other of [null, undefined, {}, new Map(), new ArrayBuffer(64)]) {
    assert.throws(() => readRows(other as unknown as SharedArrayBuffer), TypeError);
  }
});
