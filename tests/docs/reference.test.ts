import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { referenceFiles } from './reference.ts';

const ROOT = join(import.meta.dirname, '..', '..');

for (const [path, text] of referenceFiles()) {
  test(`${path} is what the schema says`, () => {
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), text, 'run npm run docs:reference');
  });
}
