import { type Issue, parseDuration, type Result } from '../base/index.ts';
import type { AdminReply, OperationOf } from './admin-operation.ts';
import type { ApiKeyReport } from './api-key-documents.ts';
import type { ApiKeyFilter, ApiKeys, NewApiKey } from './api-keys.ts';
import { AUTHOR, authorIn } from './change-author.ts';

/** What becomes of a wish: null where there is no such key. */
type Done<T> = Promise<Result<T, readonly Issue[]> | null>;

/** API keys as the admin API asks for them. Bodies are JSON as they came. */
export interface AdminApiKeys extends Pick<ApiKeys, 'list' | 'find' | 'revoke' | 'switch'> {
  create(body: Uint8Array, author: string): Done<NewApiKey>;
  rotate(id: string, body: Uint8Array, author: string): Done<NewApiKey>;
}

const BODY_LIMIT_BYTES = 128 * 1024;
const LIST_LIMIT = 1_000;
const STATES: readonly string[] = ['active', 'disabled', 'revoked', 'expired'] satisfies ApiKeyReport['state'][];

const REASON = { reason: 'Why, for the record; 200 characters at most.' };

/** What can be asked of API keys. */
export const API_KEY_OPERATIONS: readonly OperationOf<AdminApiKeys>[] = [
  {
    id: 'listKeys',
    method: 'GET',
    path: '/v1/keys',
    summary:
      'API keys in the order of their ids, 1,000 at once: what they open and when they were used, never the keys.',
    key: true,
    bodyLimitBytes: null,
    query: {
      state: 'Only those that are active, disabled, revoked or expired.',
      unused: 'Only active ones that were not used for so long, such as 30d.',
      after: 'Only those behind this id: `next` of the answer before.',
    },
    run: async (keys, { query }) => {
      const filter = filterOf(query);
      return filter === null ? BAD_QUERY : { status: 200, json: await keys.list(filter) };
    },
  },
  {
    id: 'createKey',
    method: 'POST',
    path: '/v1/keys',
    summary:
      'Makes an API key of what the body says in JSON: `name`, and perhaps `owner`, `subject`, `tenant`, `roles`, `scopes`, `apis`, `addresses` and `expires`. The answer has the key, this once.',
    key: true,
    body: 'json',
    bodyLimitBytes: BODY_LIMIT_BYTES,
    query: AUTHOR,
    run: async (keys, { query, body }) => withAuthor(query, (author) => keys.create(body, author)),
  },
  {
    id: 'getKey',
    method: 'GET',
    path: '/v1/keys/{id}',
    summary: 'One API key, without the key.',
    key: true,
    bodyLimitBytes: null,
    query: {},
    run: async (keys, { params }) => {
      const found = await keys.find(params['id'] ?? '');
      return found === null ? NOT_FOUND : { status: 200, json: found };
    },
  },
  {
    id: 'rotateKey',
    method: 'POST',
    path: '/v1/keys/{id}/rotate',
    summary:
      'Makes a key in the place of another, which opens the same for a while: `overlap` of the JSON in the body, 24h if nothing is said. The answer has the new key, this once.',
    key: true,
    body: 'json',
    bodyLimitBytes: BODY_LIMIT_BYTES,
    query: AUTHOR,
    run: async (keys, { params, query, body }) =>
      withAuthor(query, (author) => keys.rotate(params['id'] ?? '', body, author)),
  },
  {
    id: 'revokeKey',
    method: 'POST',
    path: '/v1/keys/{id}/revoke',
    summary: 'Takes an API key back for good. It opens nothing in any thread when the answer comes.',
    key: true,
    bodyLimitBytes: null,
    query: { ...AUTHOR, ...REASON },
    run: async (keys, { params, query }) => {
      const reason = query.get('reason');
      if (reason !== null && !/^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(reason)) return BAD_QUERY;
      return withAuthor(query, (author) => keys.revoke(params['id'] ?? '', reason, author));
    },
  },
  switching('disableKey', 'disable', 'disabled', 'Lets an API key open nothing until it is enabled again.'),
  switching('enableKey', 'enable', 'active', 'Lets an API key that was disabled open again what it did.'),
];

const BAD_QUERY: AdminReply = { status: 400, problem: { code: 'invalid-parameters' } };
const NOT_FOUND: AdminReply = { status: 404, problem: { code: 'not-found' } };

function switching(id: string, verb: string, state: 'active' | 'disabled', summary: string): OperationOf<AdminApiKeys> {
  return {
    ...{ id, method: 'POST', path: `/v1/keys/{id}/${verb}`, summary },
    ...{ key: true, bodyLimitBytes: null, query: AUTHOR },
    run: async (keys, { params, query }) =>
      withAuthor(query, (author) => keys.switch(params['id'] ?? '', state, author)),
  };
}

async function withAuthor<T>(query: URLSearchParams, change: (author: string) => Done<T>): Promise<AdminReply> {
  const author = authorIn(query);
  if (author === null) return BAD_QUERY;
  const done = await change(author);
  if (done === null) return NOT_FOUND;
  return done.ok ? { status: 200, json: done.value } : { status: 409, json: { issues: done.error } };
}

function filterOf(query: URLSearchParams): ApiKeyFilter | null {
  const [state, unused, afterId] = [query.get('state'), query.get('unused'), query.get('after')];
  const unusedFor = unused === null ? null : parseDuration(unused);
  if ((state !== null && !STATES.includes(state)) || unusedFor?.ok === false) return null;
  return {
    state: state as ApiKeyFilter['state'],
    unusedForMs: unusedFor === null ? null : unusedFor.value,
    afterId,
    limit: LIST_LIMIT,
  };
}
