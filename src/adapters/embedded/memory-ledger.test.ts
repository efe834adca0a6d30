import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChangeRecord,
  type CompletionRecord,
  type IntentRecord,
  type LedgerRecord,
  RECORD_VERSION,
} from '../../base/index.ts';
import { ledgerContract } from '../../ports/ledger-contract.ts';
import { createMemoryLedger } from './memory-ledger.ts';

ledgerContract('the ledger in memory', async () => {
  const ledger = createMemoryLedger({ capacity: 50 });
  return { ledger, shows: 50, close: async () => ledger.close() };
});

test('a ledger without room is a bug and throws', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) assert.throws(() => createMemoryLedger({ capacity }), RangeError);
});

const INTENT: IntentRecord = {
  version: RECORD_VERSION,
  kind: 'intent',
  id: 'i',
  at: 1_700_000_000_000,
  revision: 3,
  api: 'a',
  operation: 'a/b',
  method: 'GET',
  subject: 's',
  address: '192.0.2.1',
  verdict: 'deny',
  problem: 'not-found',
  policy: 'p',
  rule: 'r',
};
const EMPTY = { api: null, operation: null, subject: null, problem: null, policy: null, rule: null } as const;
const COMPLETION: CompletionRecord = {
  version: RECORD_VERSION,
  kind: 'completion',
  id: 'c',
  at: 0.5,
  status: 200,
  upstreamStatus: 201,
  problem: 'upstream-timeout',
  requestBytes: 1,
  responseBytes: 2,
  durationUs: 3,
  upstreamUs: 4,
  complete: false,
};
const CHANGE: ChangeRecord = {
  version: RECORD_VERSION,
  kind: 'change',
  id: 'h',
  at: 1,
  author: 'x',
  action: 'y',
  target: 'z',
  before: null,
  after: '1',
};

test('a record is given back as it was taken, whatever stood in its place before', () => {
  const kinds: readonly LedgerRecord[] = [
    INTENT,
    { ...INTENT, ...EMPTY, verdict: 'pass' },
    COMPLETION,
    { ...COMPLETION, upstreamStatus: null, upstreamUs: null, problem: null, complete: true },
    CHANGE,
  ];
  for (const first of kinds) {
    for (const second of kinds) {
      const ledger = createMemoryLedger({ capacity: 1 });
      for (const record of [first, second]) assert.ok(ledger.append(record));
      assert.deepEqual(ledger.newest(5), [second]);
    }
  }
});

test('a record that was given back does not change with what is taken later', () => {
  const ledger = createMemoryLedger({ capacity: 1 });
  ledger.append(INTENT);
  const [given] = ledger.newest(1);
  ledger.append(COMPLETION);
  assert.deepEqual(given, INTENT);
});
