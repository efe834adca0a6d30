import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_KEY_LIMIT, apiKeyTableOf } from '../credential/index.ts';
import type { Clock, Keyring, Random, Store } from '../ports/index.ts';
import type { ApiKeyDocument } from './api-key-documents.ts';
import { apiKeyRow } from './api-key-documents.ts';
import { ApiKeyTables } from './api-key-tables.ts';
import { ApiKeyUses } from './api-key-uses.ts';
import { ApiKeys } from './api-keys.ts';

const DOCUMENT: ApiKeyDocument = {
  ...{ hash: `${'A'.repeat(43)}=`, environment: 'live', name: 'x', owner: null, subject: 'x', tenant: null, roles: [] },
  ...{ scopes: null, apis: null, addresses: null, createdAt: 1, createdBy: 'ada', expiresAt: null, state: 'active' },
  ...{ stateAt: 1, stateBy: 'ada', reason: null, replaces: null, replacedBy: null },
};
const idAt = (at: number): string => at.toString(36).padStart(16, '0');

/** A store in memory with these documents in each collection; it fails where it is told to. */
class FakeStore {
  failing = false;
  puts = 0;
  readonly #held: Map<string, unknown>;

  constructor(held = new Map<string, unknown>()) {
    this.#held = held;
  }

  get store(): Store {
    const held = this.#held;
    const collection = {
      put: async (id: string, document: unknown) => {
        if (this.failing) throw new Error('the disk is full');
        this.puts++;
        held.set(id, document);
      },
      get: async (id: string) => held.get(id) ?? null,
      delete: async (id: string) => held.delete(id),
      query: async ({ limit, afterId = '' }: { readonly limit: number; readonly afterId?: string }) =>
        [...held]
          .map(([id, document]) => ({ id, document }))
          .filter(({ id }) => id > afterId)
          .slice(0, limit),
    };
    const store = {
      collection: () => collection,
      transaction: async (work: (inner: unknown) => Promise<unknown>) => await work(store),
    };
    return store as unknown as Store;
  }
}

const clock = { now: () => 1_000, every: () => ({ cancel() {} }) } as unknown as Clock;

test('uses that could not be written are written later, so many at once, and it is complained of once', async () => {
  const fake = new FakeStore();
  const lines: string[] = [];
  const log = { write: (_level: string, event: string) => void lines.push(event) };
  const uses = new ApiKeyUses({ store: fake.store, clock, log });
  for (let at = 0; at < 2_500; at++) uses.take(idAt(at), 60_000);
  fake.failing = true;
  await uses.write();
  await uses.write();
  assert.deepEqual([fake.puts, lines], [0, ['api-keys.use-not-kept']]);
  fake.failing = false;
  await uses.write();
  assert.equal(fake.puts, 2_000);
  await uses.write();
  assert.equal(fake.puts, 2_500);
  uses.take(idAt(0), 60_000);
  uses.take(idAt(1), 59_000);
  await uses.write();
  assert.equal(fake.puts, 2_500, 'nothing is new');
  assert.deepEqual([uses.lastOf(idAt(1)), uses.lastOf('none')], [60_000, null]);
  fake.failing = true;
  uses.take(idAt(2), 120_000);
  await uses.write();
  assert.equal(lines.length, 2, 'another time is told again');
});

test('what all rows hold is known as they come, change and go', async () => {
  const published: string[][] = [];
  const tables = new ApiKeyTables(async (rows) => void published.push([...rows.keys()]));
  const small = apiKeyRow(DOCUMENT);
  const large = apiKeyRow({ ...DOCUMENT, scopes: ['s'.repeat(1_000)] });
  const [none, one] = [tables.bytesWith(small) - tables.bytesWith(small), tables.bytesWith(small)];
  assert.equal(none, 0);
  tables.put('a000000000000000', small);
  assert.equal(tables.bytesWith(small), 2 * one);
  tables.put('a000000000000000', large);
  assert.ok(tables.bytesWith(small) > 2 * one + 900);
  tables.put('b000000000000000', small);
  tables.put('a000000000000000', small);
  assert.deepEqual([tables.bytesWith(small), tables.count], [3 * one, 2]);
  tables.delete('a000000000000000');
  tables.delete('a000000000000000');
  assert.deepEqual([tables.bytesWith(small), tables.count], [2 * one, 1]);
  await tables.publish();
  await tables.publish();
  assert.deepEqual(published, [[apiKeyTableOf('a'), apiKeyTableOf('b')], []]);
});

test('where all keys together say more than threads can hold, no other is made', async () => {
  const scopes = Array.from({ length: 100 }, (_, at) => `${at}:`.padEnd(256, 's'));
  const held = new Map<string, unknown>();
  for (let at = 0; at < 1_700; at++) held.set(idAt(at), { ...DOCUMENT, scopes, at: 1 });
  const keys = new ApiKeys({
    ...{ store: new FakeStore(held).store, clock, log: { write() {} }, alerts: { raise: () => undefined } },
    keyring: { mac: () => Buffer.alloc(32, 1) } as Pick<Keyring, 'mac'>,
    random: { fill: (bytes: Uint8Array) => void bytes.fill(7) } as unknown as Random,
    publish: () => Promise.resolve(),
    record: () => assert.fail('it was made'),
  });
  await keys.load();
  const nothing = { owner: null, subject: null, tenant: null, roles: [], apis: null, addresses: null };
  const terms = { environment: 'live', lifetimeMs: 1_000, roles: [], apis: [] };
  const done = await keys.create({ name: 'y', ...nothing, scopes, lifetimeMs: null }, terms, 'ada');
  assert.match(done.ok ? '' : (done.error[0]?.message ?? ''), /more than threads can hold/);
  assert.ok(held.size < API_KEY_LIMIT);
});
