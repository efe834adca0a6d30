import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertRecord } from '../ports/index.ts';
import { alertSummary, issuerReport, ledgerReport, servingReadiness, threadReport } from './status-parts.ts';

const NOW_MS = 10 * 86_400_000;

function record(kind: AlertRecord['kind'], ageMs: number, severity: AlertRecord['severity'] = 'high'): AlertRecord {
  const at = NOW_MS - ageMs;
  return {
    id: `${kind} ${ageMs}`,
    kind,
    key: 'secret place',
    severity,
    message: 'm',
    firstMs: 0,
    lastMs: at,
    count: 3,
  };
}

test('the alerts of 24 hours are counted, and the newest of each kind is told', () => {
  const records = [
    record('ledger.fault', 1, 'critical'),
    record('gateway.fault', 2),
    record('ledger.fault', 3, 'high'),
    record('thread.lost', 86_400_000 - 1),
    record('snapshot.refused', 86_400_000),
  ];
  assert.deepEqual(alertSummary(records, NOW_MS), {
    count: 4,
    newest: [
      { kind: 'ledger.fault', severity: 'critical', at: NOW_MS - 1 },
      { kind: 'gateway.fault', severity: 'high', at: NOW_MS - 2 },
      { kind: 'thread.lost', severity: 'high', at: NOW_MS - 86_400_000 + 1 },
    ],
  });
  assert.deepEqual(alertSummary([], NOW_MS), { count: 0, newest: [] });
});

test('of many kinds five are told', () => {
  const kinds = ['ledger.fault', 'gateway.fault', 'thread.lost', 'snapshot.refused', 'upstream.untrusted'] as const;
  const records = [...kinds, 'data-folder.fault' as const].map((kind, at) => record(kind, at));
  const { count, newest } = alertSummary(records, NOW_MS);
  assert.deepEqual([count, newest.map(({ kind }) => kind)], [6, kinds]);
});

test('the ledger is off where the configuration says so, else what its writer says', () => {
  const sound = { state: 'sound', detail: null } as const;
  assert.deepEqual(ledgerReport('required', sound), { state: 'recording', reason: null });
  assert.deepEqual(ledgerReport('required', { state: 'short', detail: 'ENOSPC' }), {
    state: 'short',
    reason: 'ENOSPC',
  });
  assert.deepEqual(ledgerReport('required', { state: 'broken', detail: 'EIO' }), { state: 'halted', reason: 'EIO' });
  assert.deepEqual(ledgerReport('off', sound), { state: 'off', reason: null });
});

test('an issuer is told by the name that the configuration gives it', () => {
  const status = { name: 'acme', issuer: 'https://id', url: 'https://id/jwks', keys: 2, fetchedAtMs: 5, fault: 'no' };
  assert.deepEqual(issuerReport(status, true), { name: 'acme', keys: 2, fetchedAt: 5, fault: 'no' });
  assert.equal(issuerReport(status, false).fault, 'no');
});

test('keys that not every gateway thread has are said not to be in force yet', () => {
  const status = { name: 'acme', issuer: 'https://id', url: 'https://id/jwks', keys: 2, fetchedAtMs: 5, fault: null };
  assert.equal(issuerReport(status, true).fault, null);
  assert.match(issuerReport(status, false).fault ?? '', /not every gateway thread/);
});

test('a thread is told with what it says of itself, and one that says nothing as it is known', () => {
  const facts = { name: 'gateway-2', state: 'serving', epoch: 3, startedAtMs: 5 } as const;
  const status = { revision: 4, connections: 7, inFlight: 2, livingSnapshots: 1, newestRecords: [], upstreams: [] };
  const known = { name: 'gateway-2', epoch: 3, startedAt: 5 };
  assert.deepEqual(threadReport({ ...facts, status }), {
    ...known,
    state: 'serving',
    revision: 4,
    connections: 7,
    inFlight: 2,
    livingSnapshots: 1,
  });
  assert.deepEqual(threadReport({ ...facts, state: 'silent', status: null }), {
    ...known,
    state: 'silent',
    revision: null,
    connections: 0,
    inFlight: 0,
    livingSnapshots: 0,
  });
});

test('without a thread that serves the gateway is not ready, whatever the configuration', () => {
  for (const state of ['ready', 'verifying'] as const) {
    assert.deepEqual(servingReadiness({ state }, 1), { state });
    assert.equal(servingReadiness({ state }, 0).state, 'faulty');
  }
  for (const state of ['starting', 'draining'] as const) assert.deepEqual(servingReadiness({ state }, 0), { state });
});
