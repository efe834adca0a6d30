import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesContract } from '../../ports/files-contract.ts';
import { createDiskFiles } from './disk-files.ts';
import { createSystemClock } from './system-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function subject(t: TestContext) {
  const clock = createVirtualClock();
  return { files: createDiskFiles({ clock }), folder: temporaryFolder(t), clock, settle: () => clock.advance(5000) };
}

filesContract('the disk', async (t) => subject(t));

test('a notification of the system tells a change long before the next look', { timeout: 20_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const system = createSystemClock();
  // Without the looks, only notifications are left.
  const clock = { ...system, every: () => ({ cancel: () => {} }) };
  const told = Promise.withResolvers<void>();
  t.after(createDiskFiles({ clock }).watch(join(folder, 'a'), told.resolve));
  // Timers and watchers do not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  writeFileSync(join(folder, 'a'), 'x');
  await told.promise;
});

test('the turn of a link, as Kubernetes mounts it, is told', (t) => {
  const { files, folder, settle } = subject(t);
  for (const version of ['..one', '..two']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'a'), version);
  }
  symlinkSync('..one', join(folder, '..data'));
  symlinkSync('..data/a', join(folder, 'a'));
  let calls = 0;
  t.after(files.watch(join(folder, 'a'), () => calls++));
  symlinkSync('..two', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  settle();
  assert.equal(calls, 1);
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), '..two');
});

test('the folder itself may be exchanged', (t) => {
  const { files, folder, settle } = subject(t);
  for (const name of ['now', 'next']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'a'), name);
  }
  let calls = 0;
  t.after(files.watch(join(folder, 'now', 'a'), () => calls++));
  renameSync(join(folder, 'now'), join(folder, 'before'));
  renameSync(join(folder, 'next'), join(folder, 'now'));
  settle();
  assert.equal(calls, 1);
});

test('several writes in a row are told once, when they rest', (t) => {
  const { files, folder, clock } = subject(t);
  let calls = 0;
  t.after(files.watch(join(folder, 'a'), () => calls++));
  clock.advance(2000);
  for (let n = 0; n < 5; n++) {
    writeFileSync(join(folder, 'a'), 'x'.repeat(n));
    clock.advance(n === 0 ? 2000 : 100);
    assert.equal(calls, 0);
  }
  clock.advance(100);
  assert.equal(calls, 1);
});

test('a file that never rests is told all the same', (t) => {
  const { files, folder, clock } = subject(t);
  let calls = 0;
  t.after(files.watch(join(folder, 'a'), () => calls++));
  for (let n = 0; n < 60; n++) {
    writeFileSync(join(folder, 'a'), 'x'.repeat(n));
    clock.advance(100);
  }
  assert.ok(calls >= 1 && calls <= 3, String(calls));
});

test('replace takes the place of a link and does not write through it', async (t) => {
  const { files, folder } = subject(t);
  writeFileSync(join(folder, 'precious'), 'untouched');
  symlinkSync('precious', join(folder, 'a'));
  await files.replace(join(folder, 'a'), new TextEncoder().encode('new'), 0o600);
  assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'untouched');
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'new');
});

test('a link that leads nowhere or in a circle is a fault, and a link can be removed', async (t) => {
  const { files, folder } = subject(t);
  symlinkSync('nowhere', join(folder, 'lost'));
  symlinkSync('circle', join(folder, 'circle'));
  const [lost, circle] = [await files.read(join(folder, 'lost'), 10), await files.read(join(folder, 'circle'), 10)];
  assert.deepEqual([!lost.ok && lost.error.reason, !circle.ok && circle.error.reason], ['missing', 'other']);
  assert.equal((await files.remove(join(folder, 'circle'))).ok, true);
});

test('a pipe is not read, and nobody waits for its writer', { timeout: 20_000 }, async (t) => {
  const { files, folder } = subject(t);
  assert.equal(spawnSync('/bin/sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')]).status, 0);
  const read = await files.read(join(folder, 'pipe'), 10);
  assert.equal(!read.ok && read.error.reason, 'not-a-file');
});
