import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChangeRecord } from './record.ts';
import { type RefusalSum, refusalSumFields, refusalSumOf } from './refusal-sum.ts';

const SUM: RefusalSum = { count: 812, sinceMs: 1_795_311_909_000, networks: [['192.0.2.7', 800]], others: 12 };

function recordOf(fields: Partial<ChangeRecord> & ReturnType<typeof refusalSumFields>): ChangeRecord {
  return { version: 1, kind: 'change', id: 'id', at: 0, ...fields };
}

test('a sum is read back as it was written', () => {
  const counts = fc.nat({ max: 1e15 });
  const networks = fc.array(fc.tuple(fc.constantFrom('192.0.2.7', '2001:db8::/64', '::/64', 'no-address'), counts), {
    maxLength: 16,
  });
  const sums = fc.record({ count: counts, sinceMs: counts, networks, others: counts });
  fc.assert(
    fc.property(sums, (sum) =>
      assert.deepEqual(refusalSumOf(recordOf(refusalSumFields('not-found', sum))), { ...sum }),
    ),
  );
});

test('sixteen networks of the longest names fit in the text of a record', () => {
  const network = 'ffff:ffff:ffff:ffff::/64';
  const networks = Array.from({ length: 16 }, () => [network, 999_999_999] as const);
  const { after } = refusalSumFields('not-found', { ...SUM, count: 1e15, networks, others: 1e15 });
  assert.ok((after ?? '').length < 1_024);
});

test('another change is no sum, and neither is a text that was cut or changed', () => {
  const fields = refusalSumFields('not-found', SUM);
  assert.equal(refusalSumOf(recordOf({ ...fields, author: 'SIGHUP' })), null);
  assert.equal(refusalSumOf(recordOf({ ...fields, action: 'configuration.install' })), null);
  const after = fields.after ?? '';
  for (const text of [
    null,
    '',
    after.slice(0, -1).trimEnd().slice(0, -2),
    `${after} `,
    `${after}, x`,
    after.replace('800', ''),
    'NaN since 1: others 1',
  ])
    assert.equal(refusalSumOf(recordOf({ ...fields, after: text })), null, `${text}`);
});
