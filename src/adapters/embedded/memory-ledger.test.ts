import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerContract } from '../../ports/ledger-contract.ts';
import { createMemoryLedger } from './memory-ledger.ts';

ledgerContract('the ledger in memory', async () => {
  const ledger = createMemoryLedger({ capacity: 50 });
  return { ledger, shows: 50, close: async () => ledger.close() };
});

test('a ledger without room is a bug and throws', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) assert.throws(() => createMemoryLedger({ capacity }), RangeError);
});
