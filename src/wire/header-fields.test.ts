import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIELD, FieldMark, PRESENCE } from './field-names.ts';
import { newFieldScan, readFields, REPLY_OCTETS, takeWords } from './fields.ts';
import { HeaderFields, NO_FIELDS } from './header-fields.ts';

function fieldsOf(...given: readonly (string | number)[]): HeaderFields {
  const lines = given.filter((each) => typeof each === 'string');
  const [marks] = given.filter((each) => typeof each === 'number');
  const text = `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}`;
  const scan = newFieldScan();
  const bytes = Buffer.from(text, 'latin1');
  assert.equal(readFields(bytes, { from: 16, end: bytes.length }, REPLY_OCTETS, scan), null);
  const words = takeWords(scan);
  return marks === undefined ? new HeaderFields(text, words, scan) : new HeaderFields(text, words, scan, marks);
}

test('a field is found by its name in lower case, whatever its own case', () => {
  const fields = fieldsOf('Accept: a', 'ACCEPT: b', 'X-Empty:', 'Via: c');
  assert.equal(fields.size, 4);
  assert.equal(fields.get('accept'), 'a, b');
  assert.deepEqual(fields.all('accept'), ['a', 'b']);
  assert.equal(fields.get('x-empty'), '');
  assert.equal(fields.has('via'), true);
  assert.equal(fields.has('vi'), false);
  assert.equal(fields.get('nothing'), null);
  assert.deepEqual(fields.all('nothing'), []);
  assert.deepEqual(
    [...fields.entries()],
    [
      ['accept', 'a'],
      ['accept', 'b'],
      ['x-empty', ''],
      ['via', 'c'],
    ],
  );
});

test('a field is found by its number too', () => {
  const fields = fieldsOf('X: 1', 'Authorization: Bearer a', 'Cookie: b');
  assert.equal(fields.valueOf(FIELD.authorization), 'Bearer a');
  assert.equal(fields.valueOf(FIELD.host), null);
});

test('one look tells which fields are forwarded, in whatever case and however often', () => {
  const fields = fieldsOf('Date: a', 'CONTENT-TYPE: b', 'x-frame-options: c', 'X-Frame-Options: d', 'other: e');
  const all = PRESENCE.date | PRESENCE['content-type'] | PRESENCE['x-frame-options'];
  assert.equal(fields.present, all);
  fields.drop('x-frame-options');
  assert.equal(fields.present, PRESENCE.date | PRESENCE['content-type']);
  assert.equal(NO_FIELDS.present, 0);
  for (const [name, bit] of Object.entries(PRESENCE)) assert.equal(fieldsOf(`${name}: x`).present, bit, name);
  assert.equal(new Set(Object.values(PRESENCE)).size, Object.keys(PRESENCE).length);
});

test('fields are given one by one with their numbers, without those that are not forwarded', () => {
  const given: unknown[] = [];
  const fields = fieldsOf('Server: a', 'X-Other: b', 'Connection: close', 'VIA:', 'Date: c');
  fields.drop('date');
  fields.eachKept({ field: (...each) => given.push(each) });
  assert.deepEqual(given, [
    [FIELD.server, 'server', 'a'],
    [0, 'x-other', 'b'],
    [FIELD.via, 'via', ''],
  ]);
});

test('marks say what is not forwarded', () => {
  const lines = ['Server: a', 'Accept: b', 'X-Powered-By: c', 'Connection: close'];
  assert.equal(fieldsOf(...lines).keptLines(), 'Server: a\r\nAccept: b\r\nX-Powered-By: c\r\n');
  assert.equal(fieldsOf(...lines, FieldMark.drop | FieldMark.banner).keptLines(), 'Accept: b\r\n');
});

test('what ends here is not among the kept lines; what stands between is taken as it came', () => {
  const fields = fieldsOf(
    'Host: a',
    'Accept:  b ',
    'X-A: 1',
    'Connection: close',
    'X-Forwarded-For: 1',
    'X-B: 2',
    'Via: c',
    'TE: gzip',
  );
  assert.equal(fields.keptLines(), 'Accept:  b \r\nX-A: 1\r\nX-B: 2\r\nVia: c\r\n');
  assert.deepEqual(
    [...fields.kept()].map(([name]) => name),
    ['accept', 'x-a', 'x-b', 'via'],
  );
  assert.equal(fields.get('host'), 'a');
});

test('a dropped field is kept no longer, and stays readable', () => {
  const fields = fieldsOf('X-A: 1', 'X-B: 2', 'x-a: 3', 'X-C: 4');
  fields.drop('x-a');
  fields.drop('x-missing');
  assert.equal(fields.keptLines(), 'X-B: 2\r\nX-C: 4\r\n');
  assert.equal(fields.get('x-a'), '1, 3');
  fields.drop('x-c');
  fields.drop('x-b');
  assert.equal(fields.keptLines(), '');
});

test('what is read out does not depend on how long names are, nor on how many stand there', () => {
  const names = fc.constantFrom('a', 'b', 'x-a', 'via', 'date', 'a'.repeat(33), `b${'a'.repeat(32)}`, 'content-type');
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.constantFrom('1', '2')), { maxLength: 12 }), names, (list, asked) => {
      const fields = fieldsOf(...list.map(([name, value]) => `${name.toUpperCase()}: ${value}`));
      const values = list.flatMap(([name, value]) => (name === asked ? [value] : []));
      assert.deepEqual(fields.all(asked), values);
      assert.equal(fields.get(asked), values.length === 0 ? null : values.join(', '));
      assert.equal(fields.has(asked), values.length > 0);
      if (asked === 'date') assert.equal(fields.valueOf(FIELD.date), values[0] ?? null);
    }),
  );
});

test('a field beyond the first thirty numbers is found by its number too', () => {
  const fields = fieldsOf('Via: 1.1 a', 'ETag: "b"');
  assert.deepEqual([fields.valueOf(FIELD.via), fields.valueOf(FIELD.etag)], ['1.1 a', '"b"']);
  assert.equal(fields.valueOf(FIELD.vary), null);
});

test('what tells which fields are forwarded obeys the marks that are not', () => {
  const fields = fieldsOf('Date: a', 'Referrer-Policy: b', FieldMark.guarded);
  assert.equal(fields.present, PRESENCE['referrer-policy']);
});

test('a known name, one in disguise and an unknown one are each found among names of their length', () => {
  const names = fc.constantFrom('ETag', 'Vary', 'VARY', 'Fary', 'te', 'tf', 'Range', 'Orange', 'X-User', 'X-Usef');
  const disguised = fc.constantFrom(
    'x-portcullis-a',
    'X-Portcullis-B',
    'x-forwarded-zz',
    'Authorization',
    'accept-range-a',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(names, disguised), { maxLength: 12 }), (list) => {
      const fields = fieldsOf(...list.map((name, at) => `${name}: ${at}`));
      for (const name of new Set([
        ...list.map((each) => each.toLowerCase()),
        'vary',
        'x-portcullis-a',
        'authorization',
      ])) {
        const places = list.flatMap((each, at) => (each.toLowerCase() === name ? [String(at)] : []));
        assert.deepEqual(fields.all(name), places, name);
        assert.equal(fields.get(name), places.length === 0 ? null : places.join(', '));
        assert.equal(fields.has(name), places.length > 0);
      }
    }),
  );
});

test('what is dropped by a known name is dropped each time it stands there, and nothing else of its length', () => {
  const fields = fieldsOf('Authorization: a', 'X-Same-Length: b', 'AUTHORIZATION: c', 'Date: d');
  fields.drop('authorization');
  assert.equal(fields.keptLines(), 'X-Same-Length: b\r\nDate: d\r\n');
  assert.equal(fields.get('authorization'), 'a, c');
});

test('no field at all', () => {
  assert.equal(NO_FIELDS.size, 0);
  assert.equal(NO_FIELDS.keptLines(), '');
  assert.equal(NO_FIELDS.get('host'), null);
});

test('kept lines, read again, are the kept fields', () => {
  const name = fc.constantFrom(
    'Accept',
    'X-A',
    'Upgrade',
    'Cookie',
    'Connection',
    'X-Portcullis-Subject',
    'Via',
    'te',
    'X-Real-IP',
  );
  const value = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ':', '~', '\xff'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (list) => {
      const fields = fieldsOf(...list.map(([key, text]) => `${key}:${text}`));
      const lines = fields.keptLines();
      const again = fieldsOf(...(lines === '' ? [] : lines.slice(0, -2).split('\r\n')));
      assert.deepEqual([...again.entries()], [...fields.kept()]);
      assert.equal(again.keptLines(), lines);
    }),
  );
});

test('each of a hundred fields can be dropped, and no other goes with it', () => {
  const names = Array.from({ length: 100 }, (_, at) => `x-${at}`);
  for (const dropped of [[0], [29], [30], [31], [32], [61], [99], [0, 32], [28, 29, 30, 31, 99]]) {
    const fields = fieldsOf(...names.map((name) => `${name}: v`));
    for (const at of dropped) fields.drop(`x-${at}`);
    const kept = names.filter((_, at) => !dropped.includes(at));
    assert.deepEqual(
      [...fields.kept()].map(([name]) => name),
      kept,
    );
    assert.equal(fields.keptLines(), kept.map((name) => `${name}: v\r\n`).join(''));
    assert.equal(fields.get(`x-${dropped[0]}`), 'v');
  }
  const late = fieldsOf(...names.map((name) => `${name}: v`).slice(1), 'Date: a');
  assert.equal(late.present, PRESENCE.date);
  late.drop('date');
  assert.equal(late.present, 0);
});
