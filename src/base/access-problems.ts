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
  'method-override': {
    status: 400,
    title: 'Method override',
    cause:
      'The request asks for another method than its own, by a field such as X-HTTP-Method-Override or by `_method` in a form.',
    fix: 'Send the request with the method that you mean.',
    closes: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
