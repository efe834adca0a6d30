import type { ProblemCode } from '../base/index.ts';
import type { HeaderFields } from './header-fields.ts';
import type { Http2Bounds, Http2Fault } from './http2/protocol.ts';
import type { BodyFraming, CanonicalRequest, MemoryShare, Peer, WholeBody } from './message.ts';
import type { TunnelEnds, TunnelSide } from './tunnel.ts';
import type { UpgradeFault, UpgradeOffer } from './upgrade.ts';

/** A reply's head as it is sent. `fields` are passed on from an upstream; `added` are names and values in turn, names in lower case. */
export interface OutgoingHead {
  readonly status: number;
  readonly fields: HeaderFields | null;
  readonly added: readonly string[];
  /** How long the body is; for `none` on HEAD or 304 `announcedLength` may name what GET would have. */
  readonly framing: BodyFraming;
  readonly announcedLength: number | null;
  /**
   * Field lines ready to be sent behind `added`, as three texts that are whole lines together: up to the id's value (the
   * same for all replies of a second), the id, and what follows it (one of few texts). Each is '' where there is none.
   * Names are in lower case; nothing of them is checked again.
   */
  readonly opening: string;
  readonly requestId: string;
  readonly closing: string;
  /** Asks that no request follow on this HTTP/1.1 connection (see `problemCloses`); where framing demands that, it holds anyway. */
  readonly closes?: boolean;
  /**
   * Asks that no request follow over HTTP/2 either: what the session was begun with is none that counts. The client is told
   * behind the reply, and what is under way is taken (RFC 9113 §6.8).
   */
  readonly retires?: boolean;
}

/** The ready lines of a head whose fields all stand in `added`. */
export const NO_LINES = { opening: '', requestId: '', closing: '' } as const;

/** What happens to a request after it was handed over. All of it may come at any time until the reply is finished or cut. */
export interface ExchangeEvents {
  /** Pieces of the body, in order, all of one read; false asks for a pause until `resumeBody`. */
  pieces(pieces: readonly Buffer[]): boolean;
  /** The body is whole. */
  bodyEnd(): void;
  /** The body broke its framing, a bound or a time limit. If no reply has begun one may still be sent, and then the connection closes. */
  bodyFailed(code: ProblemCode): void;
  /** What was written has gone out; writing may go on. */
  drained(): void;
  /**
   * The client has left, or the connection was cut. Nothing can be sent any more. `code`: what was wrong with the rest of
   * the request, where it was that.
   */
  gone(code: ProblemCode | null): void;
}

/** What a handler keeps with a client's connection from one request to the next, for no other connection to see. */
export interface ConnectionMemo {
  kept: unknown;
}

/** One request being answered, whatever protocol carried it. */
export interface ServerExchange {
  readonly request: CanonicalRequest;
  readonly framing: BodyFraming;
  /** The same for all requests of one connection; not there where no connection stands behind it. */
  readonly memo?: ConnectionMemo;
  /** Bytes of body data received so far, or of what the client sent since it was switched. */
  readonly receivedBytes: number;
  /**
   * The upgrade that the request asks for, or what is wrong with it. It is read when somebody asks. Where there is one, no
   * request may follow any other reply than the switch: what the client sends ahead of that need be no request.
   */
  readonly upgrade: UpgradeOffer | UpgradeFault | null;
  /** The client takes any reply of success for the switch (RFC 8441 §5): no other may be given. */
  readonly mustSwitch: boolean;
  /** Set by the handler before it returns from `request`. */
  events: ExchangeEvents;
  /** Refuses to read more of the body than this. False when the announced length is more already. */
  limitBody(bytes: number): boolean;
  /**
   * Begins to read the body (answering `Expect: 100-continue`); until then none of it is taken from the client.
   * Over HTTP/2 it `mayStandStill`: no pace is asked of it. That the client is there at all is still looked at.
   */
  receive(mayStandStill?: boolean): void;
  resumeBody(): void;
  /** Passes an interim reply on (RFC 9110 §15.2), where the client can take one. */
  interim(status: number, added: readonly string[]): void;
  /** A whole reply, in one write where it is small. */
  send(head: OutgoingHead, body: WholeBody): void;
  /** A reply whose body follows piece by piece. */
  begin(head: OutgoingHead): void;
  /** False asks for a pause until `drained`. */
  write(piece: Buffer): boolean;
  /**
   * The reply is whole. `trailers` are names in lower case and values, in turn, and have been checked; HTTP/1.1 drops
   * them, as any recipient may (RFC 9110 §6.5.1), and so does a reply without a body.
   */
  finish(trailers?: readonly string[]): void;
  /**
   * Asks that no further request of the client's connection be begun for so long, once the reply is out: to be called
   * before the reply. Over HTTP/1.1 nothing more is read meanwhile; over HTTP/2 what has begun goes on. Where it ends the
   * connection this changes nothing.
   */
  hush(ms: number): void;
  /**
   * Agrees to the upgrade (101, or 200 over HTTP/2), in the place of a reply: `ends` hears of the client from here on, and
   * no event comes any more. Only where `upgrade` is an offer and no reply has begun.
   */
  switchTo(head: OutgoingHead, ends: TunnelEnds): TunnelSide;
  /** Ends the stream or connection so that the client can't take what it has for a whole reply. */
  cut(): void;
}

/** Answers requests. Neither method may throw. */
export interface ServerHandler {
  request(exchange: ServerExchange): void;
  /**
   * A request that could not be read: gives the reply to it. The connection closes behind it. `sendsBody`: whether the
   * body goes out, which it does not to HEAD, nor where a stream is only reset.
   */
  refused(code: ProblemCode, peer: Peer, sendsBody: boolean): { readonly head: OutgoingHead; readonly body: Buffer };
}

/** What a listener needs to speak HTTP/2. */
export interface Http2Offer {
  readonly bounds: Http2Bounds;
  /** What connections hold beyond what is theirs for nothing. */
  readonly memory: MemoryShare;
  /** Counts connections that speak it, and the streams that clients open. Must not throw. */
  counted(what: 'connection' | 'stream'): void;
  /** A stream or a connection was ended by us for what its client did: to be counted and logged. Must not throw. */
  faulted(fault: Http2Fault, peer: Peer): void;
}

/** What a connection allows its client. Times in milliseconds of the monotonic clock. */
export interface ServerBounds {
  /** From the first byte of a head to its last. */
  readonly headMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** Between two reads of a body, and between two writes that the client takes. */
  readonly idleMs: number;
  /** A body slower than this after the grace is given up; what came faster counts for `idleMs`. */
  readonly bodyBytesPerSecond: number;
  readonly bodyGraceMs: number;
  readonly requestsPerConnection: number;
}

/** As docs/reference says; the reasons are in docs/adr. */
export const SERVER_BOUNDS: ServerBounds = {
  headMs: 10_000,
  keepAliveMs: 60_000,
  idleMs: 30_000,
  bodyBytesPerSecond: 500,
  bodyGraceMs: 5_000,
  requestsPerConnection: 10_000,
};

/** Buffered bytes on each side of a connection, at which reading stops. */
export const SIDE_BUFFER_BYTES = 65_536;
