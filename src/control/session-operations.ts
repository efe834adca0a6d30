import type { Sessions, SessionsToEnd } from '../session/index.ts';
import type { AdminReply, OperationOf } from './admin-operation.ts';
import { AUTHOR, authorIn } from './change-author.ts';

/** What the admin API asks of the sessions of browsers. */
export type SessionsBackend = Pick<Sessions, 'list' | 'listOf' | 'end'>;

const LIST_LIMIT = 1_000;
/** SHA-256, base64url. */
const SESSION = /^[\w-]{43}$/;
const NAME_LIMIT = 255;

const BAD_QUERY: AdminReply = { status: 400, problem: { code: 'invalid-parameters' } };
const NOT_FOUND: AdminReply = { status: 404, problem: { code: 'not-found' } };

const PERSON = {
  issuer: 'The name of the issuer that they sign in with.',
  subject: 'Who it is, as the issuer names them (`sub`).',
};

/** The operations on the sessions of browsers. */
export const SESSION_OPERATIONS: readonly OperationOf<SessionsBackend>[] = [
  {
    id: 'listSessions',
    method: 'GET',
    path: '/v1/sessions',
    summary:
      'The sessions of browsers, 1,000 at most, those that were used last first; with `issuer` and `subject` those of one person.',
    key: true,
    bodyLimitBytes: null,
    query: PERSON,
    run: async (sessions, { query }) => {
      if (query.size === 0) return { status: 200, json: await sessions.list(LIST_LIMIT) };
      const person = personIn(query);
      return person === null ? BAD_QUERY : { status: 200, json: await sessions.listOf(person) };
    },
  },
  {
    id: 'endSession',
    method: 'POST',
    path: '/v1/sessions/{session}/end',
    summary: 'Ends one session, in every thread at once.',
    key: true,
    bodyLimitBytes: null,
    query: AUTHOR,
    run: async (sessions, { params, query }) => {
      const id = params['session'] ?? '';
      return SESSION.test(id) ? await end(sessions, { id }, query) : NOT_FOUND;
    },
  },
  {
    id: 'endSessionsOf',
    method: 'POST',
    path: '/v1/sessions/end',
    summary: 'Ends all sessions of one person, in every thread at once.',
    key: true,
    bodyLimitBytes: null,
    query: { ...PERSON, ...AUTHOR },
    run: async (sessions, { query }) => {
      const person = personIn(query);
      return person === null ? BAD_QUERY : await end(sessions, person, query);
    },
  },
];

async function end(sessions: SessionsBackend, which: SessionsToEnd, query: URLSearchParams): Promise<AdminReply> {
  const author = authorIn(query);
  if (author === null) return BAD_QUERY;
  const ended = await sessions.end(which, author);
  return ended === 0 ? NOT_FOUND : { status: 200, json: { ended } };
}

function personIn(query: URLSearchParams): { readonly issuer: string; readonly subject: string } | null {
  const issuer = query.get('issuer') ?? '';
  const subject = query.get('subject') ?? '';
  const areNames = [issuer, subject].every((name) => name !== '' && name.length <= NAME_LIMIT);
  return areNames ? { issuer, subject } : null;
}
