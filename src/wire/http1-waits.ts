import { Pace } from './pace.ts';
import type { ServerBounds } from './server.ts';
import { type Sending, WriteWatch } from './write-watch.ts';

/** When no further request is taken, one that may be on its way still has this long to come. */
const DRAIN_IDLE_MS = 500;

/** What a connection that waits for a request shows of itself. */
export interface IdleSight {
  /** Bytes of a head have come. */
  readonly begun: boolean;
  /** No request was read yet. */
  readonly isFirst: boolean;
  /** It takes no further request. */
  readonly drains: boolean;
}

/**
 * Holds the waits of one HTTP/1.1 connection to their bounds by looking at them about twice a second: for a request, for
 * its body, and for the client to take what is sent. Times in milliseconds of the monotonic clock.
 */
export class Http1Waits {
  readonly #bounds: ServerBounds;
  /** The pace of the present body. */
  readonly #pace: Pace;
  readonly #writes: WriteWatch;
  /** A number from the start, so that V8 writes the next one in its place. */
  #since = 0;

  constructor(bounds: ServerBounds, now: number) {
    this.#bounds = bounds;
    this.#pace = new Pace(bounds, 0, now);
    this.#writes = new WriteWatch(bounds, now);
    this.#since = now;
  }

  /** When the present wait for a request, or for the rest of one, began. */
  get sinceMs(): number {
    return this.#since;
  }

  /** A wait for a request begins, or for the rest of one. */
  begin(now: number): void {
    this.#since = now;
  }

  /** A body begins, with a grace of its own. */
  beginBody(now: number): void {
    this.#pace.begin(0, now);
  }

  /** Up to now nobody has waited for the body. */
  restBody(now: number): void {
    this.#pace.rest(now);
  }

  /** The wait for a request: `slow-head` where its head takes too long, `idle` where none comes, null while it may last. */
  judgeIdle(now: number, { begun, isFirst, drains }: IdleSight): 'slow-head' | 'idle' | null {
    const { headMs, keepAliveMs } = this.#bounds;
    const waitedMs = now - this.#since;
    if (begun) return waitedMs > headMs ? 'slow-head' : null;
    if (drains) return waitedMs >= DRAIN_IDLE_MS ? 'idle' : null;
    return waitedMs > (isFirst ? headMs : keepAliveMs) ? 'idle' : null;
  }

  /**
   * Whether the body is given up. `waits`: whether it is the client that lets us wait; only that counts, since a handler
   * that pauses is not the client's fault.
   */
  isBodyTooSlow(receivedBytes: number, waits: boolean, now: number): boolean {
    return this.#pace.isTooSlow(receivedBytes, waits, now);
  }

  /** The client has just closed its side: what is sent soon is still sent. */
  closedSide(now: number): void {
    this.#writes.closedSide(now);
  }

  /**
   * Whether a client is given up that takes nothing or too little; or, where `onlySends`, one that has closed its side and
   * is sent nothing for a moment: it has most likely gone.
   */
  isWriteOver(now: number, sending: Sending, onlySends: boolean): boolean {
    return this.#writes.isOver(now, sending, onlySends);
  }
}
