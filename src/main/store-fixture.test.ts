// No tests here: a store on the disk that this room's tests write to. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createDiskFiles, createSystemRandom, openFileKeyring, openSqliteStore } from '../adapters/index.ts';
import type { Clock } from '../ports/index.ts';

/** A store and its keyring, in a folder of their own that goes with the test. */
export async function storeFor(t: TestContext, clock: Clock) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const keyring = await openFileKeyring({
    path: join(folder, 'keyring.json'),
    files: createDiskFiles({ clock }),
    random: createSystemRandom(),
    passphrase: null,
  });
  assert.ok(keyring.ok);
  const store = await openSqliteStore({ path: join(folder, 'store.sqlite'), keyring: keyring.value, clock });
  assert.ok(store.ok);
  t.after(() => store.value.close());
  return { folder, keyring: keyring.value, store: store.value };
}
