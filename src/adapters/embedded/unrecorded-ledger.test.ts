import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_VERSION } from '../../base/index.ts';
import { createUnrecordedLedger } from './unrecorded-ledger.ts';

test('where requests are not recorded every record is taken, so that none is refused, and none is kept', async () => {
  const ledger = createUnrecordedLedger();
  const about = { author: 'test', action: 'change', target: 'thing', before: null, after: null };
  for (let n = 0; n < 20_000; n++) {
    assert.equal(ledger.append({ version: RECORD_VERSION, kind: 'change', id: String(n), at: n, ...about }), true);
  }
  await ledger.flush();
  assert.deepEqual(ledger.newest(10), []);
});
