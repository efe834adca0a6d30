import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LedgerRecord } from '../base/index.ts';
import { decodeRecord, encodeRecord as encodeInto, LINE_LIMIT_BYTES, TEXT_LIMIT } from './record-text.ts';

const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom('"', '\\', '\n', '\0', '\u2028', '\ud800', '\x7f', '\x1b[31m', '…', 'a'),
  ),
  maxLength: 40,
});
const orNull = fc.option(text, { nil: null });
const whole = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc.nat({ max: 1_000 }),
  fc.constantFrom(0, 9_999_999, 10_000_000, 10_000_001, 1e14, 999_999_999_999_999, 1e15, 2 ** 53 - 1, 2 ** 31, 2 ** 32),
);
const wholeOrNull = fc.option(whole, { nil: null });
const version = fc.constant(1);

/** The line of a record without its line break; nothing before and behind it is touched. */
function encodeRecord(record: LedgerRecord): string {
  const target = Buffer.alloc(LINE_LIMIT_BYTES + 16, '#');
  const end = encodeInto(record, target, 7);
  assert.equal(target.toString('latin1', 0, 7), '#######');
  assert.equal(target.toString('latin1', end - 1, end + 3), '\n###');
  return target.toString('latin1', 7, end - 1);
}

/** Any record at all, its codes too. */
const anyRecord = fc.oneof(
  fc.record({
    version,
    kind: fc.constant('intent'),
    id: text,
    at: whole,
    revision: whole,
    api: orNull,
    operation: orNull,
    method: text,
    subject: orNull,
    address: text,
    verdict: text,
    problem: orNull,
    policy: orNull,
    rule: orNull,
  }),
  fc.record({
    version,
    kind: fc.constant('completion'),
    id: text,
    at: whole,
    status: whole,
    upstreamStatus: wholeOrNull,
    problem: orNull,
    requestBytes: whole,
    responseBytes: whole,
    durationUs: whole,
    upstreamUs: wholeOrNull,
    complete: fc.boolean(),
  }),
  fc.record({
    version,
    kind: fc.constant('change'),
    id: text,
    at: whole,
    author: text,
    action: text,
    target: text,
    before: orNull,
    after: orNull,
  }),
) as unknown as fc.Arbitrary<LedgerRecord>;

test('any record comes back as it was, and JSON reads the same', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const encoded = encodeRecord(record);
      assert.deepEqual(decodeRecord(encoded), { ...record });
      assert.deepEqual(JSON.parse(encoded), { ...record });
    }),
    { numRuns: 500 },
  );
});

test('an encoded record is one line of printable ASCII, whatever is in it', () => {
  fc.assert(fc.property(anyRecord, (record) => assert.match(encodeRecord(record), /^[ -~]*$/)));
});

test('a text that is too long is cut, and shows it', () => {
  const record = {
    version: 1,
    kind: 'change',
    id: 'a',
    at: 1,
    author: 'x'.repeat(TEXT_LIMIT + 1),
    action: 'x'.repeat(TEXT_LIMIT),
    target: '\n'.repeat(1e6),
    before: null,
    after: null,
  } as const;
  const decoded = decodeRecord(encodeRecord(record));
  assert.ok(decoded?.kind === 'change');
  assert.equal(decoded.author, `${'x'.repeat(TEXT_LIMIT - 1)}…`);
  assert.equal(decoded.action, record.action);
  assert.equal(decoded.target.length, TEXT_LIMIT);
});

test('a number that is no whole one is written as JSON has it', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (at) => {
      const about = { author: '', action: '', target: '', before: null, after: null };
      const encoded = encodeRecord({ version: 1, kind: 'change', id: '', at, ...about });
      assert.equal((JSON.parse(encoded) as { at: number }).at, JSON.parse(JSON.stringify(at)));
    }),
  );
});

test('the longest record of all has room', () => {
  const most = '\u2028'.repeat(TEXT_LIMIT * 2);
  const texts = {
    id: most,
    api: most,
    operation: most,
    method: most,
    subject: most,
    address: most,
    policy: most,
    rule: most,
  };
  const codes = { verdict: most, problem: most } as unknown as { verdict: 'pass'; problem: 'forbidden' };
  const numbers = { at: Number.MIN_VALUE, revision: -Number.MAX_VALUE };
  const encoded = encodeRecord({ version: 1, kind: 'intent', ...texts, ...codes, ...numbers });
  assert.ok(encoded.length > 60_000 && encoded.length < LINE_LIMIT_BYTES, String(encoded.length));
  assert.notEqual(decodeRecord(encoded), null);
});

test('a number that is none makes its own record unreadable and nothing else', () => {
  const record = {
    version: 1,
    kind: 'change',
    id: 'a',
    at: Number.NaN,
    author: '',
    action: '',
    target: '',
    before: null,
    after: null,
  } as const;
  const encoded = encodeRecord(record);
  assert.equal((JSON.parse(encoded) as { at: unknown }).at, null);
  assert.equal(decodeRecord(encoded), null);
});

test('what is no record of this version is not taken for one', () => {
  const record = {
    version: 1,
    kind: 'change',
    id: 'a',
    at: 1,
    author: '',
    action: '',
    target: '',
    before: null,
    after: null,
  };
  assert.notEqual(decodeRecord(JSON.stringify(record)), null);
  const { after: _after, ...short } = record;
  const others: unknown[] = [
    { ...record, version: 2 },
    { ...record, kind: 'toString' },
    { ...record, more: 1 },
    short,
    { ...record, at: '1' },
    { ...record, author: null },
    { ...short, __proto__: null, other: 1 },
    null,
    [],
    'text',
    7,
  ];
  for (const other of others) assert.equal(decodeRecord(JSON.stringify(other)), null, JSON.stringify(other));
  for (const broken of ['', '{', '{"version":1', '[]']) assert.equal(decodeRecord(broken), null);
});
