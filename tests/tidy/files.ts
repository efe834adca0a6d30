import { basename, posix } from 'node:path';
import type { Complaint, SourceFile } from './repository.ts';

const SOURCE_LINES = 400;
const TEST_LINES = 800;
const KEBAB_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.test)?\.ts$/;

// A file with one of these in its name is about nothing in particular, and so grows to hold everything.
const EMPTY_WORDS = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'common', 'misc', 'impl']);

/** Files that are too long. */
export function sizeComplaints(files: readonly SourceFile[]): Complaint[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    const limit = path.endsWith('.test.ts') || path.startsWith('tests/') ? TEST_LINES : SOURCE_LINES;
    return lines > limit ? [`${path} has ${lines} lines, ${limit} at most`] : [];
  });
}

/** Files whose names are not lower-case words with hyphens, or say nothing. */
export function nameComplaints(paths: readonly string[]): Complaint[] {
  return paths.flatMap((path) => {
    const name = basename(path);
    if (!KEBAB_NAME.test(name)) return [`${path} is not named like-this.ts`];
    const empty = name.split(/[.-]/).find((word) => EMPTY_WORDS.has(word));
    return empty === undefined ? [] : [`${path} says "${empty}", which names nothing`];
  });
}

/** Rooms without a door, and folders that hold a single file. */
export function folderComplaints(paths: readonly string[]): Complaint[] {
  const folders = Map.groupBy(paths, (path) => posix.dirname(path));
  const rooms = new Set(paths.flatMap((path) => /^src\/[^/]+(?=\/)/.exec(path) ?? []));
  const doorless = [...rooms].filter((room) => !paths.includes(`${room}/index.ts`));
  const lonely = [...folders].filter(([folder, inside]) => folder !== 'src' && inside.length < 2);
  const loose = folders.get('src') ?? [];
  return [
    ...doorless.map((room) => `${room} has no index.ts`),
    ...lonely.map(([folder]) => `${folder} holds one file only`),
    ...loose.map((path) => `${path} belongs to no room`),
  ];
}
