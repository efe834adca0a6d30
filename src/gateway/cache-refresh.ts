import { isUpstreamFailure, refusalOfRequest, type Stored, type Waiter } from '../cache/index.ts';
import type { ReplyHead, UpstreamFailure, WholeBody } from '../wire/index.ts';
import { type CacheFilling, type CachePlace, fillingFor, letRest } from './cache-filling.ts';
import type { CachedHead } from './cached-head.ts';
import { reportFailure } from './faults.ts';
import { Leg } from './leg.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { Walk } from './walk.ts';

/** Who leads is told nothing. */
const NOT_WAITING: Waiter = { told() {} };

/**
 * Fetches anew what was served stale (RFC 5861 §3): the request that was judged and answered goes upstream once more, and
 * its reply to nobody but the cache. There is one at a time for each reply, and the upstream's time limits hold.
 */
export class CacheRefresh implements ReplyTaker {
  readonly #walk: Walk;
  readonly #stale: Stored<CachedHead>;
  readonly #filling: CacheFilling;
  readonly #leg: Leg;

  private constructor(walk: Walk, place: CachePlace, stale: Stored<CachedHead>, flight: string) {
    this.#walk = walk;
    this.#stale = stale;
    this.#filling = fillingFor(walk, place, stale, { flight, leads: true });
    this.#leg = new Leg(walk, this);
  }

  /** Begins one before the walk is answered, where none is under way and the upstream has not failed just now. */
  static begin(walk: Walk, place: CachePlace, stale: Stored<CachedHead>): void {
    const { flights, replies } = place.cache;
    const now = walk.moment();
    if (stale.head.restsUntilMs > now) return;
    const why = refusalOfRequest(place.request);
    // Nothing comes of those for the cache, and the next who asks fetches it. HEAD may tell that what is stored holds.
    if (why !== null && why !== 'method') return;
    const flight = replies.flightKey(place.key, place.request);
    if (flights.isFlying(flight)) return;
    // Nobody waits for it but those who come when nothing stale may be served any more.
    if (flights.join(flight, NOT_WAITING, now) === 'lead') new CacheRefresh(walk, place, stale, flight).#leg.start();
  }

  hints(): void {}

  whole(head: ReplyHead, body: WholeBody): void {
    this.head(head);
    this.#filling.write(body);
    this.#filling.finish();
  }

  head(head: ReplyHead): void {
    if (head.status === 304) {
      this.#leg.abandon();
      if (this.#filling.revalidated(head, this.#stale) === null) this.#filling.failed();
    } else if (isUpstreamFailure(head.status)) {
      this.#leg.abandon();
      this.#fail();
    } else if (this.#filling.head(head) !== null) this.#leg.abandon();
  }

  pieces(pieces: readonly Buffer[]): boolean {
    for (const piece of pieces) this.#filling.write(piece);
    if (this.#filling.isOver) this.#leg.abandon();
    return true;
  }

  end(): void {
    this.#filling.finish();
  }

  failed(failure: UpstreamFailure): void {
    reportFailure(this.#walk, failure);
    this.#fail();
  }

  late(): void {
    this.#leg.abandon();
    this.#fail();
  }

  switched(): void {
    this.#leg.abandon();
    this.#fail();
  }

  #fail(): void {
    letRest(this.#stale, this.#walk.context.ports.clock.monotonic());
    this.#filling.failed();
  }
}
