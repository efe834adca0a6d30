import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './pages.ts';
import { RELYING_PARTY_MODULES } from './relying-party-modules.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/guide/relying-party.md');
const rows = [...page.matchAll(/^\| `(oidcc-[a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, module = '', outcome = '', words = '']) => ({ module, outcome, words }),
);
const OUTCOMES = ['signed in', 'refused', 'kept', 'signed out', 'not offered'];

/** The modules that titles of these tests begin with; a title of a table stands for each of its rows. */
function testedModules(): ReadonlySet<string> {
  const modules = ['relying-party', 'relying-party-logout'].flatMap((name) => {
    const text = read(`tests/system/${name}.test.ts`);
    const titles = [...text.matchAll(/^ *test\(\s*['`](oidcc-client-test[^:'`]*):/gm)].map(([, title = '']) => title);
    const listed = [...text.matchAll(/^ *\[\s*'([a-z0-9-]+)',/gm)].map(([, module = '']) => module);
    return titles.flatMap((title) =>
      title.endsWith('${module}') ? listed.map((module) => title.replace('${module}', module)) : [title],
    );
  });
  return new Set(modules);
}

test('the guide says of every module of the suite what becomes of it, once, and in its order', () => {
  assert.equal(RELYING_PARTY_MODULES.length, 57);
  assert.deepEqual(
    rows.map(({ module }) => module),
    RELYING_PARTY_MODULES,
  );
  for (const { module, outcome, words } of rows) {
    assert.ok(OUTCOMES.includes(outcome), `${module}: ${outcome}`);
    assert.ok(words.length > 20, `${module} says why`);
  }
});

test('what the guide says of a module is held by a test of its name', () => {
  const tested = testedModules();
  const offered = rows.filter(({ outcome }) => outcome !== 'not offered').map(({ module }) => module);
  assert.deepEqual(
    offered.filter((module) => !tested.has(module)),
    [],
  );
});
