import { err, ok, type Result } from '../base/index.ts';
import type { Alerts, Clock, Egress } from '../ports/index.ts';

/** One application that may ask Microsoft Graph; `secret` is a line. */
export interface GraphClient {
  readonly clientId: string;
  readonly secret: string;
  readonly url: string;
  readonly authority: string;
}

/** Where groups are asked for: by which application, and the groups that count. What differs in anything has another name. */
export interface GraphSource {
  readonly name: string;
  readonly client: GraphClient;
  readonly groups: ReadonlySet<string>;
}

/** The groups of a caller that count, and until when (wall milliseconds) that is gone by. */
export interface GraphAnswer {
  readonly groups: readonly string[];
  readonly untilMs: number;
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
/** What could not be had is not asked for again before; longer where Graph itself says so (RFC 9110 §10.2.3). */
const PAUSE_MS = 2_000;
const PAUSE_LIMIT_MS = 60_000;

interface Kept<T> {
  readonly untilMs: number;
  readonly value: T;
}

/** Why something could not be had. */
interface GraphFault {
  readonly words: string;
  /** Whether nobody of that tenant would get more; else it may be this one caller whom Graph does not know. */
  readonly forAll: boolean;
  readonly pauseMs: number;
  /** Whether it is the application's token that is not taken, or may not ask: another may, once somebody has seen to that. */
  readonly ofToken?: boolean;
}

/** Who is asked for, and what they and their tenant are remembered by. */
interface Asked {
  readonly tenant: string;
  readonly object: string;
  readonly ofTenant: string;
  readonly ofCaller: string;
}

/** All that is remembered, thrown away as one. */
interface Memory {
  readonly groups: Map<string, Kept<readonly string[]>>;
  readonly tokens: Map<string, Kept<string>>;
  readonly pending: Map<string, Promise<GraphAnswer | null>>;
  /** Callers and tenants that are not asked for yet. */
  readonly pauses: Map<string, Kept<null>>;
}

function emptyMemory(): Memory {
  return { groups: new Map(), tokens: new Map(), pending: new Map(), pauses: new Map() };
}

/**
 * The groups of callers as Microsoft Graph tells them (`POST /v1.0/directoryObjects/{id}/getMemberObjects`), asked with a
 * token that the application gets for itself (RFC 6749 §4.4). Of an answer those are kept that count, for five minutes;
 * whoever asks for the same meanwhile waits for the same answer. What can't be had is null, and an alert.
 */
export class GraphGroups {
  readonly #options: GraphGroupsOptions;
  #memory = emptyMemory();

  constructor(options: GraphGroupsOptions) {
    this.#options = options;
  }

  /** The groups of a caller that count. `tenant` and `object` are UUIDs: whoever asks has seen to that. */
  async of(source: GraphSource, tenant: string, object: string): Promise<GraphAnswer | null> {
    const memory = this.#memory;
    const nowMs = this.#options.clock.now();
    const ofTenant = JSON.stringify([source.name, tenant]);
    const ofCaller = JSON.stringify([source.name, tenant, object]);
    const kept = memory.groups.get(ofCaller);
    if (kept !== undefined && nowMs < kept.untilMs) return { groups: kept.value, untilMs: kept.untilMs };
    const pending = memory.pending.get(ofCaller);
    if (pending !== undefined) return await pending;
    const pauses = [ofTenant, ofCaller].map((key) => memory.pauses.get(key)?.untilMs ?? 0);
    if (pauses.some((untilMs) => nowMs < untilMs) || memory.pending.size >= CALLS_LIMIT) return null;
    const asked = this.#asked(memory, source, { tenant, object, ofTenant, ofCaller }).finally(() =>
      memory.pending.delete(ofCaller),
    );
    memory.pending.set(ofCaller, asked);
    return await asked;
  }

  /** Nothing that was kept is gone by any more: secrets, or the groups that count, may have changed. */
  forget(): void {
    this.#memory = emptyMemory();
  }

  async #asked(memory: Memory, source: GraphSource, whom: Asked): Promise<GraphAnswer | null> {
    const found = await this.#ask(memory, source, whom);
    const nowMs = this.#options.clock.now();
    if (!found.ok) {
      const { forAll, pauseMs, words } = found.error;
      keep(memory.pauses, forAll ? whom.ofTenant : whom.ofCaller, { untilMs: nowMs + pauseMs, value: null });
      this.#complain(source.client, words);
      return null;
    }
    const groups = found.value.filter((group) => source.groups.has(group));
    const untilMs = nowMs + KEPT_MS;
    keep(memory.groups, whom.ofCaller, { untilMs, value: groups });
    return { groups, untilMs };
  }

  async #ask(
    memory: Memory,
    { client }: GraphSource,
    { tenant, object }: Asked,
  ): Promise<Result<readonly string[], GraphFault>> {
    const token = await this.#token(memory, client, tenant);
    if (!token.ok) return token;
    const groups = await this.#groupsBy(client, token.value, object);
    if (!groups.ok && groups.error.ofToken === true) memory.tokens.delete(tokenKey(client, tenant));
    return groups;
  }

  #complain({ clientId }: GraphClient, detail: string): void {
    this.#options.alerts.raise({
      kind: 'groups.unavailable',
      key: clientId,
      severity: 'high',
      message: 'groups that did not fit into a token can not be had from Microsoft Graph, so their callers are refused',
      fields: { client: clientId, detail },
    });
  }

  async #token({ tokens }: Memory, client: GraphClient, tenant: string): Promise<Result<string, GraphFault>> {
    const { clientId, secret, url, authority } = client;
    const key = tokenKey(client, tenant);
    const kept = tokens.get(key);
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
    if (!reply.ok) return err({ ...reply.error, words: `a token for it: ${reply.error.words}`, forAll: true });
    const { access_token: token, expires_in: lastsS } = reply.value;
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token))
      return err({ words: 'a token for it: it gave none', forAll: true, pauseMs: PAUSE_MS });
    const lastsMs = typeof lastsS === 'number' && lastsS > 0 ? Math.min(lastsS, 86_400) * 1_000 - TOKEN_SLACK_MS : 0;
    keep(tokens, key, { untilMs: this.#options.clock.now() + lastsMs, value: token });
    return ok(token);
  }

  async #groupsBy({ url }: GraphClient, token: string, object: string): Promise<Result<readonly string[], GraphFault>> {
    const reply = await this.#post(
      `${url}/v1.0/directoryObjects/${object}/getMemberObjects`,
      { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      JSON.stringify({ securityEnabledOnly: false }),
    );
    if (!reply.ok) return reply;
    const { value } = reply.value;
    const isList = Array.isArray(value) && value.length <= 20_000 && value.every((id) => typeof id === 'string');
    // A page of several would be a part, and a part is not all that is known of a caller.
    if (!isList || '@odata.nextLink' in reply.value) return malformed('it answered something else than all groups');
    return ok(value as readonly string[]);
  }

  async #post(
    url: string,
    headers: Readonly<Record<string, string>>,
    text: string,
  ): Promise<Result<Readonly<Record<string, unknown>>, GraphFault>> {
    const body = Buffer.from(text);
    const bounds = { timeoutMs: TIMEOUT_MS, limitBytes: REPLY_LIMIT_BYTES, reach: 'named' } as const;
    const sent = { accept: 'application/json', ...headers };
    const reply = await this.#options.egress.call({ url, method: 'POST', headers: sent, body, ...bounds });
    if (!reply.ok) {
      const { reason } = reply.error;
      return err({ words: reason, forAll: reason !== 'too-large', pauseMs: PAUSE_MS });
    }
    const { status } = reply.value;
    if (status !== 200) {
      const forAll = status === 429 || status >= 500;
      const ofToken = status === 401 || status === 403;
      return err({ words: `it answered ${status}`, forAll, pauseMs: pauseOf(reply.value.headers), ofToken });
    }
    try {
      const parsed: unknown = JSON.parse(Buffer.from(reply.value.body).toString('utf8'));
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return isObject ? ok(parsed as Record<string, unknown>) : malformed('it answered no JSON object');
    } catch {
      return malformed('it answered no JSON');
    }
  }
}

/** What a token of an application is kept by. */
function tokenKey({ authority, url, clientId }: GraphClient, tenant: string): string {
  return JSON.stringify([authority, url, clientId, tenant]);
}

function malformed(words: string): Result<never, GraphFault> {
  return err({ words, forAll: false, pauseMs: PAUSE_MS });
}

/** Graph says it in seconds. */
function pauseOf(headers: ReadonlyMap<string, string>): number {
  const said = headers.get('retry-after') ?? '';
  const saidMs = /^[0-9]{1,6}$/.test(said) ? Number(said) * 1_000 : 0;
  return Math.min(PAUSE_LIMIT_MS, Math.max(PAUSE_MS, saidMs));
}

/** The oldest goes first. */
function keep<T>(kept: Map<string, Kept<T>>, key: string, value: Kept<T>): void {
  kept.delete(key);
  const [oldest] = kept.keys();
  if (kept.size >= KEPT_LIMIT && oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
}
