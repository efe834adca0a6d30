import type { CallClient } from './network-shares.ts';
import { type CallState, isReplayable, type UpstreamCall, type UpstreamEvents } from './upstream-call.ts';
import type { OutgoingRequest } from './write-head.ts';

/** What takes a call's body once its head has gone out: a connection over HTTP/1.1, a stream over HTTP/2. */
export interface CallCarrier {
  /** False asks for a pause until the call's `drained`. */
  write(pieces: readonly Buffer[]): boolean;
  /** The body is whole. */
  finish(): void;
  /** Goes on with the reply. */
  resume(): void;
}

/** A call as its pool keeps it: what is written before something carries it waits here, within one read's size. */
export class PooledCall<Connection, Carrier extends CallCarrier> implements UpstreamCall, CallState {
  idleMs: number | null = null;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  readonly client: CallClient;
  /** When it began to wait for a place. */
  sinceMs = 0;
  /** The connection that it was given to, and what there carries it; each null before that, and set by the pool. */
  connection: Connection | null = null;
  carrier: Carrier | null = null;
  /** It was sent before. */
  isRepeated = false;
  /** No event comes any more. */
  over = false;
  readonly #aborted: (call: PooledCall<Connection, Carrier>) => void;
  #early: Buffer[] | null = null;
  #finishedEarly = false;

  /** `aborted` is called once where the call is given up. */
  constructor(
    request: OutgoingRequest,
    events: UpstreamEvents,
    client: CallClient,
    aborted: (call: PooledCall<Connection, Carrier>) => void,
  ) {
    this.request = request;
    this.events = events;
    this.client = client;
    this.#aborted = aborted;
  }

  get replayable(): boolean {
    return isReplayable(this.request);
  }

  /** Its head has gone out: sends what was written too early. */
  begin(carrier: Carrier): void {
    const early = this.#early;
    this.#early = null;
    this.carrier = carrier;
    const more = early !== null && carrier.write(early);
    if (this.#finishedEarly) carrier.finish();
    else if (more && !this.over) this.events.drained();
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.over) return true;
    if (this.carrier !== null) return this.carrier.write(pieces);
    this.#early ??= [];
    for (const piece of pieces) this.#early.push(piece);
    return false;
  }

  finish(): void {
    if (this.over) return;
    if (this.carrier === null) this.#finishedEarly = true;
    else this.carrier.finish();
  }

  resume(): void {
    this.carrier?.resume();
  }

  allowIdle(idleMs: number): void {
    this.idleMs = idleMs;
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.#early = null;
    this.#aborted(this);
  }
}
