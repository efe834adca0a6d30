import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FIELD } from '../field-names.ts';
import { PSEUDO, REPLY_RULES, REQUEST_RULES } from './hpack-field.ts';
import { STATIC_COUNT, STATIC_ENTRIES, STATIC_NAMES } from './hpack-static.ts';
import { HpackTable, newField, TABLE_LIMIT_BYTES, type TableField } from './hpack-table.ts';

function fieldOf(name: string, value: string): TableField {
  const bytes = Buffer.from(name, 'latin1');
  return newField(REQUEST_RULES.name(bytes, 0, bytes.length), value, `${name}: ${value}\r\n`, null);
}

/** The dynamic entries, newest first. */
function dynamic(table: HpackTable): readonly string[] {
  const lines: string[] = [];
  for (let index = STATIC_COUNT + 1; ; index++) {
    const field = table.at(index);
    if (field === null) return lines;
    lines.push(`${field.name}=${field.value}`);
  }
}

test('the static table is that of appendix A', () => {
  assert.equal(STATIC_COUNT, 61);
  // Those entries whose neighbours have other names or values, so that one that is shifted shows.
  for (const [index, name, value] of [
    [1, ':authority', ''],
    [2, ':method', 'GET'],
    [3, ':method', 'POST'],
    [4, ':path', '/'],
    [5, ':path', '/index.html'],
    [6, ':scheme', 'http'],
    [7, ':scheme', 'https'],
    [8, ':status', '200'],
    [14, ':status', '500'],
    [15, 'accept-charset', ''],
    [16, 'accept-encoding', 'gzip, deflate'],
    [17, 'accept-language', ''],
    [18, 'accept-ranges', ''],
    [19, 'accept', ''],
    [20, 'access-control-allow-origin', ''],
    [23, 'authorization', ''],
    [28, 'content-length', ''],
    [31, 'content-type', ''],
    [32, 'cookie', ''],
    [33, 'date', ''],
    [38, 'host', ''],
    [46, 'location', ''],
    [55, 'set-cookie', ''],
    [58, 'user-agent', ''],
    [61, 'www-authenticate', ''],
  ] as const)
    assert.deepEqual(STATIC_ENTRIES[index - 1], [name, value], `${index}`);
  assert.equal(STATIC_NAMES.get(':method'), 2);
  assert.equal(STATIC_NAMES.get(':status'), 8);
  assert.equal(STATIC_NAMES.size, 52);
});

test('entries of the static table are judged like any other', () => {
  const table = new HpackTable(REQUEST_RULES, 4_096);
  const { named: _, ...method } = table.at(2) as TableField;
  assert.deepEqual(method, { name: ':method', value: 'GET', line: '', number: PSEUDO.method, fault: null });
  const { named: __, ...encoding } = table.at(16) as TableField;
  assert.deepEqual(encoding, {
    name: 'accept-encoding',
    value: 'gzip, deflate',
    line: 'accept-encoding: gzip, deflate\r\n',
    number: 0,
    fault: null,
  });
  assert.equal(table.at(28)?.number, FIELD['content-length']);
  assert.equal(table.at(57)?.fault?.code, 'connection-specific-field');
  for (let index = 1; index <= STATIC_COUNT; index++)
    if (index !== 57) assert.equal(table.at(index)?.fault, null, `${index}`);
  assert.equal(new HpackTable(REPLY_RULES, 4_096).at(57)?.fault?.code, 'connection-specific-field');
});

test('there is nothing at an index of zero, below it, or behind the last entry', () => {
  const table = new HpackTable(REQUEST_RULES, 4_096);
  for (const index of [0, -1, 62, 63, 1_000, 2 ** 28]) assert.equal(table.at(index), null, `${index}`);
  table.add(fieldOf('a', 'b'));
  assert.equal(table.at(62)?.line, 'a: b\r\n');
  assert.equal(table.at(63), null);
});

test('an entry counts its octets and 32 more; the oldest leave for a new one', () => {
  const table = new HpackTable(REQUEST_RULES, 100);
  table.add(fieldOf('a', '1'));
  table.add(fieldOf('b', '2'));
  assert.equal(table.bytes, 68);
  assert.deepEqual(dynamic(table), ['b=2', 'a=1']);
  table.add(fieldOf('c', ''));
  assert.deepEqual(dynamic(table), ['c=', 'b=2']);
  assert.equal(table.bytes, 67);
  table.add(fieldOf('d', 'x'.repeat(67)));
  assert.deepEqual(dynamic(table), [`d=${'x'.repeat(67)}`]);
  assert.equal(table.bytes, 100);
});

test('an entry that is larger than the table empties it, and is no fault (RFC 7541 §4.4)', () => {
  const table = new HpackTable(REQUEST_RULES, 100);
  table.add(fieldOf('a', '1'));
  table.add(fieldOf('d', 'x'.repeat(68)));
  assert.deepEqual(dynamic(table), []);
  assert.equal(table.bytes, 0);
  table.add(fieldOf('a', '1'));
  assert.deepEqual(dynamic(table), ['a=1']);
});

test('a smaller size takes entries out; a larger one brings none back, and has a limit', () => {
  const table = new HpackTable(REQUEST_RULES, 100);
  for (const name of ['a', 'b', 'c']) table.add(fieldOf(name, ''));
  assert.deepEqual(dynamic(table), ['c=', 'b=', 'a=']);
  assert.equal(table.resize(98), true);
  assert.deepEqual(dynamic(table), ['c=', 'b=']);
  assert.equal(table.resize(0), true);
  assert.deepEqual(dynamic(table), []);
  table.add(fieldOf('a', ''));
  assert.deepEqual(dynamic(table), []);
  assert.equal(table.resize(100), true);
  assert.deepEqual(dynamic(table), []);
  table.add(fieldOf('a', ''));
  assert.deepEqual(dynamic(table), ['a=']);
  assert.equal(table.resize(101), false);
  assert.throws(() => new HpackTable(REQUEST_RULES, TABLE_LIMIT_BYTES + 1), RangeError);
});

test('whatever comes and goes, the table is what a plain list would be', () => {
  const step = fc.oneof(
    fc.record({ name: fc.constantFrom('a', 'bb', 'ccc'), value: fc.nat(90).map((length) => 'v'.repeat(length)) }),
    fc.nat(520),
  );
  fc.assert(
    fc.property(fc.constantFrom(0, 31, 32, 100, 512), fc.array(step, { maxLength: 60 }), (limitBytes, steps) => {
      const table = new HpackTable(REQUEST_RULES, limitBytes);
      let capacityBytes: number = limitBytes;
      let model: string[] = [];
      const trim = (): void => {
        while (sizeOf(model) > capacityBytes) model.pop();
      };
      for (const each of steps) {
        if (typeof each === 'number') {
          assert.equal(table.resize(each), each <= limitBytes);
          if (each <= limitBytes) capacityBytes = each;
        } else {
          table.add(fieldOf(each.name, each.value));
          const entry = `${each.name}=${each.value}`;
          model = sizeOf([entry]) > capacityBytes ? [] : [entry, ...model];
        }
        trim();
        assert.deepEqual(dynamic(table), model);
        assert.equal(table.bytes, sizeOf(model));
      }
    }),
    { numRuns: 300 },
  );
});

/** Of entries written `name=value`. */
function sizeOf(entries: readonly string[]): number {
  return entries.reduce((bytes, entry) => bytes + entry.length - 1 + 32, 0);
}

test('no table of its limit holds more entries than there are places', () => {
  const table = new HpackTable(REQUEST_RULES, 4_096);
  for (let added = 0; added < 1_000; added++) table.add(fieldOf('', ''));
  assert.equal(table.bytes, 4_096);
  assert.equal(dynamic(table).length, 128);
});
