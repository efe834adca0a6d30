import { Pace } from './pace.ts';
import type { ServerBounds } from './server.ts';

/** A client that has closed its side gets what is being sent; when nothing is for this long, it is taken to have gone. */
const SILENCE_MS = 500;

/** What a connection has sent. */
export interface Sending {
  /** Bytes that wait to be sent, and those that the system has taken so far. */
  readonly waiting: number;
  readonly flushed: number;
}

/** Watches whether a client takes what is sent to it, by looking about twice a second. */
export class WriteWatch {
  readonly #pace: Pace;
  #flushed = 0;
  #flushedAt: number;

  constructor(bounds: ServerBounds, now: number) {
    // A system takes much at once and tells little of when its client took it: hence no shorter grace.
    this.#pace = new Pace({ ...bounds, bodyGraceMs: bounds.idleMs }, 0, now);
    this.#flushedAt = now;
  }

  /** The client has just closed its side: what is sent soon is still sent. */
  closedSide(now: number): void {
    this.#flushedAt = now;
  }

  /** Whether the client is to be given up: it takes nothing, or too little; or, where `onlySends`, nothing is sent any more. */
  isOver(now: number, { waiting, flushed }: Sending, onlySends: boolean): boolean {
    if (flushed !== this.#flushed || !onlySends) {
      this.#flushed = flushed;
      this.#flushedAt = now;
    }
    if (waiting > 0) return this.#pace.isTooSlow(flushed, true, now);
    this.#pace.begin(flushed, now);
    return onlySends && now - this.#flushedAt >= SILENCE_MS;
  }
}
