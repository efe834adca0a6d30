import { invalidates } from '../cache/index.ts';
import type { HeaderFields, ReplyHead, UpstreamFailure, WholeBody } from '../wire/index.ts';
import { placeOf } from './cache-request.ts';
import { CachedLeg } from './cached-leg.ts';
import { Leg } from './leg.ts';
import { PlaceMarks } from './place-marks.ts';
import type { ApiCache } from './reply-caches.ts';
import type { Reply } from './reply-passage.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { Tunnel } from './tunnel.ts';
import type { ReplySource, Walk } from './walk.ts';

/** What gives a walk its reply. Where its API stores none, that is the upstream alone. */
export function replySourceOf(walk: Walk, reply: Reply): ReplySource {
  const cache = walk.context.installed.caches[walk.compiled.api.index] ?? null;
  return cache === null ? new Leg(walk, reply) : sourceBeside(cache, walk, reply);
}

function sourceBeside(cache: ApiCache, walk: Walk, reply: Reply): ReplySource {
  const { compiled, request, stream } = walk;
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Leg(walk, new Invalidation(walk, reply, cache));
  const upgrades = compiled.websocket !== null && stream.upgrade !== null;
  if (compiled.cache === null || upgrades || stream.framing.kind !== 'none') return new Leg(walk, reply);
  return new CachedLeg(walk, reply, cache, compiled.cache);
}

/** Passes a reply on to a request that may change something, and has what is stored of its target forgotten (RFC 9111 §4.4). */
class Invalidation implements ReplyTaker {
  readonly #walk: Walk;
  readonly #reply: Reply;
  readonly #cache: ApiCache;
  #answered = false;

  constructor(walk: Walk, reply: Reply, cache: ApiCache) {
    this.#walk = walk;
    this.#reply = reply;
    this.#cache = cache;
  }

  /** Before the client hears of it, so that what it asks for next is new. `status` is null where nobody knows how it ended. */
  #ended(status: number | null): void {
    if (!invalidates(this.#walk.request.method, status)) return;
    const place = placeOf(this.#walk);
    this.#cache.marks.raise(PlaceMarks.of(place));
    this.#cache.replies.invalidate(place);
  }

  hints(links: readonly string[]): void {
    this.#reply.hints(links);
  }

  whole(head: ReplyHead, body: WholeBody): void {
    this.#ended(head.status);
    this.#reply.whole(head, body);
  }

  head(head: ReplyHead): void {
    this.#answered = true;
    this.#ended(head.status);
    this.#reply.head(head);
  }

  switched(head: ReplyHead, tunnel: Tunnel): void {
    this.#reply.switched(head, tunnel);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    return this.#reply.pieces(pieces);
  }

  end(trailers?: HeaderFields): void {
    this.#reply.end(trailers);
  }

  failed(failure: UpstreamFailure): void {
    this.#ended(null);
    this.#reply.failed(failure);
  }

  late(): void {
    this.#reply.late();
  }

  abandoned(): void {
    if (!this.#answered) this.#ended(null);
  }
}
