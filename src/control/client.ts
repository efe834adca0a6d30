import { request } from 'node:https';
import { err, type Issue, ok, type OriginalEntry, type Result } from '../base/index.ts';
import type { ConfigChange } from '../config/index.ts';
import type { AdminStatus } from './admin-operations.ts';
import type { DecisionAnswer } from './decision-operations.ts';
import type { GrantReport } from './grant-operations.ts';
import type { OverlayDraft } from './overlay-draft.ts';
import type { OverlayChange } from './overlays.ts';
import { type ApiKeyClient, createApiKeyClient } from './api-key-client.ts';
import type { ApiKeyReport } from './api-key-documents.ts';
import type { CspSum } from './csp-reports.ts';
import type { OriginalSummary } from './originals.ts';
import type { SessionsToEnd, SessionSummary } from '../session/index.ts';
import type { RevisionSummary } from './history.ts';
import type { Revision } from './revisions.ts';
import type { RevocationEntry } from './revocation-entries.ts';
import type { RevocationReply, RevocationRequest } from './revocation-operations.ts';

export type {
  AdminStatus,
  ApiKeyClient,
  ApiKeyReport,
  CspSum,
  GrantReport,
  OriginalSummary,
  OverlayDraft,
  Revision,
  RevocationEntry,
  RevocationRequest,
  SessionSummary,
};
export type { KeyReply, MadeApiKey } from './api-key-client.ts';

/** Where a running gateway's admin API is, and what opens it. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  /** The CA of the local certificate, PEM. */
  readonly caPem: string;
  readonly key: string;
}

/** A new revision, or all that is wrong with the configuration, or why there was no answer. */
export type ChangeReply = Result<{ readonly revision: number }, readonly Issue[] | string>;

/** What was revoked or lifted, or what is wrong with what was asked for, or why there was no answer. */
export type RevocationAnswer = Result<RevocationReply, readonly Issue[] | string>;

/** Asks a running gateway. Errors are words for the operator. `author` is who asks, for the history. */
export interface AdminClient {
  status(): Promise<Result<AdminStatus, string>>;
  reload(author?: string): Promise<ChangeReply>;
  /** Puts a text in force and into the configuration file. */
  apply(text: Uint8Array, author: string): Promise<ChangeReply>;
  /** The same with an earlier revision; null for the one before the present one. */
  rollback(revision: number | null, author: string): Promise<ChangeReply>;
  /** What a text, or that of a revision, would change. */
  diff(wanted: Uint8Array | number): Promise<Result<readonly ConfigChange[], readonly Issue[] | string>>;
  /** Errors of upstreams that were replaced, newest first. */
  upstreamErrors(): Promise<Result<readonly OriginalSummary[], string>>;
  /** That of one request; null where none was kept. */
  upstreamError(request: string): Promise<Result<OriginalEntry | null, string>>;
  /** What browsers reported of content security policies, summed; what came last first. */
  cspReports(): Promise<Result<readonly CspSum[], string>>;
  /** What is granted and denied by hand, the newest first. */
  grants(): Promise<Result<readonly GrantReport[], string>>;
  /** Grants or denies; the error says why not. */
  addGrant(draft: OverlayDraft, author: string): Promise<Result<OverlayChange, string>>;
  /** Takes one away; null where there is none of this id. */
  removeGrant(id: string, author: string): Promise<Result<OverlayChange | null, string>>;
  /** What was revoked, newest first, and how many there are. */
  revocations(): Promise<Result<{ readonly count: number; readonly revocations: readonly RevocationEntry[] }, string>>;
  revoke(asked: RevocationRequest, author: string): Promise<RevocationAnswer>;
  liftRevocation(id: string, author: string): Promise<RevocationAnswer>;
  /** Who is signed in with a browser; null for all, those that were used last first. */
  sessions(
    person: Extract<SessionsToEnd, { subject: string }> | null,
  ): Promise<Result<readonly SessionSummary[], string>>;
  /** Ends one session, or all of a person; how many there were. */
  endSessions(which: SessionsToEnd, author: string): Promise<Result<{ readonly ended: number }, string>>;
  readonly keys: ApiKeyClient;
  /** Asks for a decision, by the AuthZEN Authorization API 1.0; the key may be the one for that alone. */
  decide(question: Readonly<Record<string, unknown>>): Promise<Result<DecisionAnswer, string>>;
  /** The history, newest first. */
  revisions(): Promise<Result<readonly RevisionSummary[], string>>;
  /** One of it with its text; null where it is not kept any more. */
  revision(number: number): Promise<Result<Revision | null, string>>;
}

const TIMEOUT_MS = 60_000;
const REPLY_LIMIT_BYTES = 16 * 1024 * 1024;

/** A client for this address. */
export function createAdminClient(address: AdminAddress): AdminClient {
  const { read, post, change } = asking(address);
  return {
    keys: createApiKeyClient(({ json, ...question }) => {
      const said = json === undefined ? {} : { text: Buffer.from(JSON.stringify(json)), type: 'application/json' };
      return call(address, { ...question, ...said });
    }, refusalWords),
    decide: async (question) => {
      const text = Buffer.from(JSON.stringify(question));
      const asked = { method: 'POST', path: '/access/v1/evaluation', text, type: 'application/json' } as const;
      const reply = await call(address, asked);
      if (!reply.ok) return reply;
      return reply.value.status === 200 ? ok(reply.value.body as DecisionAnswer) : err(refusalWords(reply.value));
    },
    status: () => read('/v1/status'),
    revisions: () => read('/v1/revisions'),
    revision: async (number) => {
      const reply = await call(address, { method: 'GET', path: `/v1/revisions/${number}` });
      if (!reply.ok) return reply;
      if (reply.value.status === 404) return ok(null);
      return reply.value.status === 200 ? ok(reply.value.body as Revision) : err(refusalWords(reply.value));
    },
    upstreamErrors: () => read('/v1/upstream-errors'),
    upstreamError: async (request) => {
      const reply = await call(address, { method: 'GET', path: `/v1/upstream-errors/${request}` });
      if (!reply.ok) return reply;
      if (reply.value.status === 404) return ok(null);
      return reply.value.status === 200 ? ok(reply.value.body as OriginalEntry) : err(refusalWords(reply.value));
    },
    cspReports: () => read('/v1/csp-reports'),
    grants: () => read('/v1/grants'),
    addGrant: (draft, author) => {
      const text = Buffer.from(JSON.stringify(draft));
      return change<OverlayChange>({ path: withQuery('/v1/grants', { author }), text, type: 'application/json' });
    },
    removeGrant: async (id, author) => {
      const path = withQuery(`/v1/grants/${encodeURIComponent(id)}/removal`, { author });
      return await change<OverlayChange | null>({ path }, { missing: null });
    },
    revocations: () => read('/v1/revocations'),
    revoke: (asked, author) => {
      const text = Buffer.from(JSON.stringify(asked));
      return post({ path: withQuery('/v1/revocations', { author }), text, type: 'application/json' });
    },
    liftRevocation: (id, author) => post({ path: withQuery(`/v1/revocations/${id}/lift`, { author }) }),
    sessions: (person) => read(withQuery('/v1/sessions', person === null ? {} : { ...person })),
    endSessions: async (which, author) => {
      const path =
        'id' in which
          ? withQuery(`/v1/sessions/${encodeURIComponent(which.id)}/end`, { author })
          : withQuery('/v1/sessions/end', { ...which, author });
      return await change({ path }, { missing: { ended: 0 } });
    },
    reload: (author) => post({ path: withQuery('/v1/reload', { author }) }),
    apply: (text, author) => post({ path: withQuery('/v1/configuration', { author }), text }),
    rollback: (revision, author) =>
      post({ path: withQuery('/v1/rollback', { author, revision: revision === null ? undefined : `${revision}` }) }),
    diff: async (wanted) => {
      const question =
        typeof wanted === 'number'
          ? { path: withQuery('/v1/diff', { revision: `${wanted}` }) }
          : { path: '/v1/diff', text: wanted };
      const found = await post<{ readonly changes: readonly ConfigChange[] }>(question);
      return found.ok ? ok(found.value.changes) : found;
    },
  };
}

/** The ways to ask: for what there is, for a change that issues may stand against, and for one that a reason may. */
function asking(address: AdminAddress) {
  const read = async <T>(path: string): Promise<Result<T, string>> => {
    const reply = await call(address, { method: 'GET', path });
    if (!reply.ok) return reply;
    return reply.value.status === 200 ? ok(reply.value.body as T) : err(refusalWords(reply.value));
  };
  const post = async <T>(question: Omit<Question, 'method'>): Promise<Result<T, readonly Issue[] | string>> => {
    const reply = await call(address, { method: 'POST', ...question });
    if (!reply.ok) return reply;
    if (reply.value.status === 200) return ok(reply.value.body as T);
    if (reply.value.status === 409) return err((reply.value.body as { issues: readonly Issue[] }).issues);
    return err(refusalWords(reply.value));
  };
  /** A change whose refusal has a reason in words. `missing` is what there is where there is no such thing. */
  const change = async <T>(
    question: Omit<Question, 'method'>,
    absent?: { readonly missing: T },
  ): Promise<Result<T, string>> => {
    const reply = await call(address, { method: 'POST', ...question });
    if (!reply.ok) return reply;
    const { status, body } = reply.value;
    if (status === 200) return ok(body as T);
    if (status === 409) return err((body as { readonly reason: string }).reason);
    return status === 404 && absent !== undefined ? ok(absent.missing) : err(refusalWords(reply.value));
  };
  return { read, post, change };
}

function withQuery(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** A configuration, if nothing else is said. */
  readonly text?: Uint8Array;
  readonly type?: string;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function refusalWords({ status, body }: Reply): string {
  const title = typeof body === 'object' && body !== null && 'title' in body ? String(body.title) : '';
  return status === 401 ? 'the admin key was not accepted' : `the admin API answered ${status} ${title}`.trim();
}

function call(
  address: AdminAddress,
  { method, path, text, type = 'application/yaml' }: Question,
): Promise<Result<Reply, string>> {
  return new Promise((resolve) => {
    const { host, port, caPem, key } = address;
    const options = {
      host,
      port,
      method,
      path,
      ca: caPem,
      headers: {
        authorization: `Bearer ${key}`,
        host: `localhost:${port}`,
        ...(text === undefined ? {} : { 'content-type': type, 'content-length': text.byteLength }),
      },
      servername: 'localhost',
      timeout: TIMEOUT_MS,
      agent: false,
    };
    const sent = request(options, (reply) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      reply.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > REPLY_LIMIT_BYTES) sent.destroy(new Error('the answer is too large'));
        else pieces.push(piece);
      });
      reply.on('error', (fault) => resolve(err(fault.message)));
      reply.on('end', () => resolve(readReply(reply.statusCode ?? 0, Buffer.concat(pieces).toString('utf8'))));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (fault: NodeJS.ErrnoException) =>
      resolve(
        err(fault.code === 'ECONNREFUSED' ? `nothing listens on ${host}:${port}, so it does not run` : fault.message),
      ),
    );
    sent.end(text);
  });
}

function readReply(status: number, text: string): Result<Reply, string> {
  try {
    return ok({ status, body: JSON.parse(text) as unknown });
  } catch {
    return err(`the admin API answered ${status} with something that is not JSON`);
  }
}
