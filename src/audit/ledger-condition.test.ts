import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, FileFault } from '../ports/index.ts';
import { ConditionTeller } from './ledger-condition.ts';

const FAULT: FileFault = { reason: 'other', detail: 'x'.repeat(2_000) };

/** A teller, and what it has said: to the log, as alerts, and of its condition. */
function telling() {
  const said: string[] = [];
  const alerts: Alert[] = [];
  const teller = new ConditionTeller({
    log: { write: (level, event) => void said.push(`${level} ${event}`) },
    alert: (alert) => {
      alerts.push(alert);
      said.push(`alert ${alert.key}`);
    },
    changed: ({ state, detail }) => void said.push(`${state} ${detail?.length ?? 'well'}`),
  });
  return { teller, said, alerts };
}

test('each change is said once, and a critical alert goes with what stops requests', () => {
  const { teller, said, alerts } = telling();
  assert.equal(teller.recover(1), 'sound');
  for (let n = 0; n < 2; n++) teller.short(FAULT);
  for (let n = 0; n < 2; n++) teller.break(FAULT);
  teller.short(FAULT);
  assert.equal(teller.state, 'broken');
  assert.equal(teller.recover(2), 'broken');
  assert.equal(teller.state, 'sound');
  assert.deepEqual(said, ['short 500', 'alert space', 'broken 500', 'alert file', 'sound well', 'info ledger.written']);
  for (const { kind, severity } of alerts) assert.deepEqual([kind, severity], ['ledger.fault', 'critical']);
});

test('what was found at the start is told: a torn end to the log, a broken chain as an alert', () => {
  const { teller, said } = telling();
  teller.found(null, null);
  teller.found('a block', null);
  teller.found(null, { kind: 'broken', detail: 'a line' });
  assert.deepEqual(said, ['info ledger.torn', 'alert chain']);
  assert.equal(teller.state, 'sound');
});

test('what is tried again is a warning and no change', () => {
  const { teller, said } = telling();
  teller.warn('not yet', FAULT);
  assert.deepEqual([said, teller.state], [['warn ledger.fault'], 'sound']);
});
