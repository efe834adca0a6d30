import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { authorityOf, type TargetConfig } from '../config/compiled.ts';
import { type TargetRow, type TargetSource, targetKey, UPSTREAM_TARGETS } from '../ports/index.ts';
import { openUpstream, POOL_BOUNDS, type Upstream } from '../wire/index.ts';
import { Balancer } from './balancer.ts';
import { DividedCaller } from './divided-caller.ts';
import { FailingUpstreams, isFollowed } from './failing.ts';
import { Mirror } from './mirror.ts';
import { isParty, type PartyApi, PartyCaller } from './party-caller.ts';
import type { GatewayPorts, Installed } from './runtime.ts';
import type { CompiledApi } from './snapshot.ts';
import { type HealthTables, TargetHealthWatch, type UpstreamReport } from './target-health-watch.ts';
import type { UpstreamCaller } from './upstream-caller.ts';

type PoolBounds = typeof POOL_BOUNDS;

/** A balancer whose targets are found while it runs, and those that it has. */
interface Finding {
  readonly balancer: Balancer;
  readonly source: TargetSource;
  used: readonly TargetConfig[];
}

/** What the upstreams of a thread work with. */
export type UpstreamPorts = Pick<GatewayPorts, 'clock' | 'chance' | 'log' | 'alerts' | 'metrics'>;

/** The upstreams of the Snapshots that live. */
export type Upstreams = Pick<UpstreamPools, 'retain' | 'sweep' | 'close' | 'tableReplaced' | 'report'> & {
  /** One for each of a Snapshot's APIs, in their order. */
  forApis(apis: readonly CompiledApi[]): readonly UpstreamCaller[];
};

/**
 * Upstream connections outlive Snapshots: an API whose upstream did not change keeps its own, and one whose upstream has
 * other targets than before keeps those of the targets that stayed.
 */
export class UpstreamPools {
  readonly #ports: UpstreamPorts;
  readonly #monotonic: () => number;
  readonly #bounds: PoolBounds;
  readonly #tables: HealthTables;
  readonly #byTarget = new Map<string, Upstream>();
  readonly #balancers = new Map<string, Balancer>();
  /** The one that was asked for last by each name: the next one goes on from what it knows of the targets. */
  readonly #newest = new Map<string, Balancer>();
  readonly #mirrors = new Map<string, Mirror>();
  /** By API what was put together last: streams go on as long as their upstream is the same. */
  readonly #divided = new Map<string, DividedCaller>();
  readonly #parties = new Map<string, PartyCaller>();
  readonly #failing: FailingUpstreams;
  /** Of the balancers those whose targets are found while they run. */
  readonly #finding = new Map<string, Finding>();
  /** Pools that carry the requests of an API alone, or copies of requests. */
  readonly #direct = new Set<Upstream>();
  /** Closed, and not gone yet: their last connections have bounds on time too. */
  readonly #closing = new Set<Upstream>();

  /** `tables` tells what is found out of targets while requests run. */
  constructor(ports: UpstreamPorts, bounds: PoolBounds = POOL_BOUNDS, tables: HealthTables = NO_TABLES) {
    this.#ports = ports;
    this.#monotonic = () => ports.clock.monotonic();
    this.#bounds = bounds;
    this.#tables = tables;
    this.#failing = new FailingUpstreams(ports);
  }

  /** What carries the requests of a Snapshot's APIs, in their order; made anew where an upstream is new. */
  forApis(apis: readonly CompiledApi[]): readonly UpstreamCaller[] {
    return apis.map((api) => this.#callerOf(api));
  }

  #callerOf(api: CompiledApi): UpstreamCaller {
    if (isParty(api)) return this.#partyOf(api);
    const { canary } = api.upstream;
    const stable = this.#stableOf(api);
    const mirror = this.#mirrorOf(api);
    if (canary === null && mirror === null) return stable;
    const parts = {
      stable,
      canary: canary === null ? null : this.#balancerOf(besideOf(api, canary.targets), `${api.name} canary`),
      mirror,
    };
    let divided = this.#divided.get(api.name);
    if (divided?.isOf(parts) !== true) {
      divided = new DividedCaller(parts);
      this.#divided.set(api.name, divided);
    }
    return divided;
  }

  #partyOf(api: PartyApi): PartyCaller {
    const elsewhere = elsewhereOf(api);
    const hosts = [...api.party.hosts].map(([name, target]) => {
      const pool = this.#poolOf(elsewhere, target, HOST_PART);
      this.#direct.add(pool);
      return [name, pool] as const;
    });
    const places = { first: this.#stableOf(api), hosts: new Map(hosts) };
    const known = this.#parties.get(api.name);
    if (known?.goesOnAs(api, places) === true) return known;
    const made = new PartyCaller(api, places, this.#ports);
    this.#parties.set(api.name, made);
    return made;
  }

  /** Closes what none of these has a use for. Whoever could still call it has ended. */
  retain(installed: readonly Installed[]): void {
    const wanted = new Set<UpstreamCaller | Mirror>(installed.flatMap(({ pools }) => pools.flatMap(partsOf)));
    for (const [name, divided] of this.#divided) if (!wanted.has(divided)) this.#divided.delete(name);
    for (const [name, party] of this.#parties) if (!wanted.has(party)) this.#parties.delete(name);
    for (const [key, mirror] of this.#mirrors) {
      if (wanted.has(mirror)) {
        wanted.add(mirror.place.upstream);
        continue;
      }
      this.#mirrors.delete(key);
      mirror.close();
    }
    for (const [key, balancer] of this.#balancers) {
      if (!wanted.has(balancer)) this.#forget(key, balancer);
      else for (const { upstream } of balancer.endpoints) wanted.add(upstream);
    }
    this.#failing.retain([...this.#balancers.values()].map(({ failing }) => failing));
    for (const [key, pool] of this.#byTarget) {
      if (!wanted.has(pool)) this.#drain(key, pool);
    }
  }

  #forget(key: string, balancer: Balancer): void {
    this.#balancers.delete(key);
    this.#finding.delete(key);
    for (const [name, newest] of this.#newest) if (newest === balancer) this.#newest.delete(name);
  }

  /** A live table has a new version: whoever balances by it does so from now on. */
  tableReplaced(name: string): void {
    for (const balancer of this.#balancers.values()) balancer.tableReplaced(name);
    if (name === UPSTREAM_TARGETS.name) this.#useFound();
  }

  /** Balancers go over to what is found now. Targets that none has any more drain. */
  #useFound(): void {
    const before = this.#balancedPools();
    for (const finding of this.#finding.values()) {
      const found = this.#found(finding.source);
      if (isDeepStrictEqual(found, finding.used)) continue;
      finding.used = found;
      finding.balancer.use(found);
    }
    const after = this.#balancedPools();
    for (const [key, pool] of this.#byTarget) {
      if (before.has(pool) && !after.has(pool) && !this.#direct.has(pool)) this.#drain(key, pool);
    }
  }

  #balancedPools(): ReadonlySet<Upstream> {
    return new Set([...this.#balancers.values()].flatMap(({ endpoints }) => endpoints.map(({ upstream }) => upstream)));
  }

  #found(source: TargetSource): readonly TargetConfig[] {
    return this.#tables.read<TargetRow>(UPSTREAM_TARGETS.name).rows.get(targetKey(source))?.targets ?? [];
  }

  #drain(key: string, pool: Upstream): void {
    this.#byTarget.delete(key);
    this.#direct.delete(pool);
    this.#closing.add(pool);
    pool.close();
  }

  /** Holds the bounds on time. */
  sweep(now: number): void {
    for (const pool of this.#byTarget.values()) pool.sweep(now);
    for (const mirror of this.#mirrors.values()) mirror.sweep(now);
    for (const { watch } of this.#balancers.values()) watch.sweep(now);
    for (const pool of this.#closing) {
      pool.sweep(now);
      if (pool.isGone) this.#closing.delete(pool);
    }
  }

  /** How the targets of those upstreams are that are balanced over or checked. */
  report(): readonly UpstreamReport[] {
    return Array.from(this.#newest.values(), ({ watch }) => watch.report());
  }

  /** Closes all. */
  close(): void {
    this.retain([]);
  }

  #stableOf(api: CompiledApi): UpstreamCaller {
    const { targets, health } = api.upstream;
    const [only] = targets;
    const isPlain = targets.length === 1 && !isFollowed(api.upstream) && health.check === null;
    if (only === undefined || !isPlain) return this.#balancerOf(api, api.name);
    const pool = this.#poolOf(api, only, 1);
    this.#direct.add(pool);
    return pool;
  }

  #mirrorOf(api: CompiledApi): Mirror | null {
    const config = api.upstream.mirror;
    if (config === null) return null;
    const key = JSON.stringify([api.name, settingsKey(api), config]);
    let mirror = this.#mirrors.get(key);
    if (mirror === undefined) {
      const authority = authorityOf(api.upstream.scheme, config.target);
      const upstream = this.#poolOf(api, config.target, MIRROR_PART);
      this.#direct.add(upstream);
      mirror = new Mirror(config, { api: api.name, authority, upstream }, this.#ports);
      this.#mirrors.set(key, mirror);
    }
    return mirror;
  }

  /** `name`: what is told of it by. */
  #balancerOf(api: CompiledApi, name: string): Balancer {
    const { balance, targets, discover, scheme, retries, breaker, health } = api.upstream;
    const key = JSON.stringify([name, settingsKey(api), balance, targets, discover, retries, breaker, health]);
    let balancer = this.#balancers.get(key);
    if (balancer === undefined) {
      const used = discover === null ? targets : this.#found(discover.source);
      balancer = new Balancer(balance, used, {
        open: (target, count) => {
          const own = authorityOf(scheme, target);
          // What is found is seldom as many for long: for a few more or less no connection is opened anew.
          const parts = discover === null ? count : Math.max(count, LEAST_PARTS);
          return { name: own, authority: discover?.authority ?? own, upstream: this.#poolOf(api, target, parts) };
        },
        monotonic: this.#monotonic,
        chance: this.#ports.chance,
        health: new TargetHealthWatch({ name, api }, this.#ports, {
          tables: this.#tables,
          before: this.#newest.get(name)?.watch ?? null,
        }),
        failing: this.#failing.of(name, api.upstream),
      });
      this.#balancers.set(key, balancer);
      if (discover !== null) this.#finding.set(key, { balancer, source: discover.source, used });
    }
    this.#newest.set(name, balancer);
    return balancer;
  }

  /** `count`: how many targets its upstream has. All together have about as many connections as one alone. */
  #poolOf(api: CompiledApi, { host, port }: TargetConfig, count: number): Upstream {
    // By powers of two, so that a target more or less opens no connection anew.
    const parts = 2 ** Math.ceil(Math.log2(count));
    const key = JSON.stringify([settingsKey(api), host, port, parts]);
    let pool = this.#byTarget.get(key);
    if (pool === undefined) {
      pool = this.#open(api, { host, port }, partOf(this.#bounds, parts));
      this.#byTarget.set(key, pool);
    }
    return pool;
  }

  #open(api: CompiledApi, at: Pick<TargetConfig, 'host' | 'port'>, bounds: PoolBounds): Upstream {
    const { protocol, scheme, connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = api.upstream;
    const { serverName, pins } = api.upstream;
    const times = { connectMs: connectTimeoutMs, responseMs: responseTimeoutMs, idleMs: idleTimeoutMs };
    const proof = { ca: api.upstreamCa, identity: api.upstreamIdentity, serverName, pins };
    const internet = api.party === null ? null : { resolver: api.party.resolver };
    const target = {
      scheme,
      ...at,
      ...proof,
      bounds: times,
      allowedAddresses: api.upstream.allowedAddresses,
      internet,
    };
    return openUpstream(protocol, target, this.#monotonic, bounds);
  }
}

/** Where nobody fills any. Whoever reads one has a bug. */
const NO_TABLES: HealthTables = {
  declare({ name }) {
    throw new Error(`the table ${name} is not filled by anybody`);
  },
  read(name) {
    throw new Error(`the table ${name} is not there`);
  },
};

/** Where redirects lead has the connections of one of so many targets. */
const HOST_PART = 8;

/** The same third party as to hosts that are not its own: each has its own name, and we are nobody there. */
function elsewhereOf(api: PartyApi): CompiledApi {
  return { ...api, upstreamIdentity: null, upstream: { ...api.upstream, serverName: null } };
}

/** A mirror has the connections of one of so many targets. */
const MIRROR_PART = 16;

/** The same API with other targets, which nothing stands beside. */
function besideOf(api: CompiledApi, targets: readonly TargetConfig[]): CompiledApi {
  return { ...api, upstream: { ...api.upstream, targets, discover: null, canary: null, mirror: null } };
}

/** Whatever must live as long as this does. */
function partsOf(caller: UpstreamCaller): readonly (UpstreamCaller | Mirror)[] {
  if (caller instanceof PartyCaller) return [caller, caller.places.first, ...caller.places.hosts.values()];
  if (!(caller instanceof DividedCaller)) return [caller];
  const { stable, canary, mirror } = caller.parts;
  return [caller, stable, canary, mirror].filter((part) => part !== null);
}

/** Found targets are reckoned with as so many at least. */
const LEAST_PARTS = 8;

/** The least that one of many targets has. */
const LEAST_PART = 4;

function partOf({ connections, waiting }: PoolBounds, parts: number): PoolBounds {
  const part = (all: number): number => Math.min(all, Math.max(LEAST_PART, Math.ceil(all / parts)));
  return { connections: part(connections), waiting: part(waiting) };
}

const settingsKeys = new WeakMap<CompiledApi, string>();

/**
 * Tells whether connections to two targets are of one kind: a digest, since CAs alone may be as long as a megabyte, and each
 * of a thousand targets is known by it.
 */
function settingsKey(api: CompiledApi): string {
  let key = settingsKeys.get(api);
  if (key === undefined) {
    key = createHash('sha256')
      .update(JSON.stringify(settingsOf(api)))
      .digest('base64url');
    settingsKeys.set(api, key);
  }
  return key;
}

/** All that connections to two targets must have in common to be of one kind, as data. */
function settingsOf(api: CompiledApi): readonly unknown[] {
  const { protocol, scheme, connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = api.upstream;
  const times = [connectTimeoutMs, responseTimeoutMs, idleTimeoutMs];
  const { serverName, pins } = api.upstream;
  // The certificate names its key.
  const proof = [api.upstreamCa, api.upstreamIdentity?.chainPem ?? null, serverName, pins];
  const internet = api.party === null ? null : [api.party.resolver];
  return [protocol, scheme, times, proof, api.upstream.allowedAddresses, internet];
}
