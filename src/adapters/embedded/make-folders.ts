import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The folder that could not be made, and why. */
export interface FolderFailure {
  readonly folder: string;
  readonly error: unknown;
}

/**
 * Makes a folder and those missing above it, one by one from the top, and stops at the first that cannot be made; null
 * when all stand. What another process makes meanwhile counts as made. Node's own recursive `mkdir` never ends where
 * the parent exists and still answers ENOENT, as /proc does.
 */
export async function makeFolders(path: string, mode: number): Promise<FolderFailure | null> {
  const missing: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await look(folder);
    if (found.state === 'folder') break;
    if (found.state === 'failed') return { folder, error: found.error };
    missing.push(folder);
    if (found.state === 'file' || dirname(folder) === folder) break;
  }
  for (const folder of missing.reverse()) {
    try {
      await mkdir(folder, { mode });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || (await look(folder)).state !== 'folder') return { folder, error };
    }
  }
  return null;
}

type Found = { readonly state: 'folder' | 'file' | 'missing' } | { readonly state: 'failed'; readonly error: unknown };

async function look(path: string): Promise<Found> {
  try {
    return { state: (await stat(path)).isDirectory() ? 'folder' : 'file' };
  } catch (error) {
    // ENOTDIR: one above is a file, and making that one says so.
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error)) ? { state: 'missing' } : { state: 'failed', error };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
