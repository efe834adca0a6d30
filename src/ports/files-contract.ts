import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Result } from '../base/index.ts';
import type { FileFault, Files } from './files.ts';

/**
 * Files, a folder that is empty and the test's own, and how time passes until a change that has been made would have
 * been noticed.
 */
interface FilesSubject {
  readonly files: Files;
  readonly folder: string;
  settle(): void;
}

type MakeSubject = (t: TestContext) => Promise<FilesSubject>;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function reasonOf(result: Result<unknown, FileFault>): string | null {
  if (result.ok) return null;
  assert.ok(result.error.detail.length > 0);
  return result.error.reason;
}

async function textOf(files: Files, path: string): Promise<string> {
  const read = await files.read(path, 1 << 20);
  assert.ok(read.ok, reasonOf(read) ?? '');
  return new TextDecoder().decode(read.value);
}

/** What every Files promises. */
export function filesContract(name: string, makeSubject: MakeSubject): void {
  describe(`${name} keeps the contract of Files`, () => {
    testReading(makeSubject);
    testWriting(makeSubject);
    testFolders(makeSubject);
    testWatching(makeSubject);
  });
}

function testReading(makeSubject: MakeSubject): void {
  test('what was written is read back, every byte', async (t) => {
    const { files, folder } = await makeSubject(t);
    const path = join(folder, 'a');
    for (const length of [0, 1, 4096, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, at) => at & 0xff);
      assert.equal(reasonOf(await files.replace(path, bytes, 0o600)), null);
      const read = await files.read(path, length);
      assert.deepEqual(read.ok && Uint8Array.from(read.value), bytes);
    }
  });

  test('a file of more than the limit is refused, one of exactly the limit is read', async (t) => {
    const { files, folder } = await makeSubject(t);
    await files.replace(join(folder, 'a'), encode('12345'), 0o600);
    assert.equal(reasonOf(await files.read(join(folder, 'a'), 5)), null);
    assert.equal(reasonOf(await files.read(join(folder, 'a'), 4)), 'too-large');
    assert.equal(reasonOf(await files.read(join(folder, 'a'), 0)), 'too-large');
  });

  test('each failure has its reason', async (t) => {
    const { files, folder } = await makeSubject(t);
    await files.replace(join(folder, 'a'), encode('x'), 0o600);
    const missing = join(folder, 'missing');
    assert.equal(reasonOf(await files.read(missing, 10)), 'missing');
    assert.equal(reasonOf(await files.facts(missing)), 'missing');
    assert.equal(reasonOf(await files.list(missing)), 'missing');
    assert.equal(reasonOf(await files.remove(missing)), 'missing');
    assert.equal(reasonOf(await files.replace(join(missing, 'b'), encode('x'), 0o600)), 'missing');
    assert.equal(reasonOf(await files.read(join(folder, 'a', 'b'), 10)), 'missing');
    assert.equal(reasonOf(await files.read(folder, 10)), 'not-a-file');
    assert.equal(reasonOf(await files.remove(folder)), 'not-a-file');
    assert.equal(reasonOf(await files.replace(folder, encode('x'), 0o600)), 'not-a-file');
    assert.equal(reasonOf(await files.read(join(folder, 'x'.repeat(5000)), 10)), 'other');
    assert.equal(reasonOf(await files.read(join(folder, 'nul\0byte'), 10)), 'other');
  });

  test('a path that is not absolute is a bug', async (t) => {
    const { files } = await makeSubject(t);
    for (const path of ['a', './a', '../a', '', '~/a']) {
      await assert.rejects(files.read(path, 10), TypeError, path);
      await assert.rejects(files.replace(path, encode(''), 0o600), TypeError, path);
      assert.throws(() => files.watch(path, () => {}), TypeError, path);
    }
  });
}

function testWriting(makeSubject: MakeSubject): void {
  test('a replaced file has the new bytes and the mode asked for, and nothing else is left in the folder', async (t) => {
    const { files, folder } = await makeSubject(t);
    const path = join(folder, 'a');
    for (const [text, mode] of [
      ['one', 0o600],
      ['two', 0o644],
      ['', 0o666],
    ] as const) {
      assert.equal(reasonOf(await files.replace(path, encode(text), mode)), null);
      assert.equal(await textOf(files, path), text);
      const facts = await files.facts(path);
      assert.deepEqual(facts.ok && [facts.value.mode, facts.value.bytes, facts.value.directory], [
        mode,
        text.length,
        false,
      ]);
    }
    assert.deepEqual(await files.list(folder), { ok: true, value: ['a'] });
  });

  test('a reader sees the old or the new text, never a part', async (t) => {
    const { files, folder } = await makeSubject(t);
    const path = join(folder, 'a');
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await files.replace(path, encode(texts[0] ?? ''), 0o600);
    const writes = Array.from({ length: 10 }, (_, at) => files.replace(path, encode(texts[at % 2] ?? ''), 0o600));
    for (let n = 0; n < 20; n++) assert.ok(texts.includes(await textOf(files, path)));
    for (const written of await Promise.all(writes)) assert.equal(reasonOf(written), null);
    assert.deepEqual(await files.list(folder), { ok: true, value: ['a'] });
  });

  test('of many who create one file exactly one does, and its bytes stay', async (t) => {
    const { files, folder } = await makeSubject(t);
    const path = join(folder, 'a');
    const tries = Array.from({ length: 10 }, (_, n) => files.create(path, encode(`number ${n}`), 0o600));
    const reasons = (await Promise.all(tries)).map(reasonOf);
    assert.deepEqual([reasons.filter((reason) => reason === 'exists').length, reasons.includes(null)], [9, true]);
    assert.equal(await textOf(files, path), `number ${reasons.indexOf(null)}`);
    assert.deepEqual(await files.list(folder), { ok: true, value: ['a'] });
  });

  test('a removed file is gone', async (t) => {
    const { files, folder } = await makeSubject(t);
    await files.create(join(folder, 'a'), encode('x'), 0o600);
    assert.equal(reasonOf(await files.remove(join(folder, 'a'))), null);
    assert.equal(reasonOf(await files.facts(join(folder, 'a'))), 'missing');
  });
}

function testFolders(makeSubject: MakeSubject): void {
  test('the space of a folder is that of its volume, and of a missing one a fault', async (t) => {
    const { files, folder } = await makeSubject(t);
    const space = await files.space(folder);
    assert.ok(space.ok);
    const { totalBytes, freeBytes } = space.value;
    assert.ok(Number.isSafeInteger(freeBytes) && freeBytes >= 0 && freeBytes <= totalBytes && totalBytes > 1 << 20);
    assert.equal(reasonOf(await files.space(join(folder, 'missing'))), 'missing');
  });

  test('a folder is made with those above it, and again without harm', async (t) => {
    const { files, folder } = await makeSubject(t);
    const deep = join(folder, 'a', 'b', 'c');
    for (let n = 0; n < 2; n++) assert.equal(reasonOf(await files.makeFolder(deep, 0o700)), null);
    for (const path of [deep, join(folder, 'a')]) {
      const facts = await files.facts(path);
      assert.deepEqual(facts.ok && [facts.value.directory, facts.value.mode & 0o777], [true, 0o700]);
    }
  });

  test('a folder is not made where a file is', async (t) => {
    const { files, folder } = await makeSubject(t);
    await files.create(join(folder, 'a'), encode('x'), 0o600);
    assert.equal(reasonOf(await files.makeFolder(join(folder, 'a'), 0o700)), 'exists');
    assert.equal(reasonOf(await files.makeFolder(join(folder, 'a', 'b', 'c'), 0o700)), 'exists');
  });

  test('of many who make one folder at once all succeed', async (t) => {
    const { files, folder } = await makeSubject(t);
    const makings = Array.from({ length: 20 }, (_, n) => files.makeFolder(join(folder, 'a', 'b', `${n % 2}`), 0o700));
    for (const made of await Promise.all(makings)) assert.equal(reasonOf(made), null);
    assert.deepEqual(await files.list(join(folder, 'a', 'b')), { ok: true, value: ['0', '1'] });
  });

  test('making stops at the first folder that cannot be made, and the fault names it', async (t) => {
    const { files, folder } = await makeSubject(t);
    const tooLong = join(folder, 'a', 'x'.repeat(5000));
    const made = await files.makeFolder(join(tooLong, 'b', 'c'), 0o700);
    assert.equal(reasonOf(made), 'other');
    assert.ok(!made.ok && made.error.detail.includes('x'.repeat(5000)));
    assert.equal(reasonOf(await files.facts(join(tooLong, 'b'))), 'other');
  });

  test('names are listed sorted, whatever they are', async (t) => {
    const { files, folder } = await makeSubject(t);
    const names = ['B', 'a', '.hidden', 'with space', 'new\nline', 'ü'];
    for (const name of names) await files.create(join(folder, name), encode('x'), 0o600);
    assert.deepEqual(await files.list(folder), { ok: true, value: names.toSorted() });
  });
}

function testWatching(makeSubject: MakeSubject): void {
  test('a watched file that is replaced, removed or made is told once each', async (t) => {
    const { files, folder, settle } = await makeSubject(t);
    const path = join(folder, 'a');
    let calls = 0;
    t.after(files.watch(path, () => calls++));
    settle();
    assert.equal(calls, 0);
    await files.create(path, encode('one'), 0o600);
    settle();
    assert.equal(calls, 1);
    await files.replace(path, encode('two'), 0o600);
    settle();
    assert.equal(calls, 2);
    await files.remove(path);
    settle();
    settle();
    assert.equal(calls, 3);
  });

  test('another file in the folder is not told', async (t) => {
    const { files, folder, settle } = await makeSubject(t);
    await files.create(join(folder, 'a'), encode('one'), 0o600);
    t.after(files.watch(join(folder, 'a'), () => assert.fail('told of another file')));
    await files.create(join(folder, 'b'), encode('two'), 0o600);
    settle();
  });

  test('a file in a folder that does not exist yet can be watched', async (t) => {
    const { files, folder, settle } = await makeSubject(t);
    const path = join(folder, 'later', 'a');
    let calls = 0;
    t.after(files.watch(path, () => calls++));
    await files.makeFolder(join(folder, 'later'), 0o700);
    await files.create(path, encode('one'), 0o600);
    settle();
    assert.equal(calls, 1);
  });

  test('nothing is told after the stop', async (t) => {
    const { files, folder, settle } = await makeSubject(t);
    const stop = files.watch(join(folder, 'a'), () => assert.fail('told after the stop'));
    await files.create(join(folder, 'a'), encode('one'), 0o600);
    stop();
    stop();
    settle();
  });
}
