import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDiskFiles, createSystemRandom, createVirtualClock } from '../adapters/index.ts';
import { ok, Secret } from '../base/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';
import { openSharedCertificates } from './shared-certificates.ts';

interface Kept {
  readonly key: string;
}

const KEPT: CollectionDeclaration<Kept> = {
  name: 'kept',
  version: 1,
  parse: (document) => ok(document as Kept),
  indexes: [],
  secrets: ['key'],
  migrations: [],
};

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-nodes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'deep', 'shared');
}

async function open(folder: string, passphrase: string | null) {
  const clock = createVirtualClock();
  const host = { clock, files: createDiskFiles({ clock }), random: createSystemRandom() };
  const secret = passphrase === null ? null : new Secret(Buffer.from(passphrase));
  return await openSharedCertificates({ folder, passphrase: secret, host });
}

test('nodes that begin at once make one folder between them, for its owner only, and read what each other writes', async (t) => {
  const folder = folderOf(t);
  const nodes = await Promise.all(Array.from({ length: 4 }, () => open(folder, null)));
  const stores = nodes.map((node) => {
    assert.ok(node.ok, node.ok ? '' : node.error);
    return node.value;
  });
  await stores[0]?.collection(KEPT).put('a', { key: 'k' });
  for (const store of stores) assert.deepEqual(await store.collection(KEPT).get('a'), { key: 'k' });
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const store of stores) await store.close();
});

test('a node with another passphrase, or none, is told so', async (t) => {
  const folder = folderOf(t);
  const first = await open(folder, 'correct');
  assert.ok(first.ok);
  for (const [passphrase, words] of [
    ['wrong', /passphrase is wrong/],
    [null, /protected by a passphrase/],
  ] as const) {
    const other = await open(folder, passphrase);
    assert.match(other.ok ? '' : other.error, words);
  }
  await first.value.close();
});

test('a folder in which others could put files is not used', async (t) => {
  const folder = folderOf(t);
  mkdirSync(folder, { recursive: true });
  for (const mode of [0o770, 0o702, 0o1777]) {
    chmodSync(folder, mode);
    const opened = await open(folder, null);
    assert.match(opened.ok ? '' : opened.error, /may be changed by others than its owner: run chmod go-w/);
  }
  chmodSync(folder, 0o755);
  const opened = await open(folder, null);
  assert.ok(opened.ok);
  await opened.value.close();
});
