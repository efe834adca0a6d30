import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createListsKind } from '../policy/index.ts';
import { compile } from './compile.ts';
import { gatheredOf, NO_TABLES, StillClock, valueOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { rehearse, type RehearsedVerdict } from './rehearse.ts';

const KINDS = kindTable([createListsKind()]);
const TEXT = `
trustedProxies: [10.0.0.0/8]
deny: { addresses: [203.0.113.0/24], hosts: [old.example] }
apis:
  orders:
    routes: ['GET /orders', 'GET /tills']
    upstream: http://127.0.0.1:9
    auth: public
    operations: { GET /tills: { allow: { addresses: [192.0.2.8, 2001:db8::/32] } } }
`;

const snapshot = valueOf(compile(gatheredOf(TEXT, KINDS), { kinds: KINDS, tables: NO_TABLES }));

async function asked(
  target: string,
  more: { readonly from?: string; readonly host?: string; readonly said?: string } = {},
): Promise<string> {
  const { from = null, host = 'x.example', said } = more;
  const headers = said === undefined ? [] : [['x-forwarded-for', said] as const];
  const question = { method: 'GET', target, host, headers, body: null, caller: { kind: 'anonymous' } as const, from };
  const { verdict } = await rehearse(snapshot, question, new StillClock());
  return wordsOf(verdict);
}

function wordsOf(verdict: RehearsedVerdict): string {
  return verdict.kind === 'refused' ? `${verdict.status} ${verdict.code} ${verdict.rule}` : verdict.kind;
}

test('a rehearsal is judged by lists as traffic is, from the address that is said', async () => {
  assert.equal(await asked('/orders'), 'pass');
  assert.equal(await asked('/orders', { from: '203.0.113.7' }), '403 access-denied deny.addresses');
  assert.equal(await asked('/nowhere', { from: '203.0.113.7' }), '403 access-denied deny.addresses');
  assert.equal(await asked('/nowhere'), '404 not-found null');
  assert.equal(await asked('/orders', { host: 'OLD.example' }), '403 access-denied deny.hosts');
});

test('the lists of an operation hold for it alone', async () => {
  const refused = '403 access-denied apis.orders.operations["GET /tills"].allow.addresses';
  assert.equal(await asked('/tills'), refused);
  assert.equal(await asked('/tills', { from: '192.0.2.8' }), 'pass');
  assert.equal(await asked('/tills', { from: '2001:db8::8' }), 'pass');
});

test('the client is whom trusted proxies name, and nobody else is believed', async () => {
  assert.equal(await asked('/orders', { from: '10.0.0.1', said: '203.0.113.7' }), '403 access-denied deny.addresses');
  assert.equal(await asked('/orders', { from: '192.0.2.1', said: '203.0.113.7' }), 'pass');
  assert.equal(await asked('/orders', { from: '203.0.113.7', said: '192.0.2.1' }), '403 access-denied deny.addresses');
  const forged = '192.0.2.8, 203.0.113.7';
  assert.equal(await asked('/orders', { from: '10.0.0.1', said: forged }), '403 access-denied deny.addresses');
});

test('a list that nobody has read does not compile', () => {
  const text = TEXT.replace('[203.0.113.0/24]', '[{ file: /etc/bad.txt }]');
  const compiled = compile(gatheredOf(text, KINDS), { kinds: KINDS, tables: NO_TABLES });
  assert.deepEqual(compiled.ok ? [] : compiled.error.map(({ path, message }) => `${path}: ${message}`), [
    'deny.addresses: this file has not been read',
  ]);
});
