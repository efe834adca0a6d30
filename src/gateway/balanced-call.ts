import type { Entry, Picker } from '../balance/index.ts';
import type {
  CallClient,
  HeaderFields,
  OutgoingRequest,
  ReplyHead,
  TunnelEnds,
  TunnelSide,
  Upstream,
  UpstreamCall,
  UpstreamEvents,
  UpstreamFailure,
  WholeBody,
} from '../wire/index.ts';

/** A target with what carries requests there. */
export interface Endpoint extends Entry {
  /** Its name as a Host field says it. */
  readonly authority: string;
  readonly upstream: Upstream;
}

/** Hears how each try at a target ended. Times are of the monotonic clock, in milliseconds. */
export interface TargetWatch {
  /** The head of a reply came. */
  succeeded(endpoint: Endpoint, status: number, nowMs: number): void;
  failed(endpoint: Endpoint, failure: UpstreamFailure, nowMs: number): void;
}

/** What the calls of one balancer work with. */
export interface BalancedCallHost {
  readonly picker: Picker<Endpoint>;
  readonly watch: TargetWatch | null;
  monotonic(): number;
}

/** One client's request on its way to one of several targets: what the target says goes on to whoever called. */
export class BalancedCall implements UpstreamCall, UpstreamEvents {
  readonly #host: BalancedCallHost;
  readonly #events: UpstreamEvents;
  readonly #endpoint: Endpoint;
  readonly #startedMs: number;
  readonly #call: UpstreamCall;
  #over = false;
  /** From its begin to the head of the reply; null before that. */
  #headMs: number | null = null;

  constructor(
    host: BalancedCallHost,
    endpoint: Endpoint,
    sent: { readonly request: OutgoingRequest; readonly client: CallClient; readonly atMs: number },
    events: UpstreamEvents,
  ) {
    this.#host = host;
    this.#events = events;
    this.#endpoint = endpoint;
    this.#startedMs = sent.atMs;
    sent.request.authority = endpoint.authority;
    host.picker.begun(endpoint);
    this.#call = endpoint.upstream.call(sent.request, this, sent.client, sent.atMs);
  }

  write(pieces: readonly Buffer[]): boolean {
    return this.#call.write(pieces);
  }

  finish(): void {
    this.#call.finish();
  }

  resume(): void {
    this.#call.resume();
  }

  allowIdle(idleMs: number): void {
    this.#call.allowIdle(idleMs);
  }

  abort(): void {
    this.#end(this.#host.monotonic());
    this.#call.abort();
  }

  interim(status: number, fields: HeaderFields): void {
    this.#events.interim(status, fields);
  }

  whole(head: ReplyHead, body: WholeBody, atMs: number): void {
    this.#headCame(head.status, atMs);
    this.#end(atMs);
    this.#events.whole(head, body, atMs);
  }

  /** A tunnel says nothing of its end here: it counts as over once it stands. */
  switched(head: ReplyHead, side: TunnelSide): TunnelEnds {
    const nowMs = this.#host.monotonic();
    this.#headCame(head.status, nowMs);
    this.#end(nowMs);
    return this.#events.switched(head, side);
  }

  head(head: ReplyHead): void {
    this.#headCame(head.status, this.#host.monotonic());
    this.#events.head(head);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    return this.#events.pieces(pieces);
  }

  end(trailers?: HeaderFields): void {
    this.#end(this.#host.monotonic());
    this.#events.end(trailers);
  }

  failed(failure: UpstreamFailure): void {
    const nowMs = this.#host.monotonic();
    this.#end(nowMs);
    this.#host.watch?.failed(this.#endpoint, failure, nowMs);
    this.#events.failed(failure);
  }

  drained(): void {
    this.#events.drained();
  }

  #headCame(status: number, nowMs: number): void {
    this.#headMs = nowMs - this.#startedMs;
    this.#host.watch?.succeeded(this.#endpoint, status, nowMs);
  }

  #end(nowMs: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.picker.ended(this.#endpoint, this.#headMs, nowMs);
  }
}
