import type { Problem } from '../base/index.ts';
import { UPSTREAM_TARGETS } from '../ports/index.ts';
import type { CanonicalRequest, Http2Offer, Peer, ServerExchange, ServerHandler } from '../wire/index.ts';
import type { Arrival } from './arrival.ts';
import { BodyBudget, COLLECTED_LIMIT_BYTES } from './body-budget.ts';
import { Decoding } from './decoding.ts';
import { EarlyRefusals, type Refusal, type Refused } from './early-refusals.ts';
import { createEgressEntrance } from './egress-entrance.ts';
import { routerFor } from './egress-routes.ts';
import { enter, entryFault } from './entrance.ts';
import { type Era, Eras } from './eras.ts';
import { CspCollector } from './csp-collector.ts';
import { createCallerTexts } from './identity-fields.ts';
import { createHttp2Offer } from './http2-offer.ts';
import { LongReplies } from './long-replies.ts';
import { METHOD_OVERRIDE, overridesMethod } from './method-override.ts';
import { connectProblem, upgradeProblem } from './offer-websocket.ts';
import { OwnPages, type OwnPagesOptions } from './own-pages.ts';
import { Passage } from './passage.ts';
import { readableBy } from './preflights.ts';
import { createReplyOpening } from './reply.ts';
import { ReplyCaches } from './reply-caches.ts';
import { RefusalSums, type Summed } from './refusal-sums.ts';
import type { GatewayPorts, Installed } from './runtime.ts';
import { UpstreamPools, type Upstreams } from './upstream-pools.ts';
import { type LoadJudge, unwatchedLoad } from './overload.ts';
import type { Snapshot } from './snapshot.ts';
import { Shedding } from './shedding.ts';
import { StandingStreams } from './standing.ts';
import { UnderWay } from './under-way.ts';
import type { WalkContext } from './walk.ts';

const SWEEP_MS = 500;
/** The data plane of one thread. */
export interface Gateway extends ServerHandler {
  /** What a listener needs to speak HTTP/2 for it. */
  readonly http2: Http2Offer;
  /** Answers on the listener over which our APIs call third parties. */
  readonly egress: ServerHandler;
  /** The Snapshot in force; null before the first. */
  readonly current: Snapshot | null;
  /** How many Snapshots requests still walk through, the one in force included. */
  readonly living: number;
  readonly inFlight: number;
  /** Puts a Snapshot in force for all requests that begin from now on. False when too many older ones still live, or it is closed. */
  install(snapshot: Snapshot): boolean;
  /**
   * Resolves when `install` has room: at once, when requests of an older Snapshot have ended, or after a grace, when
   * those of the oldest one have been cut.
   */
  makeRoom(): Promise<void>;
  /** Refuses a request before any operation is known; `peer` is who it comes from, where that is not the connection's. */
  turnDown(stream: ServerExchange, problem: Problem, peer?: Peer): void;
  /** Asks all streams that stand to end, and those that begin from now on; other requests go on. */
  drain(): void;
  /** A live table has another version: streams that stand are judged by it, where a policy of the Snapshot reads it. */
  tableReplaced(name: string): void;
  /** Whether an answer to somebody unknown was counted in a sum, and so needs no record of its own (see `RefusalSums`). */
  sums(what: Summed, address: string): boolean;
  /** Writes what is counted of refusals: the ledger takes it at once or never. For a thread that is about to end. */
  settle(): void;
  close(): void;
}

/**
 * Makes a gateway. It answers 503 until a Snapshot is installed. `collectedBytes` is what all collected bodies may hold
 * together; `upstreams` are connections if nothing else is given. `overload` says when the thread can't keep up; without
 * it only what is under way counts.
 */
export function createGateway(
  ports: GatewayPorts,
  collectedBytes: number = COLLECTED_LIMIT_BYTES,
  upstreams: Upstreams = new UpstreamPools(ports),
  overload: LoadJudge = unwatchedLoad(ports.clock),
): Gateway {
  return new DataPlane(ports, {
    bodies: new BodyBudget(collectedBytes),
    shedding: new Shedding(ports, overload),
    upstreams,
  });
}

interface Parts {
  readonly bodies: BodyBudget;
  readonly shedding: Shedding;
  readonly upstreams: Upstreams;
}

/** Whom a refusal goes to. */
interface Recipient extends Pick<Refused, 'id' | 'peer' | 'fault' | 'outbound'> {
  readonly stream: ServerExchange;
}

type Unread = Parameters<ServerHandler['refused']>;

const NOT_FOUND: Problem = { code: 'not-found' };

/** What a client is told whose request was not even begun. */
const SHED: Problem = { code: 'gateway-overloaded', headers: [['retry-after', '1']], internal: 'shed' };

class DataPlane implements Gateway {
  readonly http2: Http2Offer;
  readonly egress: ServerHandler;
  readonly #ports: GatewayPorts;
  readonly #opening = createReplyOpening();
  readonly #bodies: BodyBudget;
  readonly #shedding: Shedding;
  readonly #underWay: UnderWay;
  readonly #standing: StandingStreams;
  readonly #decoding: Decoding;
  readonly #refusals: RefusalSums;
  readonly #early: EarlyRefusals;
  readonly #collector: CspCollector;
  readonly #pages: OwnPages;
  readonly #callerTexts: WalkContext['callerTexts'];
  readonly #pools: Upstreams;
  readonly #caches: ReplyCaches;
  readonly #sweeper: { cancel(): void };
  readonly #eras: Eras;
  readonly #longReplies: LongReplies;

  constructor(ports: GatewayPorts, { bodies, shedding, upstreams }: Parts) {
    this.#ports = ports;
    this.#bodies = bodies;
    this.#shedding = shedding;
    this.#refusals = new RefusalSums(ports);
    this.#early = new EarlyRefusals({ ports, sums: this.#refusals, current: () => this.current });
    const turnDown: OwnPagesOptions['turnDown'] = (...refused) => this.turnDown(...refused);
    this.#collector = new CspCollector({ ports, bodies, sums: this.#refusals, turnDown });
    this.#pages = new OwnPages({ ports, bodies, turnDown });
    this.#decoding = new Decoding(() => ports.clock.monotonic());
    this.http2 = createHttp2Offer(ports, this.#bodies);
    this.egress = createEgressEntrance({
      current: () => this.current,
      turnDown: (stream, problem) =>
        this.#turnDownUnbegun(stream, problem, { peer: stream.request.peer, outbound: true }),
      begin: (stream, match) => this.#begin(stream, this.#eras.current as Era, { request: stream.request, match }),
      refused: (...refused) => this.#refuseUnread(refused, true),
    });
    this.#callerTexts = createCallerTexts(ports.pseudonym);
    this.#pools = upstreams;
    const { clock, log, metrics, cacheShare } = ports;
    this.#caches = new ReplyCaches(cacheShare, metrics.cache);
    const retain = (installed: readonly Installed[]): void => {
      upstreams.retain(installed);
      this.#caches.retain(installed);
    };
    this.#eras = new Eras({ clock, log, metrics, retain });
    this.#standing = new StandingStreams({ clock, metrics: metrics.streams, eras: this.#eras });
    this.#longReplies = new LongReplies({ clock, eras: this.#eras, standing: this.#standing });
    this.#underWay = new UnderWay({ clock, limit: shedding.inFlightLimit, clients: () => this.#clients() });
    this.#sweeper = clock.every(SWEEP_MS, () => this.#sweep());
  }

  get current(): Snapshot | null {
    return this.#eras.current?.context.installed.snapshot ?? null;
  }

  get living(): number {
    return this.#eras.living.size;
  }

  get inFlight(): number {
    return this.#eras.inFlight;
  }

  install(snapshot: Snapshot): boolean {
    return this.#eras.begin((over) => ({
      ports: this.#ports,
      installed: {
        snapshot,
        pools: this.#pools.forApis(snapshot.apis),
        caches: this.#caches.forSnapshot(snapshot),
      },
      opening: this.#opening,
      bodies: this.#bodies,
      standing: this.#standing,
      decoding: this.#decoding,
      refusals: this.#refusals,
      callerTexts: this.#callerTexts,
      over,
    }));
  }

  makeRoom(): Promise<void> {
    return this.#eras.makeRoom();
  }

  drain(): void {
    this.#standing.drain();
  }

  *#clients(): Generator<Peer> {
    for (const { passages } of this.#eras.living)
      for (const walk of passages) if (!this.#standing.has(walk)) yield walk.request.peer;
  }

  #sweep(): void {
    this.#pools.sweep(this.#ports.clock.monotonic());
    this.#caches.sweep();
    this.#standing.sweep();
    this.#longReplies.sweep();
  }

  tableReplaced(name: string): void {
    const isNeeded = this.current?.tables.some(({ declaration }) => declaration.name === name) === true;
    // Where requests can be sent says nothing of who may send them.
    if (isNeeded && name !== UPSTREAM_TARGETS.name) this.#standing.tableReplaced();
  }

  sums(what: Summed, address: string): boolean {
    return this.#refusals.counts(what, address);
  }

  settle(): void {
    this.#refusals.close();
  }

  close(): void {
    this.#eras.close();
    this.#sweeper.cancel();
    this.settle();
    this.#pools.close();
  }

  request(stream: ServerExchange): void {
    const era = this.#eras.current;
    if (era === null) {
      this.turnDown(stream, { code: 'gateway-overloaded', internal: 'no configuration in force yet' });
      return;
    }
    const { snapshot } = era.context.installed;
    const request = enter(stream, snapshot);
    if ('code' in request) {
      this.turnDown(stream, request);
      return;
    }
    const { peer } = request;
    const fault = entryFault(request, snapshot);
    if (fault !== null) {
      this.#turnDown({ id: this.#ports.nextId(), stream, peer, fault, outbound: false }, fault.problem);
      return;
    }
    const { preflights, router } = snapshot;
    const preflight = preflights === null || request.method !== 'OPTIONS' ? null : preflights.find(request);
    if (preflight !== null && stream.framing.kind !== 'none') {
      this.turnDown(stream, { code: 'unexpected-body' }, peer);
      return;
    }
    const found = preflight ?? router.find(request.host, request.path, request.method);
    switch (found.kind) {
      case 'notFound':
        if (this.#collector.answers(stream, request, snapshot) || this.#pages.answers(stream, request, snapshot))
          return;
        this.turnDown(stream, preflights?.readable(NOT_FOUND, request) ?? NOT_FOUND, peer);
        return;
      case 'misdirected':
        this.turnDown(stream, { code: 'misdirected-request' }, peer);
        return;
      case 'methodNotAllowed':
        this.#turnAway(stream, request, { allow: found.allow, isPreflight: preflight !== null });
        return;
      case 'matched':
        this.#begin(stream, era, { request, match: found });
    }
  }

  /** The path has other methods. A page may read that, unless it is what its preflight asks for. */
  #turnAway(
    stream: ServerExchange,
    request: CanonicalRequest,
    { allow, isPreflight }: { readonly allow: readonly string[]; readonly isPreflight: boolean },
  ): void {
    const preflights = isPreflight ? null : (this.current?.preflights ?? null);
    const problem: Problem = { code: 'method-not-allowed', headers: [['allow', allow.join(', ')]] };
    this.turnDown(stream, preflights?.readable(problem, request) ?? problem, request.peer);
  }

  #begin(stream: ServerExchange, era: Era, { request, match }: Pick<Arrival, 'request' | 'match'>): void {
    const compiled = match.target;
    const { websocket } = compiled;
    const outbound = compiled.api.party !== null;
    const { pools, snapshot } = era.context.installed;
    // First: behind a request for an upgrade no other is read, whatever it is told.
    const upgradeFault =
      websocket === null
        ? connectProblem(stream, request, routerFor(compiled.api, snapshot))
        : upgradeProblem(stream, request, websocket);
    const { peer } = request;
    // Streams that stand are bounded by themselves, and are no sign that the thread can't keep up.
    const inFlight = this.#underWay.seenBy(peer, this.#eras.inFlight - this.#standing.size);
    if (this.#shedding.sheds(compiled, inFlight, pools[compiled.api.index]?.waitingShare(peer) ?? 0)) {
      this.#shedding.note(compiled, stream, { trusted: snapshot.trusted, peer });
      this.#turnDownUnbegun(stream, readableBy(compiled.api, request.headers, SHED), { peer, outbound });
      return;
    }
    this.#underWay.began(peer);
    const plan = compiled.plan();
    // Not before the plan, which may take long to build: a passage reads the other clock at the same moment.
    const startedAtMs = this.#ports.clock.now();
    const id = this.#ports.nextId(startedAtMs);
    if (!plan.ok) {
      const detail = plan.error.map((issue) => issue.message).join('; ');
      const key = compiled.operation.id;
      const message = `${key} can't be built and is refused`;
      this.#ports.alerts({ kind: 'gateway.fault', key, severity: 'critical', message, fields: { detail } });
      const problem = readableBy(compiled.api, request.headers, { code: 'gateway-fault', internal: detail });
      this.#turnDown({ id, stream, peer, outbound }, problem);
      return;
    }
    const passage = new Passage(
      stream,
      { context: era.context, plan: plan.value },
      { id, request, startedAtMs, match },
    );
    stream.events = passage;
    this.#eras.enter(era, passage);
    const { method } = request;
    const bodyless = (method === 'GET' || method === 'HEAD') && !compiled.bodyDescribed;
    if (upgradeFault !== null) passage.refuse(upgradeFault);
    else if (!outbound && overridesMethod(request)) passage.refuse(METHOD_OVERRIDE);
    else if (bodyless && stream.framing.kind !== 'none') passage.refuse({ code: 'unexpected-body' });
    else if (compiled.grpc !== null || stream.limitBody(compiled.bodyLimitBytes)) passage.proceed();
    else passage.refuse({ code: 'body-too-large' });
  }

  turnDown(stream: ServerExchange, problem: Problem, peer: Peer = stream.request.peer): void {
    this.#turnDownUnbegun(stream, problem, { peer, outbound: false });
  }

  #turnDownUnbegun(stream: ServerExchange, problem: Problem, from: Pick<Refused, 'peer' | 'outbound'>): void {
    this.#turnDown({ id: this.#ports.nextId(), stream, ...from }, problem);
  }

  #turnDown({ id, stream, peer, fault = null, outbound }: Recipient, problem: Problem): void {
    const { method } = stream.request;
    const sendsBody = method !== 'HEAD';
    const { head, body } = this.#early.answer(problem, {
      id,
      peer,
      method,
      verdict: 'deny',
      sendsBody,
      fault,
      outbound,
    });
    stream.send(head, body);
  }

  refused(...unread: Unread): Refusal {
    return this.#refuseUnread(unread, false);
  }

  #refuseUnread([code, peer, sendsBody]: Unread, outbound: boolean): Refusal {
    const who = { id: this.#ports.nextId(), peer, method: '', verdict: 'malformed', sendsBody, outbound } as const;
    return this.#early.answer({ code }, who);
  }
}
