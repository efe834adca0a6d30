import { err, ok, type Result } from '../base/index.ts';
import type { Alerts, Clock, Egress } from '../ports/index.ts';

/** One application that may ask Microsoft Graph; `secret` is a line. */
export interface GraphClient {
  readonly clientId: string;
  readonly secret: string;
  readonly url: string;
  readonly authority: string;
}

/** What it asks with. */
export interface GraphGroupsOptions {
  readonly egress: Egress;
  readonly clock: Pick<Clock, 'now'>;
  readonly alerts: Pick<Alerts, 'raise'>;
}

const KEPT_MS = 5 * 60_000;
const KEPT_LIMIT = 10_000;
const CALLS_LIMIT = 32;
const TIMEOUT_MS = 3_500;
/** A caller is in 11,000 groups at most, of 39 bytes each. */
const REPLY_LIMIT_BYTES = 1_024 * 1_024;
/** A token is asked for anew so long before it ends. */
const TOKEN_SLACK_MS = 60_000;

interface Kept<T> {
  readonly untilMs: number;
  readonly value: T;
}

/**
 * The groups of callers as Microsoft Graph tells them (`POST /v1.0/directoryObjects/{id}/getMemberObjects`), asked with a
 * token that the application gets for itself (RFC 6749 §4.4). Answers are kept for five minutes; whoever asks for the same
 * meanwhile waits for the same answer. What can't be had is null, and an alert.
 */
export class GraphGroups {
  readonly #options: GraphGroupsOptions;
  readonly #groups = new Map<string, Kept<readonly string[]>>();
  readonly #tokens = new Map<string, Kept<string>>();
  readonly #pending = new Map<string, Promise<readonly string[] | null>>();

  constructor(options: GraphGroupsOptions) {
    this.#options = options;
  }

  /** The groups of a caller, of these that count. `tenant` and `object` are UUIDs: whoever asks has seen to that. */
  async of(client: GraphClient, tenant: string, object: string): Promise<readonly string[] | null> {
    const key = JSON.stringify([client.authority, client.url, client.clientId, tenant, object]);
    const kept = this.#groups.get(key);
    if (kept !== undefined && this.#options.clock.now() < kept.untilMs) return kept.value;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return await pending;
    if (this.#pending.size >= CALLS_LIMIT) return null;
    const asked = this.#ask(client, tenant, object).finally(() => this.#pending.delete(key));
    this.#pending.set(key, asked);
    const groups = await asked;
    if (groups !== null) this.#keep(this.#groups, key, { untilMs: this.#options.clock.now() + KEPT_MS, value: groups });
    return groups;
  }

  /** Nothing that was kept is gone by any more: secrets may have changed. */
  forget(): void {
    this.#groups.clear();
    this.#tokens.clear();
  }

  async #ask(client: GraphClient, tenant: string, object: string): Promise<readonly string[] | null> {
    const token = await this.#token(client, tenant);
    const groups = token.ok ? await this.#groupsBy(client, token.value, object) : token;
    if (groups.ok) return groups.value;
    this.#options.alerts.raise({
      kind: 'groups.unavailable',
      key: client.clientId,
      severity: 'high',
      message: 'groups that did not fit into a token can not be had from Microsoft Graph, so their callers are refused',
      fields: { client: client.clientId, detail: groups.error },
    });
    return null;
  }

  async #token(client: GraphClient, tenant: string): Promise<Result<string, string>> {
    const { clientId, secret, url, authority } = client;
    const key = JSON.stringify([authority, clientId, tenant]);
    const kept = this.#tokens.get(key);
    if (kept !== undefined && this.#options.clock.now() < kept.untilMs) return ok(kept.value);
    const form = new URLSearchParams({
      ...{ grant_type: 'client_credentials', client_id: clientId, client_secret: secret },
      scope: `${url}/.default`,
    });
    const reply = await this.#post(
      `${authority}/${tenant}/oauth2/v2.0/token`,
      { 'content-type': 'application/x-www-form-urlencoded' },
      form.toString(),
    );
    if (!reply.ok) return err(`a token for it: ${reply.error}`);
    const { access_token: token, expires_in: lastsS } = reply.value;
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) return err('a token for it: it gave none');
    const lastsMs = typeof lastsS === 'number' && lastsS > 0 ? Math.min(lastsS, 86_400) * 1_000 - TOKEN_SLACK_MS : 0;
    this.#keep(this.#tokens, key, { untilMs: this.#options.clock.now() + lastsMs, value: token });
    return ok(token);
  }

  async #groupsBy({ url }: GraphClient, token: string, object: string): Promise<Result<readonly string[], string>> {
    const reply = await this.#post(
      `${url}/v1.0/directoryObjects/${object}/getMemberObjects`,
      { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      JSON.stringify({ securityEnabledOnly: false }),
    );
    if (!reply.ok) return reply;
    const { value } = reply.value;
    const isList = Array.isArray(value) && value.length <= 20_000 && value.every((id) => typeof id === 'string');
    // A page of several would be a part, and a part is not all that is known of a caller.
    if (!isList || '@odata.nextLink' in reply.value) return err('it answered something else than all groups');
    return ok(value as readonly string[]);
  }

  async #post(
    url: string,
    headers: Readonly<Record<string, string>>,
    text: string,
  ): Promise<Result<Readonly<Record<string, unknown>>, string>> {
    const body = Buffer.from(text);
    const bounds = { timeoutMs: TIMEOUT_MS, limitBytes: REPLY_LIMIT_BYTES, reach: 'named' } as const;
    const sent = { accept: 'application/json', ...headers };
    const reply = await this.#options.egress.call({ url, method: 'POST', headers: sent, body, ...bounds });
    if (!reply.ok) return err(reply.error.reason);
    if (reply.value.status !== 200) return err(`it answered ${reply.value.status}`);
    try {
      const parsed: unknown = JSON.parse(Buffer.from(reply.value.body).toString('utf8'));
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return isObject ? ok(parsed as Record<string, unknown>) : err('it answered no JSON object');
    } catch {
      return err('it answered no JSON');
    }
  }

  /** The oldest goes first. */
  #keep<T>(kept: Map<string, Kept<T>>, key: string, value: Kept<T>): void {
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= KEPT_LIMIT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, value);
  }
}
