import type { ProblemCode } from '../base/index.ts';
import type { HeaderFields } from './header-fields.ts';
import type { WholeBody } from './message.ts';
import type { ReplyHead } from './reply-head.ts';
import type { TunnelEnds, TunnelSide } from './tunnel.ts';
import type { OutgoingRequest } from './write-head.ts';

/** Why an upstream gave no whole reply; the detail is for the log. */
export interface UpstreamFailure {
  readonly code: ProblemCode & `upstream-${string}`;
  readonly detail: string;
  /** The upstream has surely done nothing: nothing of the request was sent, or it says that it took none (RFC 9113 §8.7). */
  readonly unprocessed?: true;
  /** When it makes sense to come again, in whole seconds, where that is known. */
  readonly retryAfterS?: number;
}

/** What comes back from an upstream, never before `call` has returned. After `whole`, `end`, `failed` or `switched` nothing more comes. */
export interface UpstreamEvents {
  interim(status: number, fields: HeaderFields): void;
  /** A reply whose body was there whole with the last of its head, at this moment of the monotonic clock. */
  whole(head: ReplyHead, body: WholeBody, atMs: number): void;
  /** It has agreed to the upgrade that was asked for, as it must: gives who hears of its side from here on. */
  switched(head: ReplyHead, side: TunnelSide): TunnelEnds;
  /** The head, with a body to follow piece by piece. */
  head(head: ReplyHead): void;
  /** False asks for a pause until `resume`. */
  pieces(pieces: readonly Buffer[]): boolean;
  /** The reply is whole. Trailers come from upstreams over HTTP/2 only; they are sound, and nothing else is known of them. */
  end(trailers?: HeaderFields): void;
  /** Before `head` or after it; then what was passed on is not whole. */
  failed(failure: UpstreamFailure): void;
  /** What was written has gone out; writing may go on. */
  drained(): void;
}

/** One request on its way to an upstream. When the reply is over, what is still written is thrown away. */
export interface UpstreamCall {
  /** Sends body data; false asks for a pause until `drained`. */
  write(pieces: readonly Buffer[]): boolean;
  /** The request body is whole. */
  finish(): void;
  resume(): void;
  /** So long nothing may come between the bytes of the reply, in place of what holds for all calls. */
  allowIdle(idleMs: number): void;
  /** Gives the call up; no event comes any more and its connection is closed. */
  abort(): void;
}

/** A call with what the connection must know to carry it. */
export interface CallState {
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  /** Whether the request may be sent again on another connection: no body, and idempotent (RFC 9110 §9.2.2). */
  readonly replayable: boolean;
  /** How long nothing may come between the bytes of its reply, where that is not what holds for all. */
  readonly idleMs: number | null;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Whether a request of this method does the same sent twice as once (RFC 9110 §9.2.2). */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Whether a request may be sent again on another connection where no answer had begun: see `CallState`. */
export function isReplayable(request: OutgoingRequest): boolean {
  return request.framing.kind === 'none' && isIdempotent(request.method);
}

/** A failure of a request that has not gone out, or that the upstream says it has done nothing with. */
export function unprocessed(failure: UpstreamFailure): UpstreamFailure {
  return { ...failure, unprocessed: true };
}

/** Tells a call that its pool keeps of a failure, unless it is over: then nothing more comes. */
export function failCall(call: Pick<CallState, 'events'> & { over: boolean }, failure: UpstreamFailure): void {
  if (call.over) return;
  call.over = true;
  call.events.failed(failure);
}
