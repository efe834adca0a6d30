import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LedgerRecord } from '../base/index.ts';
import { LINE_LIMIT_BYTES, TEXT_LIMIT } from './line-bytes.ts';
import { RecordEncoder } from './record-encoder.ts';
import { decodeRecord } from './record-text.ts';

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

/** The line of a record without its line break. */
function encodeRecord(record: LedgerRecord, encoder = new RecordEncoder()): string {
  const length = encoder.encode(record);
  assert.ok(length <= LINE_LIMIT_BYTES);
  const line = encoder.line.toString('latin1', 0, length);
  assert.equal(line.at(-1), '\n');
  return line.slice(0, -1);
}

/** What the line of a record leaves out. */
function unsaid(record: LedgerRecord): Partial<LedgerRecord> {
  if (record.kind !== 'completion') return {};
  return {
    ...(record.grpcStatus === null ? { grpcStatus: null } : {}),
    ...(record.originalHash === null ? { originalHash: null } : {}),
    ...(record.cleaned === null ? { cleaned: null } : {}),
    ...(record.receivedHash === null ? { receivedHash: null } : {}),
    ...(record.policy === null ? { policy: null } : {}),
    ...(record.rule === null ? { rule: null } : {}),
  };
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
    grpcStatus: orNull,
    originalHash: orNull,
    cleaned: orNull,
    receivedHash: orNull,
    policy: orNull,
    rule: orNull,
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
      assert.deepEqual({ ...unsaid(record), ...(JSON.parse(encoded) as object) }, { ...record });
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

/** Few values, so that a record often says what the one before said, or something as long. */
const few = fc.constantFrom('a', 'b', 'ab', 'cd', '"', '\n', 'é');
const fewOrNull = fc.option(few, { nil: null });
const fewNumbers = fc.constantFrom(0, 1, 10, 11, 12_345_678, 12_345_679, Number.NaN, -1, 0.5);
const fewNumbersOrNull = fc.option(fewNumbers, { nil: null });
const likeAnother = fc.oneof(
  fc.record({
    version,
    kind: fc.constant('intent'),
    id: few,
    at: fewNumbers,
    revision: fewNumbers,
    api: fewOrNull,
    operation: fewOrNull,
    method: few,
    subject: fewOrNull,
    address: few,
    verdict: few,
    problem: fewOrNull,
    policy: fewOrNull,
    rule: fewOrNull,
  }),
  fc.record({
    version,
    kind: fc.constant('completion'),
    id: few,
    at: fewNumbers,
    status: fewNumbers,
    upstreamStatus: fewNumbersOrNull,
    problem: fewOrNull,
    requestBytes: fewNumbers,
    responseBytes: fewNumbers,
    durationUs: fewNumbers,
    upstreamUs: fewNumbersOrNull,
    grpcStatus: fewOrNull,
    originalHash: fewOrNull,
    cleaned: fewOrNull,
    receivedHash: fewOrNull,
    policy: fewOrNull,
    rule: fewOrNull,
    complete: fc.boolean(),
  }),
  anyRecord,
) as unknown as fc.Arbitrary<LedgerRecord>;

/** A step from one record to the next: some of its fields change, and perhaps one of them can't be read. */
const steps = fc.array(
  fc.record({ record: likeAnother, keeps: fc.nat({ max: 2 ** 18 - 1 }), breaks: fc.option(fc.nat({ max: 17 })) }),
  { minLength: 2, maxLength: 30 },
);

test('a record says nothing of the one before it, whatever they share, and whatever went wrong between', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const encoder = new RecordEncoder();
      const before = new Map<string, LedgerRecord>();
      for (const { record, keeps, breaks } of sequence) {
        const names = Object.keys(record) as (keyof LedgerRecord)[];
        const kept = names.filter((_, at) => at > 1 && (keeps >> at) % 2 === 1);
        const earlier = before.get(record.kind);
        const next = { ...record };
        for (const name of kept) Object.assign(next, { [name]: (earlier ?? record)[name] });
        const broken = breaks === null ? undefined : names.slice(2)[breaks];
        if (broken !== undefined) {
          const fault = (): never => {
            throw new Error('it ends here');
          };
          assert.throws(
            () => encoder.encode(Object.defineProperty({ ...record }, broken, { get: fault })),
            /ends here/,
          );
        }
        assert.equal(encodeRecord(next, encoder), encodeRecord(next), JSON.stringify(next));
        before.set(next.kind, next);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a value that is no text stops its record, and none after it', () => {
  const encoder = new RecordEncoder();
  const where = { revision: 1, api: 'a', operation: 'o', method: 'GET', subject: 's', address: '192.0.2.1' };
  const verdict = { verdict: 'pass', problem: null, policy: null, rule: null } as const;
  const intent = { version: 1, kind: 'intent', id: 'first', at: 1, ...where, ...verdict } as const;
  const line = encodeRecord(intent, encoder);
  for (const name of ['id', 'api', 'operation', 'method', 'subject', 'address', 'verdict', 'policy', 'rule'] as const) {
    const wrong = { ...intent, id: 'one that is longer', [name]: undefined } as unknown as LedgerRecord;
    assert.throws(() => encoder.encode(wrong), TypeError, name);
    assert.equal(encodeRecord(intent, encoder), line, name);
  }
  const wrong = { ...intent, at: 1n } as unknown as LedgerRecord;
  for (let n = 0; n < 2; n++) assert.throws(() => encoder.encode(wrong), TypeError);
});

test('a call that one of our APIs made says so, and the line before or after it does not', () => {
  const intent: LedgerRecord = {
    ...{ version: 1, kind: 'intent', id: 'a', at: 1, revision: 1, api: 'pay', operation: 'pay/GET /x', method: 'GET' },
    ...{ subject: null, address: '127.0.0.1', verdict: 'pass', problem: null, policy: null, rule: null },
  };
  const outbound: LedgerRecord = { ...intent, direction: 'outbound' };
  const encoder = new RecordEncoder();
  for (const record of [intent, outbound, outbound, intent]) {
    const line = encodeRecord(record, encoder);
    assert.equal(line.includes('"direction":"outbound"'), record === outbound);
    assert.deepEqual(decodeRecord(line), record);
  }
  assert.equal(decodeRecord(encodeRecord(outbound).replace('outbound', 'inbound')), null);
});

test('what was observed stands in the line, as far as there is room, and the rest is counted', () => {
  const intent: LedgerRecord = {
    ...{ version: 1, kind: 'intent', id: 'a', at: 1, revision: 1, api: 'pay', operation: 'pay/GET /x', method: 'GET' },
    ...{ subject: null, address: '127.0.0.1', verdict: 'deny', problem: 'forbidden', policy: 'p', rule: 'r' },
  };
  const rule = { problem: 'forbidden', policy: 'pay/access-rules/observed', rule: 'a "rule"' } as const;
  const several: LedgerRecord = { ...intent, observed: [rule, { ...rule, rule: null }], observedMore: 3 };
  const encoder = new RecordEncoder();
  for (const record of [intent, several, several, { ...several, direction: 'outbound' as const }, intent]) {
    const line = encodeRecord(record, encoder);
    assert.equal(line.includes('observed":'), record !== intent);
    assert.deepEqual(decodeRecord(line), record);
  }
  const most = '\u2028'.repeat(TEXT_LIMIT * 2);
  const large = { problem: most as 'forbidden', policy: most, rule: most };
  const told = decodeRecord(encodeRecord({ ...intent, observed: Array.from({ length: 8 }, () => large) }, encoder));
  assert.ok(told?.kind === 'intent');
  assert.deepEqual([told.observed?.length, told.observedMore], [3, 5]);
  const texts = { id: most, api: most, operation: most, method: most, subject: most, address: most, policy: most };
  const full = decodeRecord(encodeRecord({ ...intent, ...texts, rule: most, observed: [large] }, encoder));
  assert.ok(full?.kind === 'intent');
  assert.deepEqual([full.observed, full.observedMore], [undefined, 1]);
});
