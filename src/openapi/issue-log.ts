import { errorIssue, type Issue, type Place } from '../base/index.ts';

/** Says that something is wrong at a pointer. */
export type Report = (pointer: string, message: string, fix?: string) => void;

/** Gathers what is wrong with a document, each thing by the pointer it stands at. */
export interface IssueLog {
  /** Something that leaves the protection in doubt: there is no description then. */
  readonly error: Report;
  /** Something the specification does not allow, and that is read in the one safe way. */
  readonly warn: Report;
  /** All that was said, in order, and whether an error is among it. */
  readonly finish: () => { readonly issues: readonly Issue[]; readonly failed: boolean };
}

/** More than anybody reads at once; a hostile document could have a million. */
const LISTED_LIMIT = 1000;

/** Makes an empty log. `place` gives file, line and column of a pointer, where they are known. */
export function createIssueLog(place: (pointer: string) => Place | null): IssueLog {
  const listed: Issue[] = [];
  const counts = { error: 0, warning: 0 };
  const add = (severity: Issue['severity'], pointer: string, message: string, fix: string | undefined): void => {
    counts[severity] += 1;
    if (counts[severity] > LISTED_LIMIT) return;
    const issue = errorIssue(pointer, message, { place: place(pointer), ...(fix === undefined ? {} : { fix }) });
    listed.push({ ...issue, severity });
  };
  return {
    error: (pointer, message, fix) => add('error', pointer, message, fix),
    warn: (pointer, message, fix) => add('warning', pointer, message, fix),
    finish: () => {
      const unlisted = (['error', 'warning'] as const)
        .filter((severity) => counts[severity] > LISTED_LIMIT)
        .map((severity) => notListed(severity, counts[severity] - LISTED_LIMIT));
      return { issues: [...listed, ...unlisted], failed: counts.error > 0 };
    },
  };
}

function notListed(severity: Issue['severity'], count: number): Issue {
  return { ...errorIssue('', `there are ${count} more of this severity that are not listed`), severity };
}

/** Text of a document as it is quoted in a message: short, and on one line. */
export function quoted(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  // oxlint-disable-next-line no-control-regex
  return `\`${short.replaceAll(/[\x00-\x1f\x7f\u2028\u2029]/g, '�')}\``;
}
