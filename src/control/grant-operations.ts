import type { Result } from '../base/index.ts';
import type { AdminReply, OperationOf } from './admin-operation.ts';
import { AUTHOR, authorIn } from './change-author.ts';
import { type OverlayDraft, readOverlayDraft } from './overlay-draft.ts';
import type { Overlay, OverlayChange } from './overlays.ts';

/** A grant or a denial as the admin API tells of it: `issuer` is its name in the configuration, where it has one. */
export interface GrantReport extends Overlay {
  readonly id: string;
}

/** What the admin API asks of the operator's grants and denials. */
export interface GrantsBackend {
  /** The newest first. */
  list(): readonly GrantReport[];
  /** The error is in words. */
  add(draft: OverlayDraft, author: string): Promise<Result<OverlayChange, string>>;
  /** Null where there is none of this id. */
  remove(id: string, author: string): Promise<Result<OverlayChange | null, string>>;
}

const DRAFT_LIMIT_BYTES = 64 * 1_024;
const BAD_BODY: AdminReply = { status: 400, problem: { code: 'invalid-body' } };
const BAD_QUERY: AdminReply = { status: 400, problem: { code: 'invalid-parameters' } };
const NOT_FOUND: AdminReply = { status: 404, problem: { code: 'not-found' } };

/** The operations on what is granted and denied by hand. */
export const GRANT_OPERATIONS: readonly OperationOf<GrantsBackend>[] = [
  {
    id: 'listGrants',
    method: 'GET',
    path: '/v1/grants',
    summary: 'What is granted and denied by hand, the newest first.',
    key: true,
    bodyLimitBytes: null,
    query: {},
    run: (grants) => Promise.resolve({ status: 200, json: grants.list() }),
  },
  {
    id: 'addGrant',
    method: 'POST',
    path: '/v1/grants',
    summary:
      'Grants roles to callers, or denies them roles, permissions or all, in every thread at once: what the JSON in the body says (409 where the configuration knows no such names).',
    key: true,
    body: 'json',
    bodyLimitBytes: DRAFT_LIMIT_BYTES,
    query: AUTHOR,
    run: async (grants, { query, body }) => {
      const author = authorIn(query);
      if (author === null) return BAD_QUERY;
      const draft = readOverlayDraft(body);
      return draft === null ? BAD_BODY : told(await grants.add(draft, author));
    },
  },
  {
    id: 'removeGrant',
    method: 'POST',
    path: '/v1/grants/{id}/removal',
    summary: 'Takes a grant or a denial away again.',
    key: true,
    bodyLimitBytes: null,
    query: AUTHOR,
    run: async (grants, { params, query }) => {
      const author = authorIn(query);
      if (author === null) return BAD_QUERY;
      return told(await grants.remove(params['id'] ?? '', author));
    },
  },
];

function told(made: Result<OverlayChange | null, string>): AdminReply {
  if (!made.ok) return { status: 409, json: { reason: made.error } };
  return made.value === null ? NOT_FOUND : { status: 200, json: made.value };
}
