import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
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

test('where the system lets nobody make a folder the fault comes at once', { timeout: 20_000 }, async (t) => {
  if (!existsSync('/proc/self')) return t.skip('this system has no /proc');
  const { files } = subject(t);
  for (const path of ['/proc/nope', '/proc/nope/deep/er']) {
    const made = await files.makeFolder(path, 0o700);
    assert.ok(!made.ok);
    assert.equal(made.error.reason, 'missing');
    assert.match(made.error.detail, /^the folder \/proc\/nope cannot be made: /);
  }
});

test('a folder behind a link stands, and a link that leads nowhere is in the way', async (t) => {
  const { files, folder } = subject(t);
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', join(folder, 'link'));
  symlinkSync('nowhere', join(folder, 'lost'));
  assert.equal((await files.makeFolder(join(folder, 'link', 'inside'), 0o700)).ok, true);
  assert.equal(existsSync(join(folder, 'real', 'inside')), true);
  const lost = await files.makeFolder(join(folder, 'lost', 'inside'), 0o700);
  assert.equal(!lost.ok && lost.error.reason, 'exists');
  assert.equal(existsSync(join(folder, 'nowhere')), false);
});

const UUID = '0123abcd-0123-4567-89ab-0123456789ab';

/** Makes a file whose last change was so long ago. */
function aged(path: string, ageMs: number): void {
  writeFileSync(path, 'left over');
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(path, seconds, seconds);
}

test('replace takes away what a crash has left of the same file, when it is a minute old', async (t) => {
  const { files, folder } = subject(t);
  const kept = [
    `.a.${UUID}.tmp.txt`,
    `.b.${UUID}.tmp`,
    `.a.b.${UUID}.tmp`,
    '.a.not-one-of-ours.tmp',
    `a.${UUID}.tmp`,
    '.a',
  ];
  for (const name of [...kept, `.a.${UUID}.tmp`]) aged(join(folder, name), 3_600_000);
  const young = `.a.${UUID.replace('0', 'f')}.tmp`;
  aged(join(folder, young), 30_000);
  mkdirSync(join(folder, `.a.${UUID.replace('0', 'e')}.tmp`));
  assert.equal((await files.replace(join(folder, 'a'), new TextEncoder().encode('new'), 0o600)).ok, true);
  const expected = [...kept, young, `.a.${UUID.replace('0', 'e')}.tmp`, 'a'];
  assert.deepEqual(readdirSync(folder).toSorted(), expected.toSorted());
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'new');
});

test('one replacement sweeps a bounded number of leftovers, the next ones the rest', async (t) => {
  const { files, folder } = subject(t);
  for (let n = 100; n < 200; n++) aged(join(folder, `.a.${UUID.slice(0, -3)}${n}.tmp`), 3_600_000);
  const left: number[] = [];
  for (let n = 0; n < 2; n++) {
    await files.replace(join(folder, 'a'), new TextEncoder().encode('new'), 0o600);
    left.push(readdirSync(folder).length - 1);
  }
  assert.deepEqual(left, [36, 0]);
});
