import { AddressSet, err, errorIssue, type Issue, parseAddress, type Result } from '../base/index.ts';
import type { GatheredParcel } from '../config/compiled.ts';
import type { Leases, Ledger, SharedTable, Tables } from '../ports/index.ts';
import {
  ConnectionGate,
  listen,
  type Listener,
  type ListenFault,
  POOL_BOUNDS,
  SERVER_BOUNDS,
  type ServerContext,
} from '../wire/index.ts';
import { AcmeChallenges } from './acme-challenges.ts';
import { compileInSlices } from './compile.ts';
import type { KindTable } from './kind-table.ts';
import { COLLECTED_LIMIT_BYTES } from './body-budget.ts';
import type { ClientTrusts } from './client-trust.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { ThreadKeyRequests } from './key-requests.ts';
import type { ThreadDesk } from './thread-desk.ts';
import type { LoadJudge } from './overload.ts';
import { LISTS_TABLE } from './lists-table.ts';
import { createPlainHttp } from './plain-http.ts';
import { ThreadReverseNames } from './reverse-names.ts';
import type { GatewayPorts } from './runtime.ts';
import { UpstreamPools, type Upstreams } from './upstream-pools.ts';
import type { NeededTable, Snapshot } from './snapshot.ts';
import { judgedTables } from './sources.ts';
import type { FromThread, ListenPlan, ThreadStatus, ToThread } from './thread-protocol.ts';
import { type ChooseCertificate, TlsContexts } from './tls-contexts.ts';
import { createTurnedAway, type TurnedAwayListener } from './turned-away.ts';

/** So long the last records may take to be safe when the thread ends. */
const FLUSH_LIMIT_MS = 5_000;

/** Below this a body of the default size could hardly be collected: it may take half of what is free. */
const LEAST_COLLECTED_BYTES = 64 * 1024 * 1024;
/** Of all connections the plain port gets so much: it only redirects, and answers a CA, and no client stays there. */
const PLAIN_PORT_SHARE = 1 / 8;
/** Below this a single thread that gets more than its share of clients would let them wait. */
const LEAST_POOL = 128;

/** What the bodies that a thread collects may hold, where so many threads share the room. */
export function collectedBytesOf(threads: number): number {
  return Math.max(LEAST_COLLECTED_BYTES, Math.floor(COLLECTED_LIMIT_BYTES / threads));
}

/** The bounds of a thread's connections to an upstream, where so many threads share them. */
export function poolBoundsOf(threads: number): typeof POOL_BOUNDS {
  const share = (total: number): number => Math.max(LEAST_POOL, Math.ceil(total / threads));
  return { connections: share(POOL_BOUNDS.connections), waiting: share(POOL_BOUNDS.waiting) };
}

/** Of all connections, those that our own APIs may have. */
const EGRESS_SHARE = 0.25;

/** How many connections a port may have: both together have what the descriptors allow, and each one at least. */
function connectionsOf({ http, maxConnections }: ListenPlan, isPlain: boolean): number {
  const plain = http === null ? 0 : Math.max(1, Math.floor(maxConnections * PLAIN_PORT_SHARE));
  return isPlain ? plain : Math.max(1, maxConnections - plain);
}

function isIn(addresses: AddressSet | null, address: string): boolean {
  const parsed = addresses === null ? null : parseAddress(address);
  return parsed !== null && parsed.ok && addresses?.has(parsed.value) === true;
}

/** What has come meanwhile is done first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What a gateway thread is made of. */
export interface GatewayThreadOptions {
  readonly ports: GatewayPorts;
  readonly ledger: Ledger;
  readonly tables: Tables;
  readonly kinds: KindTable;
  /** Connections of clients, by network; nothing else is counted with them. */
  readonly leases: Leases;
  /** How many threads share what the process has. */
  readonly threads: number;
  /** Says when the thread can't keep up. */
  readonly overload: LoadJudge;
  /** Hears what the control side answers to requests for keys. */
  readonly keys: Pick<ThreadKeyRequests, 'answer'>;
  /** Hears what the control side answers and announces. */
  readonly desk: Pick<ThreadDesk, 'receive'>;
  readonly choose: ChooseCertificate;
  readonly send: (message: FromThread) => void;
  /** Where clients come from and requests go: sockets, if nothing else is given. */
  readonly outside?: { readonly listen: typeof listen; readonly upstreams: Upstreams };
}

/** The data plane of one thread, driven by messages of the control side. It owns the sockets and touches no disk. */
export class GatewayThread {
  readonly #options: GatewayThreadOptions;
  readonly #gateway: Gateway;
  readonly #upstreams: Upstreams;
  readonly #prepared = new Map<number, Snapshot>();
  readonly #contexts: TlsContexts;
  readonly #challenges: AcmeChallenges;
  readonly #listeners: Listener[] = [];
  /** From when it listens on. */
  #proxies: AddressSet | null = null;
  #gate: ConnectionGate | null = null;
  #httpsPort = 0;
  readonly #turnedAway: TurnedAwayListener;
  readonly #names: ThreadReverseNames;

  constructor(options: GatewayThreadOptions) {
    this.#options = options;
    this.#contexts = new TlsContexts(options.choose);
    this.#turnedAway = createTurnedAway(options.ports);
    const { ports, threads, tables } = options;
    tables.declare(LISTS_TABLE);
    this.#names = new ThreadReverseNames(ports.clock, options.send);
    this.#challenges = new AcmeChallenges(tables, () => ports.clock.now());
    const pools = (): Upstreams => new UpstreamPools(ports, poolBoundsOf(threads), tables);
    this.#upstreams = options.outside?.upstreams ?? pools();
    this.#gateway = createGateway(ports, collectedBytesOf(threads), this.#upstreams, options.overload);
  }

  /**
   * Does what a message asks for; answers go out by `send`. Never rejects: what can't be taken, such as a certificate
   * that does not fit its key, leaves what is in force, and is an alert.
   */
  async receive(message: ToThread): Promise<void> {
    try {
      await this.#obey(message);
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      const text = `a gateway thread could not take what it was told: ${message.kind}`;
      this.#options.ports.log.write('error', 'thread.fault', text, { detail });
      this.#options.ports.alerts({
        kind: 'gateway.fault',
        key: `thread ${message.kind}`,
        severity: 'critical',
        message: text,
        fields: { detail },
      });
    }
  }

  /** What must be in the ledger before this thread ends, however it ends. */
  settle(): void {
    this.#gateway.settle();
  }

  async #obey(message: ToThread): Promise<void> {
    switch (message.kind) {
      case 'certificates':
        this.#contexts.replace(message.materials, message.ticketKeys);
        return;
      case 'ticketKeys':
        this.#contexts.replaceTicketKeys(message.ticketKeys);
        return;
      case 'table':
        this.#replaceTable(message.table);
        return;
      case 'keysAnswered':
        this.#options.keys.answer(message);
        return;
      case 'deskAnswered':
      case 'deskNotice':
        this.#options.desk.receive(message);
        return;
      case 'namesAnswered':
        this.#names.answer(message);
        return;
      case 'prepare':
        await this.#prepare(message.parcel);
        return;
      case 'install':
        await this.#install(message.revision);
        return;
      case 'listen':
        await this.#listen(message.plan);
        return;
      case 'status':
        this.#options.send({ kind: 'status', ask: message.ask, status: this.#status(message.records) });
        return;
      case 'drain':
        this.#gateway.drain();
        await Promise.all(this.#listeners.map((listener) => listener.drain(message.graceMs)));
        this.#gateway.close();
        await this.#flush();
        this.#options.send({ kind: 'drained' });
    }
  }

  /** A ledger that can't be written holds nobody up for longer. */
  #flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.ports.clock.after(FLUSH_LIMIT_MS, resolve);
    void this.#options.ledger.flush().finally(resolve);
    return promise.finally(() => timer.cancel());
  }

  #replaceTable(table: SharedTable): void {
    const { tables } = this.#options;
    tables.declare(table.declaration);
    if (table.filledAtMs === null) return;
    tables.take(table);
    this.#upstreams.tableReplaced(table.declaration.name);
    this.#gateway.tableReplaced(table.declaration.name);
    this.#options.send({ kind: 'tableTaken', name: table.declaration.name, version: table.version });
  }

  async #prepare(parcel: GatheredParcel): Promise<void> {
    const { revision } = parcel;
    const snapshot = await this.#compile(parcel);
    this.#prepared.clear();
    // Waiting belongs here: threads that install at different times would serve by different configurations.
    if (snapshot.ok) await this.#gateway.makeRoom();
    if (snapshot.ok) this.#prepared.set(revision, snapshot.value);
    this.#options.send({ kind: 'prepared', revision, issues: snapshot.ok ? [] : snapshot.error });
  }

  /** A bug in compiling is an issue like any other: the Snapshot in force stays. */
  async #compile(parcel: GatheredParcel): Promise<Result<Snapshot, readonly Issue[]>> {
    const { kinds, tables, ports } = this.#options;
    try {
      const live = (): ReadonlyMap<string, Uint8Array> => tables.read<Uint8Array>(LISTS_TABLE.name).rows;
      const lists = { live, names: this.#names };
      const context = { kinds, lists, tables: judgedTables(tables, () => ports.clock.now()) };
      const snapshot = await compileInSlices(parcel, context, nextTurn);
      if (snapshot.ok && snapshot.value.trusts !== null) this.#contexts.check(snapshot.value.trusts);
      const unfilled = snapshot.ok ? snapshot.value.tables.flatMap((table) => this.#unfilled(table)) : [];
      return unfilled.length > 0 ? err(unfilled) : snapshot;
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : 'unknown fault';
      return err([errorIssue('', `the configuration can't be compiled: ${words}`)]);
    }
  }

  /** Declares a table; what stands against a Snapshot that needs it. */
  #unfilled({ declaration, kind, path, place }: NeededTable): readonly Issue[] {
    const { tables } = this.#options;
    const { name } = declaration;
    try {
      tables.declare(declaration);
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : 'unknown fault';
      return [errorIssue(path, `the live table ${name} of ${kind} can't be had: ${words}`, { place })];
    }
    if (tables.read(name).filledAtMs !== null) return [];
    const fix = 'see in the log why it can not be filled, then reload';
    return [errorIssue(path, `${kind} needs the live table ${name}, which was never filled`, { place, fix })];
  }

  /** Seldom waits: requests that came after the preparing may have taken the room again. */
  async #install(revision: number): Promise<void> {
    const snapshot = this.#prepared.get(revision);
    this.#prepared.delete(revision);
    if (snapshot !== undefined) await this.#gateway.makeRoom();
    const installed = snapshot !== undefined && this.#gateway.install(snapshot);
    if (installed) this.#judgeBy(snapshot.trusts);
    this.#options.send({ kind: 'installed', revision, ok: installed });
  }

  /** Sessions that were judged by something else carry no requests any more: their clients are asked to come again. */
  #judgeBy(trusts: ClientTrusts | null): void {
    if (!this.#contexts.trust(trusts)) return;
    for (const listener of this.#listeners)
      listener.retire((tls) => tls.trust !== (trusts?.of(tls.serverName)?.id ?? null));
  }

  /** The plain port first and https last: when https answers, everything does. */
  async #listen(plan: ListenPlan): Promise<void> {
    const proxies = plan.proxyProtocol.length === 0 ? null : AddressSet.of(plan.proxyProtocol);
    this.#proxies = proxies;
    const { leases, ports } = this.#options;
    this.#gate = new ConnectionGate({
      leases,
      perNetwork: plan.connectionsPerAddress,
      isExempt: (address) => isIn(proxies, address) || this.#gateway.current?.trusted?.trusts(address) === true,
      monotonic: () => ports.clock.monotonic(),
    });
    const http = plan.http === null ? null : await this.#open(plan, plan.http.port, plan.http.mode);
    const https = http !== null && 'code' in http ? http : await this.#open(plan, plan.httpsPort, null);
    const calls = plan.egress === null || (https !== null && 'code' in https) ? null : await this.#openEgress(plan);
    const fault = [http, https, calls].find((listener) => listener !== null && 'code' in listener);
    if (fault !== undefined && fault !== null && 'code' in fault) {
      await Promise.all(this.#listeners.splice(0).map((listener) => listener.drain(0)));
      this.#options.send({ kind: 'listenFailed', port: fault.port, code: fault.code });
      return;
    }
    this.#httpsPort = (https as Listener).port;
    this.#options.send({
      kind: 'listening',
      ports: { https: this.#httpsPort, http: http?.port ?? null, ...(calls === null ? {} : { egress: calls.port }) },
    });
  }

  async #open(
    plan: ListenPlan,
    port: number,
    plainMode: 'redirect' | 'refuse' | null,
  ): Promise<Listener | ListenFault> {
    const { ports } = this.#options;
    const gateway = this.#gateway;
    const handler =
      plainMode === null
        ? gateway
        : createPlainHttp({
            ports,
            mode: plainMode,
            httpsPort: () => this.#httpsPort,
            snapshot: () => gateway.current,
            challenges: this.#challenges,
            sums: (what, address) => gateway.sums(what, address),
            turnDown: (stream, problem, peer) => gateway.turnDown(stream, problem, peer),
            refused: (code, peer, sendsBody) => gateway.refused(code, peer, sendsBody),
          });
    const open = this.#options.outside?.listen ?? listen;
    const listener = await open({
      host: plan.host,
      port,
      reusePort: plan.reusePort,
      maxConnections: connectionsOf(plan, plainMode !== null),
      handler,
      bounds: SERVER_BOUNDS,
      clock: ports.clock,
      context: plainMode === null ? (serverName) => this.#contexts.contextFor(serverName) : null,
      challenge: (serverName) => this.#contextForChallenge(serverName),
      http2: plainMode === null ? gateway.http2 : null,
      proxies: this.#proxies,
      gate: this.#gate,
      turnedAway: this.#turnedAway,
      shaken: (offers, protocol) => ports.metrics.handshake(offers, protocol),
    });
    if (!('code' in listener)) this.#listeners.push(listener);
    return listener;
  }

  /** One network calls here, as often as it likes: our own. */
  async #openEgress(plan: ListenPlan): Promise<Listener | ListenFault | null> {
    const { egress } = plan;
    if (egress === null) return null;
    const open = this.#options.outside?.listen ?? listen;
    const listener = await open({
      host: egress.host,
      port: egress.port,
      reusePort: plan.reusePort,
      // Clients must not find all places taken by our own APIs.
      maxConnections: Math.max(1, Math.floor(plan.maxConnections * EGRESS_SHARE)),
      handler: this.#gateway.egress,
      bounds: SERVER_BOUNDS,
      clock: this.#options.ports.clock,
      context: egress.tls ? (serverName) => this.#contexts.contextFor(serverName) : null,
      http2: this.#gateway.http2,
      turnedAway: this.#turnedAway,
    });
    if (!('code' in listener)) this.#listeners.push(listener);
    return listener;
  }

  #contextForChallenge(serverName: string | null): ServerContext | null {
    const certificate = serverName === null ? null : this.#challenges.certificateFor(serverName);
    return certificate === null ? null : this.#contexts.contextForChallenge(certificate);
  }

  #status(records: number): ThreadStatus {
    return {
      revision: this.#gateway.current?.revision ?? null,
      connections: this.#listeners.reduce((sum, listener) => sum + listener.connections, 0),
      inFlight: this.#gateway.inFlight,
      livingSnapshots: this.#gateway.living,
      newestRecords: this.#options.ledger.newest(records),
      upstreams: this.#upstreams.report(),
    };
  }
}
