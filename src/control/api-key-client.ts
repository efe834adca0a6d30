import type { Issue, Result } from '../base/index.ts';
import type { ApiKeyReport } from './api-key-documents.ts';

/** What came of a question about one key: null where there is no such key, or what is wrong, or why there was no answer. */
export type KeyReply<T> = Result<T | null, readonly Issue[] | string>;

/** A new key, and what it opens. `key` is told this once. */
export interface MadeApiKey {
  readonly key: string;
  readonly report: ApiKeyReport;
}

/** Which keys are asked for; `unused` as a duration, such as 30d. */
export interface ApiKeyQuestion {
  readonly state?: string;
  readonly unused?: string;
}

/** What a running gateway is asked about its API keys. */
export interface ApiKeyClient {
  /** All of them, in the order of their ids. */
  list(question: ApiKeyQuestion): Promise<Result<readonly ApiKeyReport[], string>>;
  show(id: string): Promise<KeyReply<ApiKeyReport>>;
  create(wish: object, author: string): Promise<KeyReply<MadeApiKey>>;
  rotate(id: string, wish: object, author: string): Promise<KeyReply<MadeApiKey>>;
  revoke(id: string, author: string, reason?: string): Promise<KeyReply<ApiKeyReport>>;
  switch(id: string, verb: 'enable' | 'disable', author: string): Promise<KeyReply<ApiKeyReport>>;
}

/** One exchange with the admin API, as the client makes it. */
export type AskAdmin = (question: {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly json?: object;
}) => Promise<Result<{ readonly status: number; readonly body: unknown }, string>>;

/** Pages that are asked for at most: there are no more keys. */
const PAGES = 101;

/** The part of the client that is about keys. `refusal`: what an answer that was not expected says, in words. */
export function createApiKeyClient(
  ask: AskAdmin,
  refusal: (reply: { readonly status: number; readonly body: unknown }) => string,
): ApiKeyClient {
  const about = async <T>(path: string, json?: object, method: 'GET' | 'POST' = 'POST'): Promise<KeyReply<T>> => {
    const reply = await ask({ method, path, ...(json === undefined ? {} : { json }) });
    if (!reply.ok) return reply;
    const { status, body } = reply.value;
    if (status === 200) return { ok: true, value: body as T };
    if (status === 404) return { ok: true, value: null };
    return { ok: false, error: status === 409 ? (body as { issues: readonly Issue[] }).issues : refusal(reply.value) };
  };
  const at = (id: string, verb: string, query: Readonly<Record<string, string>>): string =>
    `/v1/keys/${encodeURIComponent(id)}/${verb}?${new URLSearchParams(query).toString()}`;
  return {
    list: async (question) => {
      const keys: ApiKeyReport[] = [];
      let after: string | null = null;
      for (let page = 0; page < PAGES; page++) {
        const query = new URLSearchParams({ ...question, ...(after === null ? {} : { after }) }).toString();
        const reply = await ask({ method: 'GET', path: query === '' ? '/v1/keys' : `/v1/keys?${query}` });
        if (!reply.ok) return reply;
        if (reply.value.status !== 200) return { ok: false, error: refusal(reply.value) };
        const found = reply.value.body as { readonly keys: readonly ApiKeyReport[]; readonly next: string | null };
        keys.push(...found.keys);
        after = found.next;
        if (after === null) break;
      }
      return { ok: true, value: keys };
    },
    show: (id) => about(`/v1/keys/${encodeURIComponent(id)}`, undefined, 'GET'),
    create: (wish, author) => about(`/v1/keys?${new URLSearchParams({ author }).toString()}`, wish),
    rotate: (id, wish, author) => about(at(id, 'rotate', { author }), wish),
    revoke: (id, author, reason) => about(at(id, 'revoke', reason === undefined ? { author } : { author, reason })),
    switch: (id, verb, author) => about(at(id, verb, { author })),
  };
}
