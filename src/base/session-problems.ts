import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with requests of browsers that have a session. */
export const sessionProblems = {
  'session-ended': {
    status: 401,
    title: 'Session ended',
    cause:
      'There is a session’s cookie, and no session that stands: it has ended, was idle for too long, or is of a provider that this API does not take. Or there is none where a page asks who is signed in.',
    fix: 'Send the user to the path that WWW-Authenticate names, to sign in again.',
  },
  'cross-site-request': {
    status: 403,
    title: 'Cross-site request',
    cause:
      'The request bears a session’s cookie, and does not show that a page of this host sent it: Origin or Sec-Fetch-Site name another one or are not there, or x-portcullis-csrf is not the session’s.',
    fix: 'Send requests that change something from pages of the same host, with x-portcullis-csrf as /.portcullis/session says it.',
  },
  'sessions-unavailable': {
    status: 503,
    title: 'Sessions unavailable',
    cause: 'Nobody could say in time whether the session stands, or where to sign in.',
    fix: 'Try again after a pause.',
  },
} as const satisfies Record<string, CatalogueEntry>;
