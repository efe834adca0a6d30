import type { CallClient, OutgoingRequest, UpstreamCall, UpstreamEvents } from '../wire/index.ts';

/** What is left of a request's time, for whoever sends it, perhaps more than once. */
export interface RequestDeadline {
  /** When the gateway gives up by its own word, of the monotonic clock; infinite where only the client names an end. */
  readonly atMs: number;
  /** The field lines of the request as they are at this moment. */
  linesAt(nowMs: number): string;
}

/** A request with what says which of its upstream's targets it goes to. */
export interface RoutedRequest extends OutgoingRequest {
  /** 32 bits of what the upstream's rule hashes; 0 where it hashes nothing. */
  readonly hash: number;
  /** Whether it goes to the upstream's canary, where that has one. */
  readonly toCanary: boolean;
  /** Null where it has none. */
  readonly deadline: RequestDeadline | null;
}

/** Whatever carries requests to an upstream. */
export interface UpstreamCaller {
  /** As `Upstream.waitingShare`. */
  waitingShare(client: CallClient): number;
  /** As `Upstream.call`. */
  call(request: RoutedRequest, events: UpstreamEvents, client: CallClient, atMs?: number): UpstreamCall;
}
