import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undocumentedExports } from './exports.ts';
import { folderComplaints, nameComplaints, sizeComplaints } from './files.ts';
import { pathsBelow, readText, trackedPaths, typescriptFiles } from './repository.ts';
import { textComplaints } from './text.ts';

const LARGE_CHARACTERS = 1_000_000;

const files = [...typescriptFiles('src'), ...typescriptFiles('tests')];
const sourcePaths = files.map((file) => file.path).filter((path) => path.startsWith('src/'));

test('no file is longer than one can read at a sitting', () => {
  assert.deepEqual(sizeComplaints(files), []);
  const long = { path: 'src/base/a.ts', text: 'x\n'.repeat(401) };
  assert.equal(sizeComplaints([long]).length, 1);
  assert.equal(sizeComplaints([{ ...long, path: 'src/base/a.test.ts' }]).length, 0);
  assert.equal(sizeComplaints([{ path: 'src/base/a.test.ts', text: 'x\n'.repeat(801) }]).length, 1);
});

test('files are named in kebab-case after what they hold', () => {
  assert.deepEqual(nameComplaints(files.map((file) => file.path)), []);
  const bad = ['src/base/tokenBucket.ts', 'src/base/utils.ts', 'src/base/string-helpers.ts', 'src/base/Cidr.ts'];
  assert.equal(nameComplaints([...bad, 'src/base/token-bucket.ts', 'src/wire/http1.test.ts']).length, bad.length);
});

test('every room has a door, and no folder holds a single file', () => {
  assert.deepEqual(folderComplaints(sourcePaths), []);
  assert.deepEqual(folderComplaints(['src/base/a.ts', 'src/base/deep/b.ts', 'src/loose.ts']), [
    'src/base has no index.ts',
    'src/base holds one file only',
    'src/base/deep holds one file only',
    'src/loose.ts belongs to no room',
  ]);
});

test('every export says what it promises', () => {
  assert.deepEqual(undocumentedExports(files), []);
});

test('an export without a doc comment is found, whatever its form', () => {
  const judged = (text: string) => undocumentedExports([{ path: 'src/base/a.ts', text }]).length;
  const bare = [
    'function f() {}',
    'async function* g() {}',
    'class C {}',
    'interface I {}',
    'type T = 1',
    'const c = 1',
  ];
  for (const text of [...bare, 'abstract class D {}', 'default function h() {}']) {
    assert.equal(judged(`export ${text}`), 1, text);
    assert.equal(judged(`// Not a doc comment.\nexport ${text}`), 1, text);
    assert.equal(judged(`/** */\nexport ${text}`), 1, text);
    assert.equal(judged(`/** Says it. */\nexport ${text}`), 0, text);
  }
  for (const text of [`* from './b.ts'`, `{ b } from './b.ts'`, `type { B } from './b.ts'`, '{ c }']) {
    assert.equal(judged(`export ${text};`), 0, text);
  }
  assert.equal(judged('/** Both. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;'), 0);
});

test('no file speaks of one machine, one registry or unfinished work', () => {
  const texts = trackedPaths()
    .map((path) => ({ path, text: readText(path) }))
    .filter(({ text }) => text.length < LARGE_CHARACTERS && !text.includes('\0'));
  assert.ok(texts.length > 20, `only ${texts.length} files`);
  assert.deepEqual(textComplaints(texts), []);
});

test('what was made on the spot is no file of the repository, in a copy without .git either', () => {
  const paths = pathsBelow('');
  assert.ok(paths.length > 20, `only ${paths.length} files`);
  // The run of this very test has filled the first.
  assert.deepEqual(
    paths.filter((path) => /^(\.cache|node_modules|dist)\//.test(path)),
    [],
  );
});

test('a path, a registry and unfinished work are found', () => {
  const judged = (line: string) => textComplaints([{ path: 'a.md', text: line }]).length;
  const unfinished = 'TO' + 'DO';
  const home = '/ho' + 'me/ada/portcullis';
  const found = [
    home,
    `see ${home}`,
    'https://npm.regis' + 'try.example/a',
    `${unfinished}: later`,
    import.meta.dirname,
  ];
  for (const line of found) assert.equal(judged(line), 1, line);
  for (const line of [`${unfinished} #12: later`, 'GET /users/7/home', 'the home folder', 'https://npmjs.com/x']) {
    assert.equal(judged(line), 0, line);
  }
});
