import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BareItem, FieldItem, FieldMember } from './structured-field.ts';
import { readFieldDictionary, readFieldItem, readFieldList } from './structured-field-reader.ts';
import { writeBareItem, writeFieldDictionary, writeFieldItem, writeFieldList } from './structured-field-writer.ts';

const KEY = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/);

/** Like those that are read: with the usual prototype. */
function plain<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const bare: fc.Arbitrary<BareItem> = fc.oneof(
  plain({
    kind: fc.constantFrom('integer' as const, 'date' as const),
    value: fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
  }),
  plain({
    kind: fc.constant('decimal' as const),
    value: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((thousandths) => thousandths / 1000 + 0),
  }),
  plain({ kind: fc.constant('string' as const), value: fc.stringMatching(/^[ -~]{0,12}$/) }),
  plain({
    kind: fc.constant('token' as const),
    value: fc.stringMatching(/^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]{0,8}$/),
  }),
  plain({
    kind: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  }),
  plain({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
  plain({ kind: fc.constant('display-string' as const), value: fc.string({ unit: 'grapheme', maxLength: 8 }) }),
);
const parameters = fc.array(fc.tuple(KEY, bare), { maxLength: 3 }).map((list) => new Map(list));
const item: fc.Arbitrary<FieldItem> = plain({ kind: fc.constant('item' as const), item: bare, parameters });
const member: fc.Arbitrary<FieldMember> = fc.oneof(
  item,
  plain({ kind: fc.constant('inner-list' as const), items: fc.array(item, { maxLength: 3 }), parameters }),
);

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(item, (value) => {
      assert.deepEqual(readFieldItem(writeFieldItem(value) ?? ''), { ok: true, value });
    }),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 4 }), (value) => {
      assert.deepEqual(readFieldList(writeFieldList(value) ?? '!'), { ok: true, value });
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(KEY, member), { maxLength: 4 }), (entries) => {
      const value = new Map(entries);
      assert.deepEqual(readFieldDictionary(writeFieldDictionary(value) ?? '!'), { ok: true, value });
    }),
  );
});

test('whatever text there is, it is read or refused, and what is read is written and read as the same', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom('a', '1', '-', '.', '"', '\\', ':', '?', '@', '%', '(', ')', ';', ',', '=', ' ', '\t', '0'),
      fc.string(),
    ),
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      for (const [read, write] of [
        [readFieldItem, writeFieldItem],
        [readFieldList, writeFieldList],
        [readFieldDictionary, writeFieldDictionary],
      ] as const) {
        const first = read(text);
        if (!first.ok) assert.ok(first.error.offset <= text.length);
        else {
          const written = write(first.value as never);
          assert.ok(written !== null);
          assert.deepEqual(read(written), first);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('what no field can hold is not written', () => {
  for (const value of [
    { kind: 'integer', value: 1e15 },
    { kind: 'integer', value: 0.5 },
    { kind: 'integer', value: Number.NaN },
    { kind: 'decimal', value: 1e12 },
    { kind: 'decimal', value: Infinity },
    { kind: 'date', value: 0.5 },
    { kind: 'string', value: 'ä' },
    { kind: 'string', value: 'a\r\nb' },
    { kind: 'token', value: '' },
    { kind: 'token', value: 'a b' },
    { kind: 'display-string', value: '\ud800' },
  ] satisfies BareItem[]) {
    assert.equal(writeBareItem(value), null, JSON.stringify(value));
    const held = { kind: 'item', item: value, parameters: new Map() } as const;
    assert.equal(
      writeFieldItem({ ...held, item: { kind: 'boolean', value: true }, parameters: new Map([['a', value]]) }),
      null,
    );
    assert.equal(writeFieldList([{ kind: 'inner-list', items: [held], parameters: new Map() }]), null);
    assert.equal(writeFieldDictionary(new Map([['a', held]])), null);
  }
  const flag: FieldItem = { kind: 'item', item: { kind: 'boolean', value: true }, parameters: new Map() };
  assert.equal(writeFieldDictionary(new Map([['A', flag]])), null);
  assert.equal(writeFieldItem({ ...flag, parameters: new Map([['a b', flag.item]]) }), null);
});

test('decimals are rounded to the even one of two', () => {
  for (const [value, text] of [
    [0.0005, '0.0'],
    [0.0015, '0.002'],
    [-0.0005, '0.0'],
    [1.25, '1.25'],
    [5, '5.0'],
    [-1.5, '-1.5'],
  ] as const) {
    assert.equal(writeBareItem({ kind: 'decimal', value }), text);
  }
});

test('of what a reader may take either way the strict one is taken, and a field has a bound', () => {
  for (const text of [
    ':AQ:',
    ':AR==:',
    `"${'a'.repeat(70_000)}"`,
    '1;a=',
    '(1 2',
    '(1,2)',
    '1,',
    '%"%C3"',
    '%"%ff"',
    '@1.5',
  ]) {
    assert.equal(readFieldList(text).ok, false, text.slice(0, 20));
  }
});
