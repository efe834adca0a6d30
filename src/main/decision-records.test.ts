import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSystemClock, createSystemRandom } from '../adapters/index.ts';
import { openDecisionRecords } from './decision-records.ts';
import { changeRecorder } from './ledger-changes.ts';
import { startLedger } from './ledger-host.ts';

const CHANGE = { author: 'decision point', action: 'decision.permit', target: 'GET a/b', before: null } as const;

test('more decisions at once than there is room for beside the operator are all recorded, and the operator is recorded beside them', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'decision-records-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const ports = { clock: createSystemClock(), random: createSystemRandom() };
  const started = await startLedger({
    ...{ folder: join(data, 'ledger'), clock: ports.clock, log: { write() {} } },
    alerts: { raise() {}, list: async () => [] },
    lost: (reason) => assert.fail(reason),
  });
  assert.ok(started.ok, JSON.stringify(started));
  const host = started.value;
  t.after(() => host.close());
  const records = openDecisionRecords(host, ports);
  const operator = changeRecorder(host.ledger, ports);
  // 2,000 bytes each, and 2 MB together: eight times the operator's ring.
  const change = { ...CHANGE, after: 'x'.repeat(2_000) };
  const taken = Array.from({ length: 1_000 }, () => records.record(change));
  assert.equal(operator({ ...CHANGE, author: 'admin', after: null }), true);
  const refused = (await Promise.all(taken)).filter((isTaken) => !isTaken);
  assert.equal(refused.length, 0);
  records.close();
  assert.equal(await records.record(change), false);
});
