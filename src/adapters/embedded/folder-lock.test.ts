import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lockFolder } from './folder-lock.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a folder is had by one only, until it is released', (t) => {
  const folder = makeFolder(t);
  const first = lockFolder(folder, 123);
  assert.ok(first.ok);
  const second = lockFolder(folder, 456);
  assert.ok(!second.ok);
  assert.match(second.error, /^another portcullis \(process 123\) uses the data folder .*portcullis-lock-/);
  assert.equal(readFileSync(join(folder, 'lock.pid'), 'utf8'), '123\n');
  first.value.release();
  const third = lockFolder(folder, 456);
  assert.ok(third.ok);
  third.value.release();
});

test('what is written in the folder is for its owner only', (t) => {
  const folder = makeFolder(t);
  const lock = lockFolder(folder, 1);
  for (const name of ['lock', 'lock.pid']) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  assert.ok(lock.ok);
  lock.value.release();
});

test('another process that has it is named, and leaves it free however it ends', async (t) => {
  const folder = makeFolder(t);
  const source = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))};
    const lock = lockFolder(${JSON.stringify(folder)}, process.pid); console.log(lock.ok); setInterval(() => lock, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), 'true\n');
  const refused = lockFolder(folder, 1);
  assert.ok(!refused.ok && refused.error.includes(`(process ${child.pid})`), JSON.stringify(refused));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockFolder(folder, 1);
  assert.ok(lock.ok, lock.ok ? '' : lock.error);
  lock.value.release();
});

test('a name that can not be read is left out of the words', (t) => {
  const folder = makeFolder(t);
  const lock = lockFolder(folder, 1);
  for (const text of ['', '\x1b[31m\n', '0\n', 'root\n']) {
    writeFileSync(join(folder, 'lock.pid'), text);
    const refused = lockFolder(folder, 2);
    assert.ok(
      !refused.ok && refused.error.startsWith('another portcullis uses the data folder'),
      JSON.stringify(refused),
    );
  }
  assert.ok(lock.ok);
  lock.value.release();
});

test('a folder that is missing, can not be written, or holds something else in that place is refused in words', (t) => {
  const folder = makeFolder(t);
  const missing = lockFolder(join(folder, 'nothing'), 1);
  assert.ok(!missing.ok && /can not be used/.test(missing.error));
  writeFileSync(join(folder, 'lock'), 'this is no database, and long enough to be seen as something else'.repeat(20));
  const other = lockFolder(folder, 1);
  assert.ok(!other.ok && /can not be used/.test(other.error));
  // Root may write everywhere.
  if (process.getuid?.() === 0) return;
  rmSync(join(folder, 'lock'));
  chmodSync(folder, 0o500);
  const readOnly = lockFolder(folder, 1);
  chmodSync(folder, 0o700);
  assert.ok(!readOnly.ok && /can not be used/.test(readOnly.error));
});
