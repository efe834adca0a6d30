import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { type Page, pages, proseOf, ROOT } from './pages.ts';

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));

/** The anchors of a page: its headings as GitHub makes links of them, and those it sets itself. */
function anchorsOf(page: Page): ReadonlySet<string> {
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const own = [...page.text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id as string);
  return new Set([...headings, ...own]);
}

test('there are pages, and every one but the first is led to from another', () => {
  assert.ok(all.length > 20, `only ${all.length} pages`);
  const led = new Set(all.flatMap((page) => linksOf(page).map(({ target }) => target)));
  const lost = all.filter(({ path }) => path !== 'README.md' && !led.has(path));
  assert.deepEqual(
    lost.map(({ path }) => path),
    [],
  );
});

test('the table of contents leads to every page of the guide and the reference', () => {
  const contents = byPath.get('docs/README.md');
  assert.ok(contents !== undefined);
  const led = new Set(linksOf(contents).map(({ target }) => target));
  const told = all.map(({ path }) => path).filter((path) => /^docs\/(guide|reference)\//.test(path));
  assert.ok(told.length > 20, `only ${told.length} pages`);
  assert.deepEqual(
    told.filter((path) => !led.has(path)),
    [],
  );
});

interface Link {
  readonly written: string;
  /** The path of a file or folder in the repository; empty for the page itself. */
  readonly target: string;
  readonly anchor: string;
}

function linksOf(page: Page): readonly Link[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, written]) => {
    if (written === undefined || /^[a-z]+:/.test(written)) return [];
    const [path = '', anchor = ''] = written.split('#');
    const target = path === '' ? page.path : posix.join(posix.dirname(page.path), path);
    return [{ written, target, anchor }];
  });
}

for (const page of all) {
  test(`every link of ${page.path} leads somewhere`, () => {
    for (const { written, target, anchor } of linksOf(page)) {
      assert.ok(existsSync(join(ROOT, target)), `${written} leads to no file`);
      const other = byPath.get(target);
      if (anchor !== '' && other !== undefined)
        assert.ok(anchorsOf(other).has(anchor), `${written} leads to no heading`);
    }
  });

  test(`every path of the repository that ${page.path} names is there`, () => {
    const named = [...proseOf(page).matchAll(/`((?:src|tests|bin|docs|examples)\/[^`\s*]*)`/g)].map(
      ([, path]) => path as string,
    );
    for (const path of named) assert.ok(existsSync(join(ROOT, path)), path);
  });
}

test('a decision record has at most 40 lines and its three parts, and the list names it', () => {
  const list = byPath.get('docs/adr/README.md')?.text ?? '';
  const records = all.filter(({ path }) => /^docs\/adr\/\d{4}-/.test(path));
  assert.ok(records.length >= 14);
  for (const [at, { path, text }] of records.entries()) {
    const number = at + 1;
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    assert.deepEqual(parts, ['Context', 'Decision', 'Consequences'], path);
    assert.ok(text.split('\n').length <= 41, path);
    assert.equal(path.slice('docs/adr/'.length, 'docs/adr/'.length + 4), String(number).padStart(4, '0'));
    const title = /^# (\d+)\. (.+)$/m.exec(text);
    assert.equal(title?.[1], String(number), path);
    assert.ok(list.includes(`[${number}](${posix.basename(path)}) | ${title?.[2]} |`), path);
  }
});
