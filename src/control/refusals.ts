import { errorIssue, formatIssue, type Issue } from '../base/index.ts';
import { type Config, fixedEgress, fixedServer, type Gathered } from '../config/index.ts';
import type { RefusedReload } from './conductor-options.ts';

/** What the status says of a reload that was refused. */
export function refusalOf(issues: readonly Issue[], at: number): RefusedReload {
  const [first] = issues;
  return { at, issues: issues.length, first: first === undefined ? '' : formatIssue(first).slice(0, WORDS_LIMIT) };
}

/** Of an issue, what a line of a report has room for. */
const WORDS_LIMIT = 500;

/** What can not be recorded is not done. */
export const NOT_RECORDED = errorIssue(
  '',
  'the configuration was not put in force, because the ledger could not record it',
  {
    fix: 'see in the log why the ledger can not be written',
  },
);

/** A thread would not. */
export const NOT_INSTALLED = errorIssue('', 'the gateway threads did not install the configuration', {
  fix: 'see the log, then try again',
});

/** There is nothing to write into. */
export const NO_FILE = errorIssue('', 'this gateway was not started from a configuration file', {
  fix: 'start it by `portcullis start`',
});

/** Another's change would be lost. */
export const CHANGED = errorIssue('', 'the configuration file has changed meanwhile', {
  fix: 'see what stands there now, and apply again',
});

/** What the alert says, to whoever asked for the change. */
export const UNWRITTEN = errorIssue('', 'the configuration in force is not the one in the file', {
  fix: 'let the file be written, then apply again',
});

/** Where the numbers of revisions are. */
export const LIST_FIX = '`portcullis rollback --list` shows the history';

/** What a running node can't change about itself. */
export function restartIssues(before: Config | null, { config: after, places }: Gathered): readonly Issue[] {
  if (before === null) return [];
  const fixed = [
    ['server', fixedServer(before.server), fixedServer(after.server)],
    ['admin', before.admin, after.admin],
    ['egress', fixedEgress(before.egress), fixedEgress(after.egress)],
    ['data', before.dataFolder, after.dataFolder],
    ['audit', before.audit, after.audit],
  ] as const;
  return fixed
    .filter(([, old, next]) => JSON.stringify(old) !== JSON.stringify(next))
    .map(([key]) =>
      errorIssue(key, 'can not change while the gateway runs', { place: places[key] ?? null, fix: 'restart it' }),
    );
}
