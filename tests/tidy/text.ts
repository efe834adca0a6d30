import { homedir } from 'node:os';
import { ROOT, type Complaint, type SourceFile } from './repository.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
}

// Written in two halves, or this file would break its own rules.
const UNFINISHED = ['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|');
const HOMES = ['/ho' + 'me/', '/Us' + 'ers/'].join('|');
const REGISTRY_NAMES = ['artifact' + 'ory', 'verd' + 'accio', 'nex' + 'us', 'registry'].join('|');

const RULES: readonly Rule[] = [
  { pattern: new RegExp(`(?<![\\w.~-])(?:${HOMES})[a-z][\\w.-]*/`), reason: 'a path of one person’s machine' },
  { pattern: new RegExp(`https?://[^\\s/'"]*(?:${REGISTRY_NAMES})[^\\s/'"]*`, 'i'), reason: 'a registry’s address' },
  { pattern: new RegExp(`\\b(?:${UNFINISHED})\\b(?!\\s*\\(?#\\d)`), reason: 'unfinished work without an issue number' },
  ...machinePaths().map((path) => ({ pattern: literally(path), reason: 'a path of this machine' })),
];

/** Text that belongs on one machine or to one day. */
export function textComplaints(files: readonly SourceFile[]): Complaint[] {
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const rule = RULES.find(({ pattern }) => pattern.test(line));
      return rule === undefined ? [] : [`${file.path}:${index + 1} has ${rule.reason}`];
    }),
  );
}

/** Where the repository and the home folder lie, if that is deep enough to be told from a path of an example. */
function machinePaths(): string[] {
  return [ROOT, homedir()].filter((path) => path.split('/').length > 2);
}

function literally(path: string): RegExp {
  return new RegExp(`${RegExp.escape(path)}(?![\\w-])`);
}
