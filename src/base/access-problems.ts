import type { CatalogueEntry } from './catalogue-entry.ts';

/** What is said of rights on parts of requests. */
export const accessProblems = {
  'field-not-allowed': {
    status: 403,
    title: 'Field not allowed',
    cause:
      'The body sets, changes or reads a field that this caller may not, or names one in a way that servers read differently.',
    fix: 'Send the fields that the documentation of the API names for you, spelled as it does.',
  },
} as const satisfies Record<string, CatalogueEntry>;
