import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's top folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** A file by its path from the top folder, with `/` between the names. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a tidy test found wrong, in words that name the file and the line. */
export type Complaint = string;

// What no copy of the repository brings along: it is made on the spot.
const MADE_HERE = new Set(['.git', ...foldersIn(readText('.gitignore'))]);

/**
 * The paths of all files that are in git or would go there with the next `git add`; in a copy without `.git`, such as a
 * downloaded archive, of all files that are not made on the spot.
 */
export function trackedPaths(): string[] {
  const paths = existsSync(join(ROOT, '.git')) ? pathsInGit() : pathsBelow('');
  return paths.toSorted();
}

function pathsInGit(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  // A file that is in the index and deleted on disk is still listed.
  return [...new Set(list.split('\0'))].filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

/** The names of the folders that a .gitignore lists. */
function foldersIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.endsWith('/') ? [line.slice(0, -1)] : []));
}

/** The paths of all files below a folder of the repository, `''` for its top, that are not made on the spot. */
export function pathsBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !MADE_HERE.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? pathsBelow(path) : [path];
    });
}

/** Reads a file of the repository as UTF-8. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The TypeScript files below one top folder. */
export function typescriptFiles(folder: 'src' | 'tests'): SourceFile[] {
  return trackedPaths()
    .filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.ts'))
    .map((path) => ({ path, text: readText(path) }));
}

/** Whether a file is run by the test runner only, and so never part of the product. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('tests/') || isContractSuite(path);
}

/** Whether a file holds the tests that every adapter of a port must pass. */
export function isContractSuite(path: string): boolean {
  return /^src\/ports\/(contracts\/.+|[a-z-]+-contract)\.ts$/.test(path);
}
