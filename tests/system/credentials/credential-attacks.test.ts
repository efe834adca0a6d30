import 'reflect-metadata';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { VERSIONS } from '../possession-scene.ts';
import { ROOT } from '../../tidy/repository.ts';
import { BAD_INPUTS } from './bad-inputs.ts';
import { HELD_ELSEWHERE } from './held-elsewhere.ts';
import { CredentialScene } from './scene.ts';

// What an edge must not let through, by its number in the list that it is judged by.

let scene: CredentialScene;

before(async () => {
  scene = await CredentialScene.start();
});

after(() => scene?.stop());

for (const version of VERSIONS) {
  describe(`over ${version}`, () => {
    for (const [item, inputs] of Map.groupBy(BAD_INPUTS, (input) => input.item)) {
      const sent = inputs.filter(({ over }) => over === null || over === version);
      if (sent.length === 0) continue;
      test(`${item}: ${sent.length} inputs are judged as they should be`, async () => {
        const complaints: string[] = [];
        for (const input of sent) {
          const complaint = await input.attempt(scene, version);
          if (complaint !== null) complaints.push(`${input.what}: ${complaint}`);
        }
        assert.deepEqual(complaints, []);
      });
    }
  });
}

test('66: of all that was sent nothing secret stands in the log, in the ledger, or in any other file', async () => {
  // Whatever is written later is written by now.
  await scene.send('http/1.1', {});
  const texts = [scene.gateway.said()];
  for (const entry of await readdir(scene.gateway.folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
  }
  assert.ok(
    texts.some((text) => text.includes('invalid-token')),
    'the ledger is among them',
  );
  const secrets = [scene.apiKey, 'good-token-of', 'split-token-of', encodeURIComponent('<script>alert')];
  for (const secret of secrets) assert.ok(!texts.some((text) => text.includes(secret)), secret);
  assert.ok(!texts.some((text) => /eyJ[\w-]{16,}\.[\w-]{16,}/.test(text)), 'a token');
});

/** 55 to 62 are of a server that issues tokens itself, which this is not. */
const ITEMS = Array.from({ length: 70 }, (_, at) => at + 1).filter((item) => item < 55 || item > 62);

test('every item is tried here or held by a test that there is', () => {
  const known = new Set([...BAD_INPUTS, ...HELD_ELSEWHERE].map(({ item }) => item));
  assert.deepEqual(
    ITEMS.filter((item) => !known.has(item)),
    [],
  );
  const gone = HELD_ELSEWHERE.filter(
    ({ file, says }) => !namesOf(readFileSync(join(ROOT, file), 'utf8')).includes(says),
  );
  assert.deepEqual(gone, []);
});

/** What stands behind `test(` in a file. */
function namesOf(text: string): string {
  return [...text.matchAll(/\btest\(\s*(['"`])(.*?)\1,/gs)].map(([, , name]) => name).join('\n');
}
