import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema, referencePage } from '../../src/config/index.ts';
import { readRights, rightsPage } from '../access/rights.ts';
import { adminApiPage } from './admin-api-page.ts';
import { commandsPage } from './commands-page.ts';
import { problemsPage } from './problems-page.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The generated files of docs/reference and examples, by their path in the repository. */
export async function referenceFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['examples/access/RIGHTS.md', rightsPage(readRights())],
    ['docs/reference/admin-api.md', adminApiPage()],
    ['docs/reference/commands.md', await commandsPage()],
    ['docs/reference/configuration.md', referencePage([])],
    ['docs/reference/portcullis.schema.json', `${JSON.stringify(jsonSchema([]), null, 2)}\n`],
    ['docs/reference/problems.md', problemsPage()],
  ]);
}

// Run by itself (`npm run docs:reference`), this file writes them.
if (import.meta.main) {
  mkdirSync(join(ROOT, 'docs', 'reference'), { recursive: true });
  for (const [path, text] of await referenceFiles()) writeFileSync(join(ROOT, path), text);
}
