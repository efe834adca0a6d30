import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with files that clients send. */
export const fileProblems = {
  'file-refused': {
    status: 422,
    title: 'File refused',
    cause:
      'A file has a name that leads elsewhere or is run, holds a program or script, can be read as two files, is an archive that holds more than it may, or a scanner has found something in it.',
    fix: 'Send the plain file under a plain name, archives without passwords and links.',
  },
  'scanner-unavailable': {
    status: 503,
    title: 'Scanner unavailable',
    cause: 'Files of this operation are scanned before they pass, and the scanner does not answer.',
    fix: 'Try again later. Operators: see the alert `scanner.unavailable`.',
  },
} as const satisfies Record<string, CatalogueEntry>;
