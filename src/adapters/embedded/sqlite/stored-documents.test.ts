import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { err, ok } from '../../../base/index.ts';
import type { CollectionDeclaration, Keyring } from '../../../ports/index.ts';
import { createSystemClock } from '../system-clock.ts';
import { openStoredDocuments } from './stored-documents.ts';
import { openSqliteStore } from './store.ts';

interface Note {
  readonly text: string;
}

const NOTES: CollectionDeclaration<Note> = {
  ...{ name: 'some-notes', version: 1, indexes: ['text'], secrets: [], migrations: [] },
  parse: (value) => ok(value as unknown as Note),
};

const KEYRING = {
  seal: (_purpose: string, plain: Uint8Array) => plain,
  open: (_purpose: string, sealed: Uint8Array) => ok(sealed),
} as unknown as Keyring;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-stored-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('what a store holds is read once nobody has it open, without keys, and nothing is left beside it', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'a.sqlite');
  const store = await openSqliteStore({ path, keyring: KEYRING, clock: createSystemClock() });
  assert.ok(store.ok);
  await store.value.collection(NOTES).put('one', { text: 'a' });
  const locked = openStoredDocuments(path);
  assert.equal(locked.ok ? null : locked.error.reason, 'locked');
  await store.value.close();
  const before = readdirSync(folder);
  const opened = openStoredDocuments(path);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value.get(NOTES, 'one'), ok({ text: 'a' }));
  assert.deepEqual(opened.value.get(NOTES, 'two'), ok(null));
  assert.deepEqual(opened.value.get({ ...NOTES, name: 'others' }, 'one'), ok(null));
  assert.deepEqual(opened.value.get({ ...NOTES, parse: () => err('no note') }, 'one').ok, false);
  opened.value.close();
  assert.deepEqual(readdirSync(folder), before);
  const again = await openSqliteStore({ path, keyring: KEYRING, clock: createSystemClock() });
  assert.ok(again.ok);
  await again.value.close();
});

test('a file that is missing or no database is an error, and a planted secret does not open', async (t) => {
  const folder = folderOf(t);
  assert.equal(openStoredDocuments(join(folder, 'none')).ok, false);
  assert.deepEqual(readdirSync(folder), []);
  writeFileSync(join(folder, 'text'), 'x'.repeat(5_000));
  const text = openStoredDocuments(join(folder, 'text'));
  assert.equal(text.ok ? null : text.error.reason, 'corrupt');
  const path = join(folder, 'b.sqlite');
  const planted = new DatabaseSync(path);
  planted.exec('create table c_some_notes (id text, version integer, json text, sealed text)');
  planted.exec(
    `insert into c_some_notes values ('one', 1, '{}', '{"text":"eA=="}'), ('two', 2, '{}', null), ('three', 1, '{', null)`,
  );
  planted.close();
  const opened = openStoredDocuments(path);
  assert.ok(opened.ok);
  for (const id of ['one', 'two', 'three']) assert.equal(opened.value.get(NOTES, id).ok, false, id);
  opened.value.close();
});
