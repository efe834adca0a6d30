import type { ParsedBody } from '../body/index.ts';
import type { CleanedParts, GrpcStatus, Problem, ProblemCode, RecordedVerdict } from '../base/index.ts';
import type { CanonicalRequest, HeaderMap } from '../wire/index.ts';
import type { Operation } from './operation.ts';
import type { Principal } from './principal.ts';

/** A place for a kind's own data on each exchange; made once with `createSlot`, compared by identity. */
export interface Slot<T> {
  readonly name: string;
  /** Counts all slots of this thread from 0, so that an exchange may keep their values in a list. */
  readonly number: number;
  readonly initial: () => T;
}

let slots = 0;

/**
 * Makes a slot; `initial` gives its value, never null, on an exchange that has not used it yet. It is for modules as they
 * are loaded: slots made while requests run would make the lists of values grow without end.
 */
export function createSlot<T>(name: string, initial: () => T): Slot<T> {
  return { name, number: slots++, initial };
}

/** What a body looks like to a step that asked for it with `reads`. */
export interface BodyViews {
  /** A bounded copy of what has passed so far, coded where it came so; it never delays the body. */
  readonly tap: { readonly bytes: Uint8Array; readonly totalBytes: number; readonly truncated: boolean };
  /**
   * The first 64 KiB of a reply's body, decoded as far as that can be done, or what has come of it within half a second;
   * for a step of `respond` only. Whatever follows waits, and is not even heard where the step replaces the body.
   */
  readonly start: {
    readonly bytes: Uint8Array;
    /** Whether that is all of the body. */
    readonly whole: boolean;
    /** Whether it is in a coding that could not be undone: then `bytes` are coded. */
    readonly coded: boolean;
  };
  /** The body read once, by the one parser. */
  readonly parsed: ParsedBody;
  /** The whole body as it will be forwarded: as it came, but for a content coding, which has been undone. */
  readonly raw: Uint8Array;
}

/** A way to look at a body; `none` leaves it streaming unseen. */
export type BodyUse = 'none' | keyof BodyViews;

/** One request on its way through. A step may ask for a body only in the way its `reads` said, else it throws. */
export interface Exchange {
  readonly id: string;
  readonly request: CanonicalRequest;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly principal: Principal | null;
  /** Wall time at which the head was whole, in milliseconds. */
  readonly startedAtMs: number;
  /** Monotonic time in milliseconds: when the head came, where nothing has been waited for since, else now. */
  moment(): number;
  /** The exchange's own value of a slot; the same object each time. */
  slot<T>(slot: Slot<T>): T;
  body<U extends keyof BodyViews>(use: U): BodyViews[U];
}

/** What `transform` may do to the request that goes upstream. Framing and hop-by-hop fields are out of its reach. */
export interface RequestEditor {
  setHeader(name: string, value: string): void;
  appendHeader(name: string, value: string): void;
  removeHeader(name: string): void;
  /** Another path, behind the upstream's own prefix. It must be in canonical form. */
  setPath(path: string): void;
  /** Another query; null for none. It must be in canonical form. */
  setQuery(query: string | null): void;
  /** What the upstream hears as Host, with a port where one is meant. It must be in canonical form. */
  setHost(host: string): void;
}

/** The head of a reply. */
export interface RepliedHead {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly source: 'upstream' | 'gateway';
}

/** The reply as the upstream, or the gateway itself, gave it. */
export interface ReplyView extends RepliedHead {
  body<U extends keyof BodyViews>(use: U): BodyViews[U];
}

/** What `respond` may do to a reply. `replaceBody` needs a step that reads the body, or its start. */
export interface ResponseEditor {
  setHeader(name: string, value: string): void;
  appendHeader(name: string, value: string): void;
  removeHeader(name: string): void;
  /** `originalHash`: the SHA-256 of what was kept of the former body, in hexadecimal, for the record. */
  replaceBody(bytes: Uint8Array, originalHash?: string): void;
}

/** How an exchange ended, for `record`. */
export interface Outcome {
  readonly verdict: RecordedVerdict;
  readonly problem: Problem | null;
  readonly problemCode: ProblemCode | null;
  readonly policy: string | null;
  readonly rule: string | null;
  readonly status: number;
  readonly upstreamStatus: number | null;
  readonly requestBytes: number;
  /** Bytes of body sent to the client. */
  readonly responseBytes: number;
  readonly durationUs: number;
  readonly upstreamUs: number | null;
  /** What a call of gRPC ended with for its client; null where it is none. */
  readonly grpcStatus: GrpcStatus | null;
  /** The SHA-256 of what was kept of an upstream's reply that was replaced, in hexadecimal; null where nothing was. */
  readonly originalHash: string | null;
  /** What of the request was cleaned, with the SHA-256 of its body as it came where that was; null where nothing was. */
  readonly cleaned: { readonly what: CleanedParts; readonly receivedHash: string | null } | null;
  /** False where either side left before the reply was whole. */
  readonly complete: boolean;
}
