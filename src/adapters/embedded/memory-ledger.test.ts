import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChangeRecord, RECORD_VERSION } from '../../base/index.ts';
import { ledgerContract } from '../../ports/ledger-contract.ts';
import { createMemoryLedger } from './memory-ledger.ts';

ledgerContract('the ledger in memory', async () => {
  const ledger = createMemoryLedger({ capacity: 50 });
  return { ledger, shows: 50, close: async () => ledger.close() };
});

test('a ledger without room is a bug and throws', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) assert.throws(() => createMemoryLedger({ capacity }), RangeError);
});

test('what has no place any more is forgotten', () => {
  const about = { author: 'x', action: 'y', target: 'z', before: null, after: '1' };
  const change = (at: number): ChangeRecord => ({ version: RECORD_VERSION, kind: 'change', id: 'h', at, ...about });
  const ledger = createMemoryLedger({ capacity: 2 });
  for (let at = 0; at < 5; at++) assert.ok(ledger.append(change(at)));
  assert.deepEqual(ledger.newest(5), [change(3), change(4)]);
});
