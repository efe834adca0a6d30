import { type Entry, isFailureStatus, type Picker } from '../balance/index.ts';
import type { RetryCause } from '../config/compiled.ts';
import type { Timer } from '../ports/index.ts';
import {
  type CallClient,
  type HeaderFields,
  isGrpcType,
  type ReplyHead,
  type TunnelEnds,
  type TunnelSide,
  type Upstream,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
  type WholeBody,
} from '../wire/index.ts';
import type { Failing } from './failing.ts';
import { KeptBody } from './kept-body.ts';
import type { RoutedRequest } from './upstream-caller.ts';

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
  /** The reply is whole, or has become a tunnel. */
  completed(endpoint: Endpoint, status: number, nowMs: number): void;
  /** Before the head of a reply, or behind it. */
  failed(endpoint: Endpoint, failure: UpstreamFailure, nowMs: number): void;
}

/** What the calls of one balancer work with. */
export interface BalancedCallHost {
  readonly picker: Picker<Endpoint>;
  readonly watch: TargetWatch;
  readonly failing: Failing;
  monotonic(): number;
}

/** What is sent, for whom and when. */
export interface Sent {
  readonly request: RoutedRequest;
  readonly client: CallClient;
  readonly atMs: number;
  /** What the breaker gave; 0 where there is none. */
  readonly period: number;
}

/** What is known of a request that is sent again. */
interface Again {
  count: number;
  /** Why it is sent now; null where what came of that is counted. */
  cause: RetryCause | null;
  /** Those that have failed, until all have. */
  tried: readonly Endpoint[];
  next: Endpoint | null;
  pauseMs: number;
  timer: Timer | null;
  /** What is told where no other try comes about. */
  failure: UpstreamFailure;
}

/** What is told where every target is left out. */
export const UNAVAILABLE: UpstreamFailure = { code: 'upstream-unavailable', detail: 'no target can be asked' };
const UNANSWERED: UpstreamFailure = { code: 'upstream-timeout', detail: 'no reply by the deadline' };
const NONE: readonly Endpoint[] = [];

/**
 * One client's request on its way to one of several targets: what the target says goes on to whoever called. Where it
 * fails before the head of a reply, and may be sent again, another target is asked, and nobody hears of the first.
 */
export class BalancedCall implements UpstreamCall, UpstreamEvents {
  readonly #host: BalancedCallHost;
  readonly #events: UpstreamEvents;
  readonly #request: RoutedRequest;
  readonly #client: CallClient;
  #endpoint: Endpoint;
  /** Of the present try, as the next four. */
  #startedMs: number;
  #period: number;
  /** Null while the next try is waited for. */
  #call: UpstreamCall | null;
  #over = false;
  /** From its begin to the head of the reply; null before that. */
  #headMs: number | null = null;
  #status = 0;
  #again: Again | null = null;
  #body: KeptBody | null = null;
  #finished = false;

  constructor(host: BalancedCallHost, endpoint: Endpoint, sent: Sent, events: UpstreamEvents) {
    this.#host = host;
    this.#events = events;
    this.#request = sent.request;
    this.#client = sent.client;
    this.#endpoint = endpoint;
    this.#startedMs = sent.atMs;
    this.#period = sent.period;
    sent.request.authority = endpoint.authority;
    host.picker.begun(endpoint);
    this.#call = endpoint.upstream.call(sent.request, this, sent.client, sent.atMs);
  }

  write(pieces: readonly Buffer[]): boolean {
    const { retries } = this.#host.failing;
    if (retries !== null && this.#headMs === null)
      (this.#body ??= new KeptBody(retries.kept)).add(pieces, this.#call === null);
    if (this.#call === null) return false;
    const more = this.#call.write(pieces);
    if (more) this.#taken();
    return more;
  }

  finish(): void {
    this.#finished = true;
    this.#call?.finish();
  }

  resume(): void {
    this.#call?.resume();
  }

  /** What stands has the head of its reply, and is sent no more; a stream of gRPC may stand still before it too. */
  allowIdle(idleMs: number): void {
    this.#call?.allowIdle(idleMs);
  }

  abort(): void {
    const nowMs = this.#host.monotonic();
    this.#body?.drop();
    this.#again?.timer?.cancel();
    if (this.#call === null) this.#count('left');
    else if (!this.#over && this.#headMs === null) this.#left(nowMs);
    this.#end(nowMs);
    this.#call?.abort();
  }

  interim(status: number, fields: HeaderFields): void {
    this.#events.interim(status, fields);
  }

  whole(head: ReplyHead, body: WholeBody, atMs: number): void {
    this.#headCame(head, atMs);
    this.#complete(atMs);
    if (this.#isRefused(head.status, atMs)) this.#sendAgain(atMs);
    else {
      this.#body?.drop();
      this.#events.whole(head, body, atMs);
    }
  }

  /** A tunnel says nothing of its end here: it counts as over once it stands. */
  switched(head: ReplyHead, side: TunnelSide): TunnelEnds {
    const nowMs = this.#host.monotonic();
    this.#headCame(head, nowMs);
    this.#complete(nowMs);
    return this.#events.switched(head, side);
  }

  head(head: ReplyHead): void {
    const nowMs = this.#host.monotonic();
    this.#headCame(head, nowMs);
    if (!this.#isRefused(head.status, nowMs)) {
      this.#body?.drop();
      this.#events.head(head);
      return;
    }
    this.#end(nowMs);
    this.#call?.abort();
    this.#sendAgain(nowMs);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    return this.#events.pieces(pieces);
  }

  end(trailers?: HeaderFields): void {
    this.#complete(this.#host.monotonic());
    this.#events.end(trailers);
  }

  failed(failure: UpstreamFailure): void {
    const { failing, watch } = this.#host;
    const { breaker, retries } = failing;
    const nowMs = this.#host.monotonic();
    const isEarly = this.#headMs === null;
    this.#end(nowMs, failure.code === UNANSWERED.code);
    watch.failed(this.#endpoint, failure, nowMs);
    if (isEarly) {
      breaker?.failed(this.#period, failure, nowMs);
      this.#count('failed');
    }
    const cause = isEarly && retries !== null ? retries.causeOf(failure, this.#request) : null;
    if (cause !== null && this.#mayAgain(cause, failure, nowMs)) this.#sendAgain(nowMs);
    else {
      this.#body?.drop();
      this.#events.failed(failure);
    }
  }

  drained(): void {
    this.#taken();
    this.#events.drained();
  }

  /** What was written is with the target: for some requests that is the end of what may be sent again. */
  #taken(): void {
    if (this.#body !== null && this.#host.failing.retries?.keepsSent(this.#request) === false) this.#body.drop();
  }

  #headCame(head: ReplyHead, nowMs: number): void {
    const status = statusOf(head);
    this.#headMs = nowMs - this.#startedMs;
    this.#status = status;
    this.#host.watch.succeeded(this.#endpoint, status, nowMs);
    this.#host.failing.breaker?.answered(this.#period, status, nowMs);
    this.#count(isFailureStatus(status) ? 'failed' : 'answered');
  }

  #complete(nowMs: number): void {
    this.#end(nowMs);
    this.#host.watch.completed(this.#endpoint, this.#status, nowMs);
  }

  /** It is given up before a reply. By its deadline, which says something of the target; or by its client, which does not. */
  #left(nowMs: number): void {
    const { failing, watch } = this.#host;
    const { breaker } = failing;
    const { deadline, framing } = this.#request;
    const isSent = this.#finished || framing.kind === 'none';
    // Timers may be early by less than their clock tells.
    if (isSent && deadline !== null && nowMs + 1 >= deadline.atMs) {
      this.#end(nowMs, true);
      watch.failed(this.#endpoint, UNANSWERED, nowMs);
      breaker?.failed(this.#period, UNANSWERED, nowMs);
      this.#count('failed');
      return;
    }
    breaker?.left(this.#period, nowMs);
    this.#count('left');
  }

  /** `isUnanswered`: no reply came in time, which says how slow the target is at least. */
  #end(nowMs: number, isUnanswered = false): void {
    if (this.#over) return;
    this.#over = true;
    const elapsedMs = this.#headMs ?? (isUnanswered ? nowMs - this.#startedMs : null);
    this.#host.picker.ended(this.#endpoint, elapsedMs, nowMs);
  }

  /** Counts what became of a retry, once. */
  #count(outcome: 'answered' | 'failed' | 'left'): void {
    const cause = this.#again?.cause ?? null;
    if (this.#again === null || cause === null) return;
    this.#again.cause = null;
    this.#host.failing.retries?.ended(cause, outcome);
  }

  /** Whether a reply of this status is not passed on, and the request sent again. */
  #isRefused(status: number, nowMs: number): boolean {
    const cause = this.#host.failing.retries?.causeOfStatus(status, this.#request) ?? null;
    return cause !== null && this.#mayAgain(cause, null, nowMs);
  }

  /** Whether it is sent again: then where to, and when, is known. */
  #mayAgain(cause: RetryCause, failure: UpstreamFailure | null, nowMs: number): boolean {
    const { failing, picker } = this.#host;
    const { breaker, retries } = failing;
    const count = (this.#again?.count ?? 0) + 1;
    const isKept = this.#body === null || this.#body.isWhole;
    if (retries === null || count > retries.attempts || !isKept || breaker?.isClosed === false) return false;
    const { hash, deadline } = this.#request;
    let tried: readonly Endpoint[] = [...(this.#again?.tried ?? NONE), this.#endpoint];
    let next = picker.pick(hash, tried);
    let pauseMs = 0;
    if (next === null) {
      // What is full here will be so in a moment too.
      if (failure?.code === 'upstream-overloaded') return false;
      tried = NONE;
      next = picker.pick(hash, tried);
      pauseMs = retries.pauseMs(count);
    }
    if (next === null || (deadline !== null && nowMs + pauseMs >= deadline.atMs)) return false;
    if (!retries.take(cause, nowMs)) return false;
    retries.tell(cause, this.#endpoint.name, failure ?? { code: 'upstream-unavailable', detail: `status ${cause}` });
    this.#again = { count, cause, tried, next, pauseMs, timer: null, failure: failure ?? UNAVAILABLE };
    return true;
  }

  #sendAgain(nowMs: number): void {
    const again = this.#again as Again;
    const { next, pauseMs } = again;
    this.#headMs = null;
    this.#call = null;
    if (next !== null && pauseMs === 0) this.#send(next, nowMs);
    else again.timer = this.#host.failing.retries?.after(pauseMs, () => this.#sendLater()) ?? null;
  }

  /** The pause is over; by now other targets may be left out. */
  #sendLater(): void {
    const { failing, picker } = this.#host;
    const next = failing.breaker?.isClosed === false ? null : picker.pick(this.#request.hash, NONE);
    if (next !== null) {
      this.#send(next, this.#host.monotonic());
      return;
    }
    this.#count('failed');
    this.#body?.drop();
    this.#events.failed(this.#again?.failure ?? UNAVAILABLE);
  }

  #send(next: Endpoint, nowMs: number): void {
    const { failing, picker } = this.#host;
    const request = this.#request;
    this.#endpoint = next;
    this.#startedMs = nowMs;
    this.#over = false;
    // A breaker that is closed lets all through.
    this.#period = failing.breaker?.begin(nowMs) ?? 0;
    request.authority = next.authority;
    if (request.deadline !== null) request.lines = request.deadline.linesAt(nowMs);
    picker.begun(next);
    const call = next.upstream.call(request, this, this.#client, nowMs);
    this.#call = call;
    const pieces = this.#body === null ? [] : this.#body.pieces;
    const more = pieces.length === 0 || call.write(pieces);
    if (this.#finished) call.finish();
    // Whoever was asked to pause by the try before hears of this one's taking it.
    else if (more && request.framing.kind !== 'none') this.#events.drained();
  }
}

/** A reply's status, as it speaks of the target: a gRPC call that ends at once as UNAVAILABLE (14) is what 503 is. */
function statusOf({ status, fields }: ReplyHead): number {
  const isUnavailable = fields.get('grpc-status') === '14' && isGrpcType(fields.get('content-type'));
  return isUnavailable ? 503 : status;
}
