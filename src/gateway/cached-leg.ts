import {
  ageSeconds,
  CACHE_STATUS,
  type CacheStatus,
  type FlightWord,
  isNotModified,
  isUpstreamFailure,
  type Lookup,
  mayServeOnFailure,
  refusalOfRequest,
  type Stored,
  validators,
  type Waiter,
  writeCacheStatus,
} from '../cache/index.ts';
import type { Timer } from '../ports/index.ts';
import type { HeaderFields, ReplyHead, UpstreamFailure, WholeBody } from '../wire/index.ts';
import type { CacheResult } from './cache-metrics.ts';
import { CacheFilling, type CachePlace, fillingFor, letRest, NOBODY } from './cache-filling.ts';
import { CacheRefresh } from './cache-refresh.ts';
import type { CachedHead } from './cached-head.ts';
import { keyedRequest } from './cache-request.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { Leg } from './leg.ts';
import { PlaceMarks } from './place-marks.ts';
import type { ApiCache } from './reply-caches.ts';
import type { Reply } from './reply-passage.ts';
import type { ReplyTaker } from './reply-taker.ts';
import { dropUnsent } from './sent-fields.ts';
import type { Tunnel } from './tunnel.ts';
import type { ReplySource, Walk } from './walk.ts';

/** So long a request waits for a reply that another has asked for, and then asks by itself. */
const WAIT_MS = 10_000;
const NAME = 'portcullis';

type Found = Lookup<CachedHead>;
type CachedReply = Stored<CachedHead>;

/**
 * Answers a request from what is stored, or from the upstream, whose reply is stored on its way where it may be
 * (RFC 9111). The steps before it have judged the request in any case, and those behind it see every reply.
 */
export class CachedLeg implements ReplySource, ReplyTaker, Waiter {
  readonly isSent = true;
  readonly wholeAtMs = null;
  readonly #walk: Walk;
  readonly #reply: Reply;
  readonly #place: CachePlace;
  #leg: Leg | null = null;
  #filling: CacheFilling | null = null;
  /** What is stored and must be validated before it is served. */
  #stale: CachedReply | null = null;
  /** Which flight it has joined; null where it has none. */
  #flight: string | null = null;
  #said: CacheStatus = {};
  /** Runs while it waits for another's reply. */
  #waiting: Timer | null = null;
  #collapsed = false;
  #begun = false;
  #over = false;

  constructor(walk: Walk, reply: Reply, cache: ApiCache, compiled: CompiledCache) {
    this.#walk = walk;
    this.#reply = reply;
    dropUnsent(walk, walk.request.headers as HeaderFields);
    const { key, request } = keyedRequest(walk, compiled);
    const mark = PlaceMarks.of(key.place);
    this.#place = { cache, key, request, compiled, mark };
  }

  get status(): number | null {
    return this.#leg === null ? null : this.#leg.status;
  }

  get elapsedUs(): number | null {
    return this.#leg === null ? null : this.#leg.elapsedUs;
  }

  start(): void {
    this.#lookUp(true);
  }

  /** `mayWait`: whether it may wait for the reply of another. */
  #lookUp(mayWait: boolean): void {
    const found = this.#find();
    this.#stale = null;
    switch (found.kind) {
      case 'bypass':
        this.#pass({ fwd: 'bypass', detail: found.why });
        return;
      case 'unavailable':
        this.#over = true;
        this.#walk.refuse({ code: 'nothing-stored' });
        return;
      case 'fresh':
        this.#serve(found.stored, { hit: true }, 'hit');
        return;
      case 'stale':
        if (found.now) this.#serveMeanwhile(found.stored);
        else this.#validate(found, mayWait);
        return;
      case 'miss':
        this.#said = { fwd: found.why };
        this.#ask(mayWait);
    }
  }

  /** What another thread has declared no good since is not found. */
  #find(): Found {
    const { cache, key, request, compiled, mark } = this.#place;
    const now = this.#walk.moment();
    const found = cache.replies.find(key, request, compiled.rules, now);
    if (!('stored' in found) || found.stored.head.mark === cache.marks.read(mark)) return found;
    cache.replies.invalidate(key.place);
    return cache.replies.find(key, request, compiled.rules, now);
  }

  #validate({ stored, why }: Extract<Found, { kind: 'stale' }>, mayWait: boolean): void {
    this.#said = { fwd: why };
    if (stored.head.restsUntilMs > this.#walk.moment() && this.#mayStandIn(stored)) {
      this.#serve(stored, { hit: true, detail: 'upstream-failed' }, 'stale');
      return;
    }
    this.#stale = stored;
    this.#ask(mayWait);
  }

  #mayStandIn(stored: CachedReply): boolean {
    const { request, compiled } = this.#place;
    return mayServeOnFailure(stored, request, compiled.rules, this.#now());
  }

  /** Serves what is stale, and has it fetched anew by a request of the gateway's own, unless somebody is at it already. */
  #serveMeanwhile(stored: CachedReply): void {
    CacheRefresh.begin(this.#walk, this.#place, stored);
    this.#serve(stored, { hit: true }, 'stale');
  }

  /** Asks the upstream, or waits for what another has asked it. */
  #ask(mayWait: boolean): void {
    const { cache, key, request } = this.#place;
    // Nobody else gets anything from a reply that is not stored whatever it says, such as that to HEAD.
    if (!mayWait || refusalOfRequest(request) !== null) {
      this.#fetch(false);
      return;
    }
    this.#flight = cache.replies.flightKey(key, request);
    const joined = cache.flights.join(this.#flight, this, this.#now());
    if (joined === 'lead') this.#fetch(true);
    else if (joined === 'alone') this.#askAlone();
    else this.#wait(this.#flight);
  }

  #wait(flight: string): void {
    this.#collapsed = true;
    this.#waiting = this.#walk.wait(this.#waitMs(), () => {
      this.#waiting = null;
      this.#place.cache.flights.leave(flight, this);
      this.#fetch(false);
    });
  }

  /** No longer than the request itself has time. */
  #waitMs(): number {
    const { compiled, sinceMs } = this.#walk;
    if (compiled.deadlineMs === null) return WAIT_MS;
    return Math.max(0, Math.min(WAIT_MS, sinceMs + compiled.deadlineMs - this.#now()));
  }

  told(word: FlightWord): void {
    if (this.#over || this.#waiting === null) return;
    this.#waiting.cancel();
    this.#waiting = null;
    if (word === 'lead') this.#fetch(true);
    else if (word === 'alone') this.#askAlone();
    else this.#lookUp(false);
  }

  /** What is stored is validated all the same; where nothing is, the client's own conditions hold. What comes may be stored. */
  #askAlone(): void {
    if (this.#stale !== null) {
      this.#fetch(false);
      return;
    }
    const followers = { flight: this.#flight, leads: false };
    this.#filling = new CacheFilling(this.#place, followers, this.#walk.context.ports.clock, this.#now());
    this.#send();
  }

  /** Sends the request on as it is; nothing of its reply is stored. */
  #pass(said: CacheStatus): void {
    this.#said = said;
    this.#send();
  }

  /** Sends the request without conditions of the client's own, with those that validate what is stored. */
  #fetch(leads: boolean): void {
    const followers = this.#flight === null ? NOBODY : { flight: this.#flight, leads };
    this.#filling = fillingFor(this.#walk, this.#place, this.#stale, followers);
    this.#send();
  }

  #send(): void {
    this.#leg = new Leg(this.#walk, this);
    this.#leg.start();
  }

  hints(links: readonly string[]): void {
    if (!this.#over) this.#reply.hints(links);
  }

  whole(head: ReplyHead, body: WholeBody): void {
    if (this.#standsIn(head)) return;
    this.#fill(head);
    this.#filling?.write(body);
    this.#filling?.finish();
    this.#over = true;
    this.#reply.whole(head, body);
  }

  head(head: ReplyHead): void {
    if (this.#standsIn(head)) return;
    this.#fill(head);
    this.#begun = true;
    this.#reply.head(head);
  }

  switched(head: ReplyHead, tunnel: Tunnel): void {
    this.#reply.switched(head, tunnel);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    if (this.#filling !== null) for (const piece of pieces) this.#filling.write(piece);
    const more = this.#reply.pieces(pieces);
    if (!more) this.#filling?.pause();
    return more;
  }

  end(trailers?: HeaderFields): void {
    this.#over = true;
    this.#filling?.finish();
    this.#reply.end(trailers);
  }

  failed(failure: UpstreamFailure): void {
    const substitute = this.#begun ? null : this.#substitute();
    if (substitute !== null) {
      this.#standIn(substitute, failure.code);
      return;
    }
    this.#over = true;
    if (!this.#begun) this.#countAsked();
    // Those who wait are not let loose on an upstream in trouble: the next of them tries.
    this.#filling?.abandon();
    this.#reply.failed(failure);
  }

  late(): void {
    const substitute = this.#substitute();
    if (substitute === null) {
      this.#reply.late();
      return;
    }
    this.#leg?.abandon();
    this.#standIn(substitute, 'deadline-exceeded');
  }

  /** What may be given in the place of a failure: what lay there when the upstream was asked may have been withdrawn since. */
  #substitute(): CachedReply | null {
    if (this.#stale === null) return null;
    const found = this.#find();
    return 'stored' in found && this.#mayStandIn(found.stored) ? found.stored : null;
  }

  /** Whether what is stored answers in the place of a reply with this head. */
  #standsIn(head: ReplyHead): boolean {
    const stale = this.#stale;
    if (stale === null) return false;
    if (head.status === 304 && this.#filling !== null) {
      this.#leg?.abandon();
      this.#revalidated(head, stale, this.#filling);
      return true;
    }
    const substitute = isUpstreamFailure(head.status) ? this.#substitute() : null;
    if (substitute === null) return false;
    this.#leg?.abandon();
    this.#standIn(substitute, null);
    return true;
  }

  #standIn(substitute: CachedReply, detail: string | null): void {
    letRest(substitute, this.#now());
    this.#filling?.failed();
    this.#serve(substitute, { ...this.#said, fwdStatus: this.status, detail }, 'stale');
  }

  #revalidated(head: ReplyHead, stale: CachedReply, filling: CacheFilling): void {
    const updated = filling.revalidated(head, stale);
    if (updated !== null) {
      this.#serve(updated, { ...this.#said, fwdStatus: 304 }, 'revalidated');
      return;
    }
    // It spoke of something else than was asked about: all of it is asked for.
    filling.abandon();
    for (const [name] of validators(stale)) this.#walk.edits.removeHeader(name);
    this.#stale = null;
    this.#fetch(false);
  }

  /** A reply comes that is passed on: says what the cache made of it. */
  #fill(head: ReplyHead): void {
    const why = this.#filling === null ? null : this.#filling.head(head);
    this.#countAsked();
    const stored = this.#filling !== null && why === null;
    const detail = why ?? this.#said.detail ?? null;
    const fwdStatus = this.#stale === null ? null : head.status;
    this.#say({ ...this.#said, stored, detail, fwdStatus });
  }

  #say(status: CacheStatus): void {
    this.#reply.say([CACHE_STATUS, this.#text(status)]);
  }

  #serve(stored: CachedReply, status: CacheStatus, result: 'hit' | 'stale' | 'revalidated'): void {
    const { request } = this.#place;
    const { plan } = this.#walk;
    const now = this.#now();
    this.#over = true;
    this.#count(result);
    const ttlSeconds = Math.floor((stored.usage.freshUntilMs - now) / 1_000);
    const added = ['age', String(ageSeconds(stored, now)), CACHE_STATUS, this.#text({ ...status, ttlSeconds })];
    this.#reply.say(added);
    // Whoever reads bodies must see all that a client is told it has.
    if (!plan.respond.reads.whole && isNotModified(request, stored)) {
      this.#reply.whole(stored.head.notModified(), '');
      return;
    }
    const { body, head } = stored;
    this.#reply.whole(head.whole(body.length), request.method === 'HEAD' ? '' : body);
  }

  #text(status: CacheStatus): string {
    return writeCacheStatus(NAME, this.#collapsed ? { ...status, collapsed: true } : status);
  }

  /** The upstream was asked. */
  #countAsked(): void {
    this.#count(this.#said.fwd === 'bypass' ? 'bypass' : 'miss');
  }

  #count(result: CacheResult): void {
    this.#walk.context.ports.metrics.cache.asked(this.#walk.compiled.api.name, result);
  }

  #now(): number {
    return this.#walk.moment();
  }

  sendPieces(): boolean {
    return true;
  }

  sendEnd(): void {}

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leg?.abandon();
    this.#filling?.abandon();
    if (this.#waiting !== null && this.#flight !== null) this.#place.cache.flights.leave(this.#flight, this);
  }

  linger(): void {}

  resume(): void {
    this.#filling?.resume();
    this.#leg?.resume();
  }

  allowIdle(idleMs: number): void {
    this.#leg?.allowIdle(idleMs);
  }
}
