import { type HealthChange, type Picker, PoolHealth, type TargetReport } from '../balance/index.ts';
import { LineBudget } from '../base/index.ts';
import type { Alerts, Clock, Log, Tables } from '../ports/index.ts';
import type { UpstreamFailure } from '../wire/index.ts';
import type { Endpoint, TargetWatch } from './balanced-call.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { CompiledApi } from './snapshot.ts';
import { healthKey, UPSTREAM_HEALTH, type UpstreamHealthRow } from './upstream-health-table.ts';

/** What it tells operators by. */
export interface HealthWatchPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts['raise'];
  readonly metrics: Pick<GatewayMetrics, 'ejected'>;
}

/** Where what the checks say is found. */
export type HealthTables = Pick<Tables, 'declare' | 'read'>;

/** What it goes on from. */
interface WatchOptions {
  readonly tables: HealthTables;
  /** Who watched these targets until now; what it knows of those that stay is taken over. */
  readonly before: TargetHealthWatch | null;
}

/** How the targets of an API are in this thread. Times are wall time in milliseconds. */
export interface UpstreamReport {
  /** The API's name, and behind a blank `canary` where they are its canary's. */
  readonly name: string;
  readonly scheme: 'http' | 'https';
  readonly targets: readonly TargetReport[];
}

/** Log lines of an upstream in so long: a whole one that goes down shall not fill the log. */
const LINES_LIMIT = 20;
const LINES_MS = 10_000;

/**
 * Watches the targets of one API in one thread: what their replies are like, and what the control side's checks say.
 * Every thread judges replies by itself, and tells of it by itself.
 */
export class TargetHealthWatch implements TargetWatch {
  readonly #api: CompiledApi;
  readonly #ports: HealthWatchPorts;
  readonly #tables: HealthTables;
  readonly #name: string;
  #pool: PoolHealth<Endpoint> | null = null;
  #picker: Pick<Picker<Endpoint>, 'changed'> | null = null;
  #lost: 'none' | 'half' | 'all' = 'none';
  readonly #lines = new LineBudget(LINES_LIMIT, LINES_MS);

  constructor(
    { name, api }: { readonly name: string; readonly api: CompiledApi },
    ports: HealthWatchPorts,
    { tables, before }: WatchOptions,
  ) {
    this.#api = api;
    this.#ports = ports;
    this.#tables = tables;
    this.#name = name;
    if (api.upstream.health.check !== null) tables.declare(UPSTREAM_HEALTH);
    if (before === null) return;
    this.#pool = before.#pool;
    this.#lost = before.#lost;
  }

  /** From now on these are the targets, and whoever picks among them hears of their shares. */
  use(endpoints: readonly Endpoint[], picker: Pick<Picker<Endpoint>, 'changed'>): void {
    this.#picker = picker;
    const events = {
      sharesChanged: () => this.#picker?.changed(),
      happened: (change: HealthChange) => this.#tell(change),
    };
    this.#pool = new PoolHealth(this.#api.upstream.health, endpoints, this.#nowMs, { events, before: this.#pool });
    this.#takeChecks();
  }

  succeeded(endpoint: Endpoint, status: number, nowMs: number): void {
    this.#pool?.replied(endpoint, status, nowMs);
  }

  completed(endpoint: Endpoint, status: number, nowMs: number): void {
    this.#pool?.completed(endpoint, status, nowMs);
  }

  failed(endpoint: Endpoint, { code, detail }: UpstreamFailure, nowMs: number): void {
    // What is full here says nothing of the target.
    if (code !== 'upstream-overloaded') this.#pool?.failed(endpoint, detail, nowMs);
  }

  /** A live table has a new version. */
  tableReplaced(name: string): void {
    if (name === UPSTREAM_HEALTH.name) this.#takeChecks();
  }

  /** Time has passed. */
  sweep(nowMs: number): void {
    this.#pool?.sweep(nowMs);
  }

  report(): UpstreamReport {
    const offsetMs = this.#ports.clock.now() - this.#nowMs;
    const targets = (this.#pool?.report() ?? []).map((target) => ({
      ...target,
      sinceMs: Math.round(target.sinceMs + offsetMs),
      untilMs: target.untilMs === null ? null : Math.round(target.untilMs + offsetMs),
    }));
    const { scheme } = this.#api.upstream;
    return { name: this.#name, scheme, targets };
  }

  get #nowMs(): number {
    return this.#ports.clock.monotonic();
  }

  /** Where targets are not checked all are up, whatever held before. */
  #takeChecks(): void {
    const pool = this.#pool;
    if (pool === null) return;
    const rows =
      this.#api.upstream.health.check === null ? null : this.#tables.read<UpstreamHealthRow>(UPSTREAM_HEALTH.name).rows;
    const nowMs = this.#nowMs;
    for (const name of pool.names()) {
      const row = rows?.get(healthKey(this.#name, name));
      pool.checked(name, row === undefined, row?.reason ?? '', nowMs);
    }
    this.#judgeWhole();
  }

  /** What the checks found is told where they are made. */
  #tell(change: HealthChange): void {
    const api = this.#name;
    const { kind, name: target } = change;
    if (kind === 'ejected') {
      this.#ports.metrics.ejected(api);
      const message = `a target gets no requests for ${change.forMs / 1_000} s, for those before failed: ${change.reason}`;
      this.#write('warn', 'upstream.target-ejected', message, { target, reason: change.reason, forMs: change.forMs });
    } else if (kind === 'returned')
      this.#write('info', 'upstream.target-back', 'a target gets requests again', { target });
    this.#judgeWhole();
  }

  #write(
    level: 'info' | 'warn',
    event: string,
    message: string,
    fields: Readonly<Record<string, string | number>>,
  ): void {
    const { log } = this.#ports;
    const room = this.#lines.take(this.#nowMs);
    const api = this.#name;
    if (room === 'tell') log.write(level, event, message, { api, ...fields });
    else if (room === 'last')
      log.write('warn', 'upstream.targets-change', 'more of its targets come and go than are told of', { api });
  }

  /** An alert where half of the targets get nothing, another where none gets anything; and the end of that. */
  #judgeWhole(): void {
    const pool = this.#pool;
    if (pool === null || pool.size === 0) return;
    const { usable, size } = pool;
    const lost = usable === 0 ? 'all' : usable * 2 <= size ? 'half' : 'none';
    const before = this.#lost;
    if (lost === before) return;
    this.#lost = lost;
    const api = this.#name;
    const fields = { api, usable, targets: size };
    if (lost === 'none') {
      this.#ports.log.write('info', 'upstream.recovered', 'more than half of the targets get requests again', fields);
      return;
    }
    // From none to half is better than before.
    if (before === 'all') return;
    this.#ports.alerts({
      kind: 'upstream.targets-lost',
      key: lost === 'all' ? `${api} all` : api,
      severity: lost === 'all' ? 'critical' : 'high',
      message:
        lost === 'all'
          ? LOST_ALL[this.#api.upstream.health.whenAllDown]
          : `only ${usable} of ${size} targets of an API get requests`,
      fields,
    });
  }
}

const LOST_ALL = {
  refuse: 'every target of an API fails its checks; its requests are refused',
  serve: 'every target of an API fails its checks; requests go to them all the same',
} as const;
