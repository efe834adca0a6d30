import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createConfigurationFile } from './configuration-file.ts';

async function fileIn(t: TestContext): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-file-'));
  t.after(async () => {
    await chmod(folder, 0o700);
    await rm(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'portcullis.yaml');
  await writeFile(path, 'old');
  await chmod(path, 0o640);
  return { folder, path };
}

test('a staged text is in the folder, the file unchanged; placed it is the file, with its mode', async (t) => {
  const { folder, path } = await fileIn(t);
  const staged = await createConfigurationFile(path).stage(Buffer.from('new'));
  assert.ok(staged.ok);
  assert.equal((await readdir(folder)).length, 2);
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.ok((await staged.value.place()).ok);
  assert.deepEqual([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777], ['new', 0o640]);
  assert.deepEqual(await readdir(folder), ['portcullis.yaml']);
});

test('what is discarded leaves nothing behind, also twice', async (t) => {
  const { folder, path } = await fileIn(t);
  const staged = await createConfigurationFile(path).stage(Buffer.from('new'));
  assert.ok(staged.ok);
  await staged.value.discard();
  await staged.value.discard();
  assert.deepEqual(await readdir(folder), ['portcullis.yaml']);
  assert.equal((await staged.value.place()).ok, false);
  assert.equal(await readFile(path, 'utf8'), 'old');
});

test('a link stays and what it leads to is replaced, in its own folder', async (t) => {
  const { folder, path } = await fileIn(t);
  await mkdir(join(folder, 'links'));
  const link = join(folder, 'links', 'gateway.yaml');
  await symlink(path, link);
  const store = createConfigurationFile(link);
  const staged = await store.stage(Buffer.from('new'));
  assert.ok(staged.ok);
  assert.deepEqual(await readdir(join(folder, 'links')), ['gateway.yaml']);
  assert.ok((await staged.value.place()).ok);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.equal(await readFile(path, 'utf8'), 'new');
  assert.ok((await store.setAside(Buffer.from('old'))).ok);
  assert.equal(await readFile(`${link}.rejected`, 'utf8'), 'old');
});

test('what is set aside lies beside the file with its mode, in place of what lay there', async (t) => {
  const { folder, path } = await fileIn(t);
  const store = createConfigurationFile(path);
  for (const text of ['one', 'two']) assert.ok((await store.setAside(Buffer.from(text))).ok);
  assert.equal(await readFile(`${path}.rejected`, 'utf8'), 'two');
  assert.equal((await stat(`${path}.rejected`)).mode & 0o777, 0o640);
  assert.equal((await readdir(folder)).length, 2);
});

test('a file that is gone, or became a folder, is told in words and leaves nothing', async (t) => {
  const { folder, path } = await fileIn(t);
  const store = createConfigurationFile(path);
  const staged = await store.stage(Buffer.from('new'));
  assert.ok(staged.ok);
  await rm(path);
  await mkdir(join(path, 'full'), { recursive: true });
  assert.equal((await staged.value.place()).ok, false);
  assert.deepEqual(await readdir(folder), ['portcullis.yaml']);
  await rm(path, { recursive: true });
  const missing = await store.stage(Buffer.from('new'));
  assert.deepEqual(missing, { ok: false, error: 'the configuration file can not be written: it is not there' });
});

test('a file or a folder that may not be written is found on staging', async (t) => {
  if (process.getuid?.() === 0) {
    t.skip('the superuser may write everything');
    return;
  }
  const { folder, path } = await fileIn(t);
  await chmod(path, 0o400);
  assert.equal((await createConfigurationFile(path).stage(Buffer.from('new'))).ok, false);
  await chmod(path, 0o600);
  await chmod(folder, 0o500);
  assert.equal((await createConfigurationFile(path).stage(Buffer.from('new'))).ok, false);
});
