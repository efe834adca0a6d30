import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { err, formatIssue, ok, Secret } from '../../src/base/index.ts';
import { gather, parseConfig } from '../../src/config/index.ts';
import type { Egress, Files, Secrets } from '../../src/ports/index.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const files = { read: async (path: string) => ok(new Uint8Array(await readFile(path))) } as Partial<Files> as Files;
const secrets: Secrets = {
  resolve: async (reference) =>
    ok(new Secret(Buffer.from(`sample ${JSON.stringify(reference)}`.replace(/[^a-z]/gi, '-')))),
};
const egress: Egress = { call: async () => err({ reason: 'unreachable', detail: 'no example is on the network' }) };

test('there are examples', () => {
  assert.ok(folders.length >= 2);
});

for (const folder of folders) {
  test(`the example ${folder} is a configuration without issues or warnings`, async () => {
    const file = join(EXAMPLES, folder, 'portcullis.yaml');
    const parsed = parseConfig(readFileSync(file), { file, kinds: [] });
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
    const result = await gather(parsed.value, { files, secrets, egress, revision: 1 });
    assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
    assert.deepEqual(result.value.warnings.map(formatIssue), []);
  });

  test(`the expectations of ${folder} have the form that examples/README.md describes`, () => {
    const list = parse(readFileSync(join(EXAMPLES, folder, 'expect.yaml'), 'utf8')) as Record<string, unknown>[];
    assert.ok(list.length > 5);
    for (const entry of list) {
      const { request, expect, host, as, key, signedIn, headers, body, plain, egress: outbound, ...rest } = entry;
      const told = JSON.stringify(entry);
      assert.match(String(request), /^[A-Z]+ \/\S*$/, told);
      assert.ok(typeof expect === 'number' && expect >= 100 && expect <= 599, told);
      assert.deepEqual(rest, {}, told);
      assert.ok(
        [host, body].every((value) => value === undefined || typeof value === 'string'),
        told,
      );
      assert.ok(signedIn === undefined || typeof signedIn === 'string', told);
      assert.ok(plain === undefined || plain === true, told);
      assert.ok(outbound === undefined || outbound === true, told);
      assert.ok(as === undefined || (typeof as === 'object' && as !== null && 'subject' in as), told);
      assert.ok(key === undefined || (typeof key === 'object' && key !== null && as === undefined), told);
      assert.ok(headers === undefined || (typeof headers === 'object' && headers !== null), told);
    }
  });
}

test('the folder of each example is in the list of examples', () => {
  const page = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  for (const folder of folders) assert.ok(page.includes(`[${folder}](${folder}/portcullis.yaml)`), folder);
});
