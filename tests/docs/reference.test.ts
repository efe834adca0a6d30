import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemCatalogue } from '../../src/base/index.ts';
import { ADMIN_OPERATIONS } from '../../src/control/index.ts';
import { helpOf, verbs } from './commands-page.ts';
import { referenceFiles } from './reference.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

for (const [path, text] of await referenceFiles()) {
  test(`${path} is what the code says`, () => {
    assert.equal(read(path), text, 'run npm run docs:reference');
  });
}

test('every key of the configuration has a row, wherever in a list or a form it stands', () => {
  const rows = [...read('docs/reference/configuration.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, key]) => key);
  const keys = new Set(keysOf(JSON.parse(read('docs/reference/portcullis.schema.json')), ''));
  assert.ok(keys.size > 300);
  assert.deepEqual(new Set(rows), keys);
});

/** All keys of a JSON Schema by their paths, as the page writes them: NAME for one that is anybody's, [] for an element. */
function keysOf(schema: unknown, path: string): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema as Record<string, unknown>;
  const below = Object.entries(properties as object).flatMap(([name, child]) => {
    const key = path === '' ? name : `${path}.${name}`;
    return [key, ...keysOf(child, key)];
  });
  const named = typeof additionalProperties === 'object' ? [`${path}.NAME`] : [];
  return [
    ...below,
    ...named.flatMap((key) => [key, ...keysOf(additionalProperties, key)]),
    ...keysOf(items, `${path}[]`),
    ...(anyOf as readonly unknown[]).flatMap((form) => keysOf(form, path)),
  ];
}

test('every problem has one section, and every section is a problem', () => {
  const sections = [...read('docs/reference/problems.md').matchAll(/^## (.+)$/gm)].map(([, code]) => code);
  assert.deepEqual(sections, Object.keys(problemCatalogue));
});

test('every verb has a help that exits with 0, and there is a verb for each command file', async () => {
  const known = await verbs();
  for (const verb of known) {
    const { text, code } = await helpOf(verb, '--help');
    assert.equal(code, 0, verb);
    assert.ok(text.startsWith(`portcullis ${verb}`), verb);
  }
  const page = read('docs/reference/commands.md');
  assert.deepEqual(
    [...page.matchAll(/^## (.+)$/gm)].map(([, verb]) => verb),
    known,
  );
  assert.ok(known.length >= 8, known.join());
});

test('every admin operation has one row, and every row is an operation', () => {
  const rows = [...read('docs/reference/admin-api.md').matchAll(/^\| `([A-Z]+ \/\S*)` \|/gm)].map(
    ([, request]) => request,
  );
  assert.deepEqual(
    rows,
    ADMIN_OPERATIONS.map(({ method, path }) => `${method} ${path}`),
  );
});
