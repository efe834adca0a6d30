import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Result } from '../../base/index.ts';
import type { FileFault, Segment, Segments } from '../../ports/index.ts';
import { createLedgerSegments } from './ledger-segments.ts';

const NAME = '000000000001.log';

function makeSegments(t: TestContext): { readonly folder: string; readonly segments: Segments } {
  const top = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-segments-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const folder = join(top, 'ledger');
  return { folder, segments: createLedgerSegments(folder) };
}

function valueOf<T>(result: Result<T, FileFault>): T {
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value;
}

async function created(t: TestContext, segments: Segments): Promise<Segment> {
  const segment = valueOf(await segments.create(NAME));
  t.after(() => segment.close());
  return segment;
}

test('a folder that is not there yet is an empty log', async (t) => {
  assert.deepEqual(valueOf(await makeSegments(t).segments.list()), []);
});

test('a segment is made with its folder, for the owner only, and only once', async (t) => {
  const { folder, segments } = makeSegments(t);
  await created(t, segments);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, NAME)).mode & 0o777, 0o600);
  const again = await segments.create(NAME);
  assert.ok(!again.ok && again.error.reason === 'exists');
  assert.deepEqual(valueOf(await segments.list()), [NAME]);
});

test('folders above the log are not made: who took them away is told', async (t) => {
  const { folder } = makeSegments(t);
  const made = await createLedgerSegments(join(folder, 'deeper')).create(NAME);
  assert.ok(!made.ok && made.error.reason === 'missing');
});

test('what is written at a place is read there, by others too, before it is safe and after', async (t) => {
  const { folder, segments } = makeSegments(t);
  const segment = await created(t, segments);
  valueOf(segment.write(0, new Uint8Array(100)));
  valueOf(segment.write(10, Buffer.from('hello')));
  assert.equal(readFileSync(join(folder, NAME), 'latin1').slice(10, 15), 'hello');
  valueOf(await segment.sync());
  const reader = valueOf(await segments.open(NAME, 'read'));
  const target = Buffer.alloc(200);
  assert.equal(valueOf(reader.read(10, target)), 90);
  assert.equal(target.toString('latin1', 0, 5), 'hello');
  assert.equal(valueOf(reader.read(100, target)), 0);
  valueOf(segment.truncate(15));
  assert.equal(valueOf(reader.size()), 15);
  assert.equal(reader.write(0, target).ok, false);
  reader.close();
});

test('a file that was removed, replaced or moved no longer stands', async (t) => {
  const { folder, segments } = makeSegments(t);
  const segment = await created(t, segments);
  assert.equal(segment.standing(), true);
  renameSync(folder, `${folder}-moved`);
  assert.equal(segment.standing(), false);
  renameSync(`${folder}-moved`, folder);
  assert.equal(segment.standing(), true);
  rmSync(join(folder, NAME));
  assert.equal(segment.standing(), false);
  writeFileSync(join(folder, NAME), 'another');
  assert.equal(segment.standing(), false);
});

test('a link, a folder or a pipe in the place of a segment is not opened', async (t) => {
  const { folder, segments } = makeSegments(t);
  mkdirSync(folder);
  writeFileSync(join(folder, 'target'), 'mine');
  symlinkSync(join(folder, 'target'), join(folder, NAME));
  mkdirSync(join(folder, '000000000002.log'));
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(folder, '000000000003.log')]);
  for (const name of [NAME, '000000000002.log', '000000000003.log', 'missing.log']) {
    for (const use of ['read', 'write'] as const)
      assert.equal((await segments.open(name, use)).ok, false, `${name} ${use}`);
  }
  assert.equal((await segments.create(NAME)).ok, false);
});

test('a closed segment does nothing and says so', async (t) => {
  const { segments } = makeSegments(t);
  const segment = await created(t, segments);
  segment.close();
  segment.close();
  const results = [
    segment.size(),
    segment.read(0, new Uint8Array(1)),
    segment.write(0, new Uint8Array(1)),
    segment.truncate(0),
    await segment.sync(),
  ];
  for (const result of results) assert.ok(!result.ok && /closed/.test(result.error.detail));
  assert.equal(segment.standing(), false);
});

test('what does not fit is a fault that says so', async (t) => {
  const { folder } = makeSegments(t);
  // The kernel's own limit on the size of a file stands in for a full disk: it stops the write half way in the same manner.
  const source = `
    import { createLedgerSegments } from ${JSON.stringify(join(import.meta.dirname, 'ledger-segments.ts'))};
    process.on('SIGXFSZ', () => {});
    const made = await createLedgerSegments(${JSON.stringify(folder)}).create('${NAME}');
    const fits = made.value.write(0, new Uint8Array(100 * 1024));
    const full = made.value.write(100 * 1024, new Uint8Array(1024 * 1024));
    console.log(JSON.stringify([fits.ok, full.ok, full.error?.reason]));`;
  const shell = `ulimit -f 512; exec "$0" --input-type=module --eval "$1"`;
  const said = execFileSync('/bin/sh', ['-c', shell, process.execPath, source], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(said), [true, false, 'full']);
});
