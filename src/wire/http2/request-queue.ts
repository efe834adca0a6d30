import type { ProblemCode } from '../../base/index.ts';
import type { Peer } from '../message.ts';
import type { ServerHandler } from '../server.ts';
import type { Http2Exchange } from './http2-exchange.ts';

/** What the queue is built from. */
export interface RequestQueueOptions {
  readonly peer: Peer;
  readonly handler: ServerHandler;
  /** Whether a stream has not ended since it was added. */
  readonly isOpen: (stream: Http2Exchange) => boolean;
  /** Whether so much waits to be sent to this client that nothing is to be added to it. */
  readonly isFull: () => boolean;
}

/**
 * The requests of one connection that the handler does not know of yet. They go to it at the end of the event loop's turn,
 * in the order of their streams; those that were reset meanwhile never do. A request whose meaning depends on whether it
 * has a body waits for the first of that, and all of them for a client that takes what it is sent. There are never more
 * than streams may be open, and those that were reset in one turn.
 */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  #streams: Http2Exchange[] = [];
  #spare: Http2Exchange[] = [];
  readonly #refusals = new Map<Http2Exchange, ProblemCode>();
  #lastHandedOver = 0;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** The newest stream of which the handler knows; 0 before the first. */
  get lastHandedOver(): number {
    return this.#lastHandedOver;
  }

  get isEmpty(): boolean {
    return this.#streams.length === 0;
  }

  /** Adds a stream that was just opened. */
  add(stream: Http2Exchange): void {
    this.#streams.push(stream);
  }

  /** Has a stream that is here refused in place of being handed over. False where it is not here. */
  refuse(stream: Http2Exchange, code: ProblemCode): boolean {
    if (!this.#streams.includes(stream)) return false;
    if (!this.#refusals.has(stream)) this.#refusals.set(stream, code);
    return true;
  }

  /** Has a stream recorded that is here and about to be reset, since its message is malformed: the handler will know of it in no other way. */
  record(stream: Http2Exchange, code: ProblemCode): void {
    const { handler, peer } = this.#options;
    if (this.#streams.includes(stream)) handler.refused(this.#refusals.get(stream) ?? code, peer, false);
  }

  /**
   * Hands over whatever may be, or nothing where `pauses`; what has ended is forgotten in either case. The handler may do
   * anything meanwhile but add to the queue.
   */
  handOver(pauses = false): void {
    const { isOpen, isFull } = this.#options;
    const streams = this.#streams;
    this.#streams = this.#spare;
    for (const stream of streams) {
      if (!isOpen(stream)) this.#refusals.delete(stream);
      else if (pauses || isFull() || (stream.waits && !this.#refusals.has(stream))) this.#streams.push(stream);
      else this.#handOver(stream);
    }
    streams.length = 0;
    this.#spare = streams;
  }

  #handOver(stream: Http2Exchange): void {
    const { handler, peer } = this.#options;
    this.#lastHandedOver = Math.max(this.#lastHandedOver, stream.id);
    const refusal = this.#refusals.get(stream);
    if (refusal === undefined) {
      stream.handOver(handler);
      return;
    }
    this.#refusals.delete(stream);
    const { head, body } = handler.refused(refusal, peer, stream.head.method !== 'HEAD');
    stream.send(head, body);
  }
}
