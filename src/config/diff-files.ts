import { type FileScanner, isTakenByNameAlone, UNSAID_ARCHIVES } from '../policy/index.ts';
import type { ChangeEffect, ConfigChange } from './config-change.ts';
import { sameData } from './config-change.ts';
import type { FilesRules } from './file-rules.ts';

/** What files are held to, and whether an operation says so itself. */
export interface OwnFiles {
  readonly rules: FilesRules | null;
  readonly isOwn: boolean;
}

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in what files are held to, of an API or of an operation. */
export function fileChanges(old: FilesRules | null, next: FilesRules | null, tell: Tell): readonly ConfigChange[] {
  if (old === null || next === null) {
    if (old === next) return [];
    const opened = next === null ? [] : archiveChanges(UNSAID_ARCHIVES, next.archives, tell);
    const loosens = next === null;
    const message = loosens ? 'files are no longer judged, but for archives' : 'files are judged';
    return [
      tell('validation', loosens ? 'loosens' : 'tightens', message),
      ...opened.filter(({ effect }) => effect === 'loosens'),
    ];
  }
  const { path: _was, ...before } = old;
  const { path: _is, ...after } = next;
  if (sameData(before, after)) return [];
  const changes = [
    ...boundChanges(before, after, tell),
    ...listChange('types', [before.types, after.types], tell),
    ...listChange('extensions', [before.names.extensions, after.names.extensions], tell),
    ...archiveChanges(before.archives, after.archives, tell),
  ];
  if (before.macros !== after.macros) {
    const passes = after.macros === 'pass';
    const message = `documents with macros ${passes ? 'pass' : 'are refused'}`;
    changes.push(tell('validation', passes ? 'loosens' : 'tightens', message));
  }
  if (before.names.pattern !== after.names.pattern) {
    const loosens = after.names.pattern === null;
    const message = loosens ? 'names of files need not match any more' : 'names of files must match another pattern';
    changes.push(tell('validation', loosens ? 'loosens' : 'changes', message));
  }
  if (before.scan !== after.scan) {
    const loosens = after.scan === null;
    const message = loosens ? 'files are no longer scanned' : `files are scanned by ${after.scan}`;
    changes.push(tell('validation', loosens ? 'loosens' : before.scan === null ? 'tightens' : 'changes', message));
  }
  return changes;
}

/** The same of an operation, where it has a word of its own: else its API is told of once. `old` is null for a new one. */
export function operationFileChanges(old: OwnFiles | null, next: OwnFiles, tell: Tell): readonly ConfigChange[] {
  if (old === null) return next.isOwn && loosensArchives(next.rules, tell) ? fileChanges(null, next.rules, tell) : [];
  return old.isOwn || next.isOwn ? fileChanges(old.rules, next.rules, tell) : [];
}

/** Whether archives are held to less than where nothing is said of files. */
function loosensArchives(rules: FilesRules | null, tell: Tell): boolean {
  return (
    rules !== null && archiveChanges(UNSAID_ARCHIVES, rules.archives, tell).some(({ effect }) => effect === 'loosens')
  );
}

type Compared = Omit<FilesRules, 'path'>;

const BOUNDS: readonly (readonly [what: string, of: (rules: Compared) => number | null])[] = [
  ['a file', ({ sizeBytes }) => sizeBytes],
  ['the number of files', ({ count }) => count],
  ['all files together', ({ totalBytes }) => totalBytes],
  ['the name of a file', ({ names }) => names.lengthBytes],
];

function boundChanges(old: Compared, next: Compared, tell: Tell): ConfigChange[] {
  return BOUNDS.flatMap(([what, of]) => {
    const [was, is] = [of(old) ?? Number.POSITIVE_INFINITY, of(next) ?? Number.POSITIVE_INFINITY];
    if (was === is) return [];
    const message = is === Number.POSITIVE_INFINITY ? `${what} has no limit any more` : `${what} may be ${is} at most`;
    return [tell('limits', is > was ? 'loosens' : 'tightens', message)];
  });
}

type List = readonly string[] | null;

function listChange(key: 'types' | 'extensions', [old, next]: readonly [List, List], tell: Tell): ConfigChange[] {
  if (sameData(old, next)) return [];
  const what = key === 'types' ? 'types of files' : 'extensions of files';
  if (next === null) return [tell('validation', 'loosens', `${what} are no longer listed`)];
  // Where nothing is listed, all are taken but what runs: of that a list may be the first to name some.
  const taken = old ?? next.filter((each) => !isTakenByNameAlone(key, each));
  const added = next.filter((each) => !taken.includes(each));
  const message = added.length > 0 ? `${what} that are taken besides: ${added.join(', ')}` : `fewer ${what} are taken`;
  return [tell('validation', added.length > 0 ? 'loosens' : 'tightens', message)];
}

type Archives = FilesRules['archives'];

function archiveChanges(old: Archives, next: Archives, tell: Tell): ConfigChange[] {
  if (sameData(old, next)) return [];
  if (next === 'pass') return [tell('validation', 'loosens', 'archives pass unopened')];
  if (next === 'refuse') return [tell('validation', 'tightens', 'archives are refused')];
  if (old === 'pass') return [tell('validation', 'tightens', 'archives are opened')];
  if (old === 'refuse') return [tell('validation', 'loosens', 'archives are taken, and opened')];
  const wider =
    (['entries', 'depth', 'bytes', 'held', 'ratio'] as const).some((key) => next[key] > old[key]) ||
    (['encrypted', 'unopened'] as const).some((key) => next[key] === 'pass' && old[key] === 'refuse');
  return [
    tell('validation', wider ? 'loosens' : 'tightens', `archives may hold ${wider ? 'more' : 'less'}, or others`),
  ];
}

/** What differs in the scanners. */
export function scannerChanges(old: readonly FileScanner[], next: readonly FileScanner[]): readonly ConfigChange[] {
  return next.flatMap((scanner) => {
    const was = old.find(({ name }) => name === scanner.name);
    if (was === undefined ? scanner.unavailable === 'refuse' : sameData(was, scanner)) return [];
    const opens = scanner.unavailable === 'pass' && was?.unavailable !== 'pass';
    const about = `the scanner ${scanner.name}`;
    const message = opens ? `files pass where ${about} does not answer` : `${about} is another, or is asked otherwise`;
    return [{ api: null, operation: null, about: 'validation', effect: opens ? 'loosens' : 'changes', message }];
  });
}
