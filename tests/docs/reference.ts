import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema, referencePage } from '../../src/config/index.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The generated files of docs/reference, by their path in the repository. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/configuration.md', referencePage([])],
    ['docs/reference/portcullis.schema.json', `${JSON.stringify(jsonSchema([]), null, 2)}\n`],
  ]);
}

// Run by itself (`npm run docs:reference`), this file writes them.
if (import.meta.main) {
  mkdirSync(join(ROOT, 'docs', 'reference'), { recursive: true });
  for (const [path, text] of referenceFiles()) writeFileSync(join(ROOT, path), text);
}
