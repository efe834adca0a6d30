import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createMemoryTables } from '../adapters/index.ts';
import { type KeyRow, keyTable, readKeySet } from '../credential/index.ts';
import type { Alert, SharedTable } from '../ports/index.ts';
import { createNodeTables } from './node-tables.ts';

const KEYS = { name: 'keys', rowLimit: 2, staleAfterMs: 1_000, whenStale: 'serve' } as const;
const log = { write() {} };

function openTables() {
  const told: SharedTable[] = [];
  const alerts: Alert[] = [];
  const raise = (alert: Alert): void => void alerts.push(alert);
  const tables = createNodeTables({ log, alerts: { raise }, tell: (table) => void told.push(table) });
  return { tables, told, alerts };
}

test('each version that is put in is told, in that order', () => {
  const { tables, told, alerts } = openTables();
  tables.declare(KEYS);
  tables.replace('keys', 1, new Map([['a', 1]]), 5);
  tables.replace('keys', 2, new Map(), 6);
  assert.deepEqual(
    told.map(({ declaration, version, filledAtMs }) => [declaration.name, version, filledAtMs]),
    [
      ['keys', 1, 5],
      ['keys', 2, 6],
    ],
  );
  assert.deepEqual(alerts, []);
});

test('a version that can not be taken is an alert, is told to nobody, and the one before stays', () => {
  const { tables, told, alerts } = openTables();
  tables.declare(KEYS);
  tables.replace('keys', 1, new Map([['a', 'row']]), 5);
  const many = new Map(['a', 'b', 'c'].map((key) => [key, 1]));
  const huge = new Map([['a', 'x'.repeat(64 * 2 ** 20)]]);
  for (const rows of [many, huge, new Map([['a', new Date(0)]])]) tables.replace<unknown>('keys', 2, rows, 6);
  tables.replace('keys', 1, new Map(), 6);
  assert.deepEqual([tables.read('keys').version, [...tables.read('keys').rows]], [1, [['a', 'row']]]);
  assert.equal(told.length, 1);
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    Array.from({ length: 4 }, () => ['table.refused', 'keys', 'critical']),
  );
  assert.match(
    alerts[0]?.message ?? '',
    /table keys can not be taken: keys holds at most 2 rows, not 3; version 1 stays/,
  );
  assert.throws(() => tables.replace('unknown', 1, new Map(), 5), /never declared/);
});

test("an issuer's keys come to a thread as they were read", () => {
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    generateKeyPairSync('ed25519'),
  ];
  const keys = pairs.map(({ publicKey }, at) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: at === 1 ? 'é' : undefined,
  }));
  const read = readKeySet(Buffer.from(JSON.stringify({ keys })));
  assert.ok(read.ok && read.value.rows.length === pairs.length);
  const rows = new Map<string, KeyRow>(read.value.rows.map((row) => [row.thumbprint, row]));
  const { tables, told, alerts } = openTables();
  const origin = { kind: 'url', url: 'https://issuer.test/keys' } as const;
  const declaration = keyTable({ name: 'a', issuer: 'https://issuer.test', origin });
  tables.declare(declaration);
  tables.replace(declaration.name, 1, rows, 5);
  assert.deepEqual(alerts, []);
  const thread = createMemoryTables({ log });
  thread.declare(declaration);
  thread.take(structuredClone(told[0] as SharedTable));
  assert.deepEqual([...thread.read<KeyRow>(declaration.name).rows], [...rows]);
});
