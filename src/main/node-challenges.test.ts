import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createMemoryTables, createVirtualClock } from '../adapters/index.ts';
import { AcmeChallenges } from '../gateway/index.ts';
import type { Alert, SharedTable } from '../ports/index.ts';
import { createNodeChallenges } from './node-challenges.ts';
import { TableSpread } from './table-spread.ts';

const log = { write() {} };

/** Two threads that serve; each takes a table when it is told to. */
function open() {
  const alerts: Alert[] = [];
  const clock = createVirtualClock(1_000);
  const raise = (alert: Alert): void => void alerts.push(alert);
  const challenges = createNodeChallenges({ clock, log, alerts: { raise, list: () => Promise.resolve([]) } });
  const spread = new TableSpread();
  const threads = [0, 1].map(() => {
    const tables = createMemoryTables({ log });
    const view = new AcmeChallenges(tables, () => clock.now());
    const waiting: SharedTable[] = [];
    const reader = { useTable: (table: SharedTable) => void waiting.push(table) };
    spread.add(reader);
    spread.serves(reader);
    const take = (): void => {
      for (const table of waiting.splice(0)) {
        tables.declare(table.declaration);
        tables.take(table);
        spread.taken(reader, table.declaration.name, table.version);
      }
    };
    return { view, take };
  });
  return { challenges, spread, threads, alerts, clock };
}

const HTTP = { kind: 'http-01', token: 'token', keyAuthorization: 'token.thumbprint' } as const;
const TLS = { kind: 'tls-alpn-01', name: 'a.example', chainPem: 'chain', keyPem: 'key' } as const;
const REQUEST = { method: 'GET', path: '/.well-known/acme-challenge/token', query: null };

test('answers are published when every serving thread has them, and not before', async () => {
  const { challenges, spread, threads, alerts } = open();
  challenges.serveBy({ tables: spread, useTable: (table) => spread.use(table) });
  let published = false;
  const publishing = challenges.publish([HTTP, TLS]).then(() => (published = true));
  threads[0]?.take();
  await setImmediate();
  assert.equal(published, false);
  threads[1]?.take();
  await publishing;
  for (const { view } of threads) {
    assert.equal(view.textFor(REQUEST), 'token.thumbprint');
    assert.deepEqual(view.certificateFor('a.example'), { chainPem: 'chain', keyPem: 'key' });
  }
  const taken = challenges.publish([]);
  for (const { take } of threads) take();
  await taken;
  for (const { view } of threads) assert.equal(view.textFor(REQUEST), null);
  assert.deepEqual(alerts, []);
});

test('nothing is published before somebody serves, or where it has no room', async () => {
  const { challenges, spread, alerts } = open();
  await assert.rejects(challenges.publish([HTTP]), /nobody serves/);
  challenges.serveBy({ tables: spread, useTable: (table) => spread.use(table) });
  const many = Array.from({ length: 1_001 }, (_, at) => ({ ...HTTP, token: `t${at}` }));
  await assert.rejects(challenges.publish(many), /could not be published/);
  assert.equal(alerts[0]?.kind, 'table.refused');
});

test('a thread that never takes the answers holds nobody up for ever', async () => {
  const { challenges, spread, threads, clock } = open();
  challenges.serveBy({ tables: spread, useTable: (table) => spread.use(table) });
  const publishing = assert.rejects(challenges.publish([HTTP]), /did not take the answers/);
  threads[0]?.take();
  clock.advance(30_000);
  await publishing;
  // The other one was only slow: the next answers find it.
  const again = challenges.publish([HTTP]);
  for (const { take } of threads) take();
  await again;
});
