import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typescriptFiles } from './repository.ts';
import { type Edge, edgesOf } from './walls.ts';

const edges = Map.groupBy(edgesOf(typescriptFiles('src')), ({ from }) => from);

/** Packages that a thread loads where its configuration needs them, by `import()` and no other way. */
const WHEN_NEEDED: readonly string[] = ['sanitize-html'];

/** The packages that a file loads, by itself or by what it imports, but for what `later` do. */
function packagesOf(
  entry: string,
  later: readonly string[] = [],
): { readonly files: number; readonly packages: readonly string[] } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const { to, found } of (edges.get(file) ?? []).filter(isLoaded)) {
      if (to !== null && later.includes(to)) continue;
      if (to !== null) files.add(to);
      else if (found.deferred === true && WHEN_NEEDED.includes(found.specifier ?? '')) continue;
      else if (found.specifier !== null && !found.specifier.startsWith('node:')) packages.add(found.specifier);
    }
  }
  return { files: files.size, packages: [...packages].toSorted() };
}

function isLoaded({ found }: Edge): boolean {
  return !found.typeOnly;
}

test('gateway threads and the compile worker load no package but the engine of patterns and the reader of databases of countries', () => {
  // Each thread loads its own: a database or a library for schemas there costs every start half a second and 20 MB.
  for (const entry of ['gateway-entry-thread', 'compile-entry-thread']) {
    const { files, packages } = packagesOf(`src/main/${entry}.ts`);
    assert.deepEqual(packages, ['mmdb-lib', 're2js'], entry);
    assert.ok(files > 100, `only ${files} files are seen from ${entry}`);
  }
});

test('the thread of the ledger loads no package', () => {
  const { files, packages } = packagesOf('src/main/ledger-thread.ts');
  assert.deepEqual(packages, []);
  assert.ok(files > 20 && files < 100, `${files} files`);
});

test('what threads do not load is seen where it is loaded', () => {
  const { packages } = packagesOf('src/main/node.ts');
  for (const name of ['kysely', 'yaml', 'zod', '@peculiar/x509']) assert.ok(packages.includes(name), name);
});

test('until the verifier is at work, nothing is loaded that it need not wait for', () => {
  const lists = 'src/config/revocation-lists.ts';
  const later = ['src/main/starting.ts', 'src/adapters/embedded/sqlite/store.ts', lists];
  const texts = new Map(typescriptFiles('src').map(({ path, text }) => [path, text]));
  assert.match(texts.get('src/main/node.ts') ?? '', /verifier\.begin\([\s\S]*await import\('\.\/starting\.ts'\)/);
  assert.match(texts.get('src/adapters/embedded/sqlite/open-store.ts') ?? '', /await import\('\.\/store\.ts'\)/);
  for (const { from, found } of [...edges.values()].flat().filter(({ to }) => to === lists)) {
    if (from.endsWith('.test.ts')) continue;
    assert.match(texts.get(from) ?? '', /await import\('\.\/revocation-lists\.ts'\)/);
    assert.ok(found.typeOnly || !(texts.get(from) ?? '').includes("from './revocation-lists.ts'"), from);
  }
  for (const entry of ['node', 'host-ports']) {
    const { packages } = packagesOf(`src/main/${entry}.ts`, later);
    for (const name of ['kysely', '@peculiar/x509', 'reflect-metadata']) assert.ok(!packages.includes(name), name);
  }
});
