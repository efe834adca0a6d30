import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createDiskFiles,
  createSystemClock,
  createSystemRandom,
  openFileKeyring,
  openSqliteStore,
} from '../../src/adapters/index.ts';
import { API_KEYS, type ApiKeyDocument } from '../../src/control/api-key-documents.ts';
import { REVOCATION_ENTRIES } from '../../src/control/revocation-entries.ts';
import type { CollectionDeclaration, Store } from '../../src/ports/index.ts';
import { SESSIONS } from '../../src/session/session-record.ts';

/** Each is unlike anything else that a file holds. */
const HELD = {
  subject: 'marked-subject-7f3a',
  claims: { email: 'marked-mail-7f3a@acme.example' },
  csrf: 'marked-csrf-7f3a',
  nonce: 'marked-nonce-7f3a',
  authTimeMs: 1,
  accessToken: 'marked-access-7f3a',
  refreshToken: 'marked-refresh-7f3a',
  idToken: 'marked-identity-7f3a',
};
const SESSION = {
  ...{ issuer: 'acme', issuerId: 'https://id.acme.example', clientId: 'gateway', person: 'h', providerSession: null },
  ...{ startedAtMs: 1, signedInAtMs: 1, usedAtMs: 1, endsAtMs: 2, refreshAtMs: null, version: 1, held: HELD },
};
const HASH = Buffer.alloc(32, 0x5a).toString('base64');
const KEY: ApiKeyDocument = {
  ...{ hash: HASH, environment: 'live', name: 'billing', owner: null, subject: 'billing', tenant: null, roles: [] },
  ...{ scopes: null, apis: null, addresses: null, createdAt: 1, createdBy: 'test', expiresAt: null, state: 'active' },
  ...{ stateAt: 1, stateBy: 'test', reason: null, replaces: null, replacedBy: null },
};
const REVOCATION = {
  what: 'subject',
  ...{ issuer: 'https://id.acme.example', value: 'marked-revoked-7f3a', before: null, at: 1 },
  ...{ until: null, byLifetime: false, reason: 'marked-reason-7f3a', author: 'test' },
} as const;

/** All bytes of a folder behind what was put into a store there: database, journal and all. */
async function written(t: TestContext, put: (store: Store) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-stored-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const clock = createSystemClock();
  const files = createDiskFiles({ clock });
  const path = join(folder, 'keyring');
  const keyring = await openFileKeyring({ path, files, random: createSystemRandom(), passphrase: null });
  assert.ok(keyring.ok);
  const opened = await openSqliteStore({ path: join(folder, 'store.sqlite'), keyring: keyring.value, clock });
  assert.ok(opened.ok);
  const store = opened.value;
  await put(store);
  const open = await textOf(folder);
  await store.close();
  return open + (await textOf(folder));
}

async function textOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))).join('\n');
}

/** The same collection with nothing encrypted, which shows that the search would find it. */
function inClear<T extends object>(declaration: CollectionDeclaration<T>): CollectionDeclaration<T> {
  return { ...declaration, name: `${declaration.name}-clear`, secrets: [] };
}

const MARKS = ['subject', 'mail', 'csrf', 'nonce', 'access', 'refresh', 'identity', 'revoked', 'reason'].map(
  (word) => `marked-${word}-7f3a`,
);

test('of sessions, API keys and revocations nothing that is secret can be read in the files of the store', async (t) => {
  const sealed = await written(t, async (store) => {
    await store.collection(SESSIONS).put('one', SESSION);
    await store.collection(API_KEYS).put('0123456789abcdef', KEY);
    await store.collection(REVOCATION_ENTRIES).put('one', REVOCATION);
    const kept = await store.collection(SESSIONS).get('one');
    assert.deepEqual(kept, SESSION);
  });
  assert.ok(sealed.includes('https://id.acme.example'), 'what is no secret is found');
  for (const mark of [...MARKS, HASH]) {
    assert.ok(!sealed.includes(mark), mark);
    assert.ok(!sealed.includes(Buffer.from(mark).toString('base64').slice(0, 12)), mark);
  }
});

test('the search finds the same where it is not encrypted', async (t) => {
  const open = await written(t, async (store) => {
    await store.collection(inClear(SESSIONS)).put('one', SESSION);
    await store.collection(inClear(API_KEYS)).put('0123456789abcdef', KEY);
    await store.collection(inClear(REVOCATION_ENTRIES)).put('one', REVOCATION);
  });
  for (const mark of [...MARKS, HASH]) assert.ok(open.includes(mark), mark);
});
