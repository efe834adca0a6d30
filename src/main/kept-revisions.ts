import { join } from 'node:path';
import { openStoredDocuments } from '../adapters/index.ts';
import { err, type Result } from '../base/index.ts';
import type { KeptRevisions } from '../cli/index.ts';
import { type Revision, revisionId, REVISIONS } from '../control/index.ts';
import type { Files } from '../ports/index.ts';
import { findAdmin } from './running-file.ts';

/**
 * The history of a data folder: told by the gateway that runs on it, or read where none does. Its file is open for each
 * revision anew, so that a gateway that starts meanwhile finds it free.
 */
export function keptRevisions(files: Files, dataFolder: string): KeptRevisions {
  return { find: (revision) => find(files, dataFolder, revision) };
}

async function find(files: Files, dataFolder: string, revision: number): Promise<Result<Revision | null, string>> {
  const stored = openStoredDocuments(join(dataFolder, 'store.sqlite'));
  if (stored.ok) {
    const found = stored.value.get(REVISIONS, revisionId(revision));
    stored.value.close();
    return found;
  }
  const client = stored.error.reason === 'locked' ? await findAdmin(files, dataFolder) : err(stored.error.detail);
  return client.ok ? await client.value.revision(revision) : client;
}
