import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with a page's question whether it may call. */
export const corsProblems = {
  'preflight-refused': {
    status: 403,
    title: 'Preflight refused',
    cause:
      'A browser asked whether a page of another origin may send a request, and its origin, a header field of it or its way into a private network is not allowed; `detail` says which.',
    fix: 'Name what is missing under `cors` of the API, if pages are meant to send it.',
  },
} as const satisfies Record<string, CatalogueEntry>;
