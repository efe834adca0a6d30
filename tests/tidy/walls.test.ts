import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ambientComplaints } from './ambient.ts';
import { importsOf } from './imports.ts';
import { ROOT, typescriptFiles } from './repository.ts';
import { cycleComplaints, edgesOf, wallComplaints, WALLS } from './walls.ts';

const files = typescriptFiles('src');
const edges = edgesOf(files);

test('the wall test sees the imports that it judges', () => {
  // A scanner that sees nothing finds nothing wrong. Files average more than one import each in any real tree.
  assert.ok(files.length >= 20, `only ${files.length} files below src`);
  assert.ok(edges.length >= files.length, `only ${edges.length} imports in ${files.length} files`);
  const crossing = edges.filter(({ from, to }) => to !== null && from.split('/')[1] !== to.split('/')[1]);
  assert.ok(crossing.length >= 10, `only ${crossing.length} imports from room to room`);
});

test('every relative import leads to a file', () => {
  const lost = edges.filter(({ to }) => to !== null && to.startsWith('src/') && !existsSync(join(ROOT, to)));
  assert.deepEqual(
    lost.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('every folder of src is a room of the table', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    folders.map((entry) => entry.name).filter((name) => !(name in WALLS)),
    [],
  );
});

test('no import goes through a wall', () => {
  assert.deepEqual(wallComplaints(edges), []);
});

test('no files and no rooms import each other in a circle', () => {
  assert.deepEqual(cycleComplaints(edges), []);
});

test('the clock, chance, the environment and the network come in through ports', () => {
  assert.deepEqual(ambientComplaints(files), []);
});

test('every form of import is seen, and none in comments, strings or member names', () => {
  const source = `
    import a from './a.ts'; import './b.ts'; import type { C } from './c.ts'; import { type D } from './d.ts';
    import type, { e } from './e.ts';
    export * from './f.ts'; export { g } from './g.ts'; export type { H } from './h.ts';
    const i = await import('./i.ts'); const j = await import(name);
    type K = import('./k.ts').K;
    new Worker(new URL('./l.ts', import.meta.url));
    // import './no.ts'
    const no = "import './no.ts'"; const re = /import '.\\/no.ts'/; x.import('./no.ts'); export { no };
    export const from = './no.ts';`;
  assert.deepEqual(
    importsOf(source).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier)),
    [
      './a.ts',
      './b.ts',
      'type ./c.ts',
      './d.ts',
      './e.ts',
      './f.ts',
      './g.ts',
      'type ./h.ts',
      './i.ts',
      null,
      './k.ts',
      './l.ts',
    ],
  );
});

/** What the walls say to one import line in one file. */
function judge(path: string, text: string): string {
  return wallComplaints(edgesOf([{ path, text }])).join();
}

test('an import through a wall is found', () => {
  assert.match(judge('src/wire/a.ts', `import '../gateway/index.ts';`), /wire may not import gateway/);
  assert.match(judge('src/gateway/a.ts', `import '../wire/http1.ts';`), /entered by src\/wire\/index.ts only/);
  assert.match(judge('src/policy/a.ts', `import { X } from '../wire/index.ts';`), /only types/);
  assert.match(judge('src/cli/a.ts', `import '../control/index.ts';`), /src\/control\/client.ts/);
  assert.match(judge('src/attic/a.ts', `import '../base/index.ts';`), /not in the table/);
  assert.match(judge('src/base/a.ts', `import '../../tests/x.ts';`), /outside src/);
  assert.match(judge('src/base/a.ts', `await import(name);`), /computed/);
  assert.match(judge('src/gateway/a.ts', `import { parse } from 'yaml';`), /only config may/);
  assert.match(judge('src/gateway/a.ts', `import 'kysely';`), /only adapters may/);
  assert.match(judge('src/gateway/a.ts', `import { readFile } from 'node:fs/promises';`), /adapters and main/);
  assert.match(judge('src/gateway/a.ts', `import 'fs';`), /write node:/);
  assert.match(judge('src/gateway/a.ts', `import { test } from 'node:test';`), /only tests/);
  assert.match(judge('src/base/a.test.ts', `import '../adapters/index.ts';`), /base may not import adapters/);
});

test('an import that the table allows is not found', () => {
  const allowed = [
    ['src/policy/a.ts', `import type { X } from '../wire/index.ts';`],
    ['src/gateway/a.ts', `import '../wire/index.ts'; import './b.ts'; import type { Stats } from 'node:fs';`],
    ['src/cli/a.ts', `import '../control/client.ts';`],
    ['src/main/a.ts', `import '../adapters/index.ts'; import 'node:fs';`],
    ['src/base/a.test.ts', `import 'node:test'; import 'node:assert/strict'; import 'fast-check';`],
    ['src/adapters/a.test.ts', `import '../ports/contracts/clock.ts'; import '../ports/clock-contract.ts';`],
  ] as const;
  for (const [path, text] of allowed) assert.equal(judge(path, text), '');
});

test('a circle is found, between files and between rooms', () => {
  const files = (texts: Record<string, string>) =>
    cycleComplaints(edgesOf(Object.entries(texts).map(([path, text]) => ({ path, text }))));
  assert.match(
    files({ 'src/base/a.ts': `import './b.ts';`, 'src/base/b.ts': `import type { A } from './a.ts';` }).join(),
    /src\/base\/a.ts → src\/base\/b.ts → src\/base\/a.ts/,
  );
  assert.match(
    files({ 'src/wire/a.ts': `import '../body/index.ts';`, 'src/body/b.ts': `import '../wire/index.ts';` }).join(),
    /wire → body → wire/,
  );
  assert.deepEqual(files({ 'src/base/a.ts': `import './b.ts';`, 'src/base/b.ts': '' }), []);
});

test('an ambient clock, random number, variable or fetch is found, and what only looks like one is not', () => {
  const judged = (text: string, path = 'src/gateway/a.ts') => ambientComplaints([{ path, text }]).length;
  const found = ['process.env.HOME', 'Date.now()', 'new Date()', 'performance.now()', 'Math.random()', 'fetch(url)'];
  for (const text of [...found, 'globalThis.fetch(url)', 'ok ? fetch(a) : b', 'process?.env']) {
    assert.equal(judged(text), 1, text);
    assert.equal(judged(text, 'src/adapters/a.ts'), 0, text);
  }
  const innocent = ['new Date(ms)', 'clock.now()', '// Date.now()', 'egress.fetch(url)', 'x = "Math.random()"'];
  for (const text of [...innocent, 'class A { fetch(url) { } }', 'interface A { fetch(url: string): void }']) {
    assert.equal(judged(text), 0, text);
  }
});
