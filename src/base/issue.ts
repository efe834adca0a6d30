/** Where something stands in a text file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One thing wrong with a configuration, told so that its author can mend it.
 * `path` is the key path inside the document (`apis.orders.upstream`); `place` is null where no file has a line for it.
 */
export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly place: Place | null;
  readonly message: string;
  readonly fix: string | null;
}

/** An issue that stops compilation. */
export function errorIssue(path: string, message: string, more: { place?: Place | null; fix?: string } = {}): Issue {
  return { severity: 'error', path, place: more.place ?? null, message, fix: more.fix ?? null };
}

/** One line for a terminal: `portcullis.yaml:12:5 apis.orders.auth: … (fix)`. */
export function formatIssue(issue: Issue): string {
  const where = issue.place === null ? '' : `${issue.place.file}:${issue.place.line}:${issue.place.column} `;
  const path = issue.path === '' ? '' : `${issue.path}: `;
  const fix = issue.fix === null ? '' : ` (${issue.fix})`;
  return `${where}${path}${issue.message}${fix}`;
}
