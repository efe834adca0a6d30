import { type BoundedCopy, createBoundedCopy } from '../body/index.ts';
import type { MirrorConfig } from '../config/compiled.ts';
import type { Clock } from '../ports/index.ts';
import {
  type CallClient,
  type OutgoingRequest,
  type ReplyHead,
  type TunnelEnds,
  type Upstream,
  type UpstreamCall,
  type UpstreamEvents,
} from '../wire/index.ts';
import type { CopyEnd, GatewayMetrics } from './metrics.ts';
import { lengthOf } from './reply.ts';

/** A longer body is not copied. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Copies under way at once; with their bodies 4 MiB for each mirror of a thread. */
const COPY_LIMIT = 64;
/** So long a copy may take, from the first of the client's body to the last of the mirror's reply. */
const COPY_MS = 30_000;
/** More of a reply is not read. */
const REPLY_LIMIT_BYTES = 1024 * 1024;
/** Tells a copy from a request. The gateway alone writes fields of this prefix (ADR 5). */
const MARK = ['x-portcullis-mirror', '1'] as const;

/** Where copies go, and what they are counted by. */
interface MirrorPlace {
  readonly api: string;
  readonly authority: string;
  readonly upstream: Upstream;
}

/** What it works with; `chance` gives a number from 0 up to 1. */
interface MirrorPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly chance: () => number;
  readonly metrics: Pick<GatewayMetrics, 'mirrored'>;
}

/** Sends copies of requests to another server. Nothing of it is ever waited for, and what it does not manage is only counted. */
export class Mirror {
  readonly #config: MirrorConfig;
  readonly #ports: MirrorPorts;
  readonly #copies = new Set<Copy>();
  readonly place: MirrorPlace;

  constructor(config: MirrorConfig, place: MirrorPlace, ports: MirrorPorts) {
    this.#config = config;
    this.place = place;
    this.#ports = ports;
  }

  /** Copies a request that `call` carries, if it is one to be copied: gives what is to be used in place of `call`. */
  follow(request: OutgoingRequest, call: UpstreamCall, client: CallClient): UpstreamCall {
    const { methods, percent } = this.#config;
    if (!methods.includes(request.method) || request.upgrade !== null) return call;
    if (this.#ports.chance() * 100 >= percent) return call;
    const { framing } = request;
    const isLong = framing.kind === 'length' && framing.bytes > BODY_LIMIT_BYTES;
    if (isLong || this.#copies.size >= COPY_LIMIT) {
      this.#count('dropped');
      return call;
    }
    const copy = new Copy(request, client, {
      place: this.place,
      startedMs: this.#ports.clock.monotonic(),
      over: (end) => this.#over(copy, end),
    });
    this.#copies.add(copy);
    if (framing.kind !== 'none') return new FollowedCall(call, copy);
    copy.send();
    return call;
  }

  /** Holds the bound on time. */
  sweep(nowMs: number): void {
    for (const copy of this.#copies) if (nowMs - copy.startedMs > COPY_MS) copy.giveUp();
  }

  /** Gives up all that is under way. */
  close(): void {
    for (const copy of this.#copies) copy.giveUp();
  }

  #over(copy: Copy, end: CopyEnd): void {
    if (this.#copies.delete(copy)) this.#count(end);
  }

  #count(end: CopyEnd): void {
    this.#ports.metrics.mirrored(this.place.api, end);
  }
}

/** What a copy stands on. */
interface CopyHost {
  readonly place: MirrorPlace;
  readonly startedMs: number;
  over(end: CopyEnd): void;
}

/** One copy: collects the body as that goes by, then sends all of it. */
class Copy implements UpstreamEvents {
  readonly startedMs: number;
  readonly #request: OutgoingRequest;
  readonly #client: CallClient;
  readonly #host: CopyHost;
  /** The body so far; null once it is sent, or nobody wants it any more. */
  #body: BoundedCopy | null = createBoundedCopy(BODY_LIMIT_BYTES);
  #call: UpstreamCall | null = null;
  #replyBytes = 0;

  constructor(request: OutgoingRequest, client: CallClient, host: CopyHost) {
    this.#request = request;
    this.#client = client;
    this.#host = host;
    this.startedMs = host.startedMs;
  }

  /** Takes a part of the body. */
  add(pieces: readonly Buffer[]): void {
    const body = this.#body;
    if (body === null) return;
    for (const piece of pieces) body.add(piece);
    if (body.truncated) this.giveUp();
  }

  /** The request is whole: sends it. */
  send(): void {
    if (this.#body === null) return;
    const body = this.#body.bytes();
    this.#body = null;
    const { authority, upstream } = this.#host.place;
    const { method, target, host = null, fields, lines = '', added, responseMs = null } = this.#request;
    const framing = lengthOf(body.length);
    const marked = [...added, ...MARK];
    const copy = { method, target, authority, host, fields, lines, added: marked, framing, responseMs, upgrade: null };
    this.#call = upstream.call(copy, this, this.#client);
    if (body.length === 0) return;
    this.#call.write([Buffer.from(body.buffer, body.byteOffset, body.length)]);
    this.#call.finish();
  }

  /** The request will never be whole: what was sent already may go on. */
  leave(): void {
    if (this.#body !== null) this.giveUp();
  }

  /** Ends it wherever it stands. */
  giveUp(): void {
    const wasSent = this.#call !== null;
    this.#body = null;
    this.#call?.abort();
    this.#host.over(wasSent ? 'failed' : 'dropped');
  }

  interim(): void {}

  head(): void {}

  drained(): void {}

  pieces(pieces: readonly Buffer[]): boolean {
    for (const piece of pieces) this.#replyBytes += piece.length;
    if (this.#replyBytes > REPLY_LIMIT_BYTES) {
      this.#call?.abort();
      this.#host.over('answered');
    }
    return true;
  }

  whole(): void {
    this.#host.over('answered');
  }

  end(): void {
    this.#host.over('answered');
  }

  failed(): void {
    this.#host.over('failed');
  }

  switched(head: ReplyHead): TunnelEnds {
    throw new Error(`a copy asks for no upgrade, and got ${head.status}`);
  }
}

/** A call whose body is copied as it goes by. */
class FollowedCall implements UpstreamCall {
  readonly #call: UpstreamCall;
  readonly #copy: Copy;

  constructor(call: UpstreamCall, copy: Copy) {
    this.#call = call;
    this.#copy = copy;
  }

  write(pieces: readonly Buffer[]): boolean {
    // Before the call, which may pass them on and give them back.
    this.#copy.add(pieces);
    return this.#call.write(pieces);
  }

  finish(): void {
    this.#call.finish();
    this.#copy.send();
  }

  abort(): void {
    this.#call.abort();
    this.#copy.leave();
  }

  resume(): void {
    this.#call.resume();
  }

  allowIdle(idleMs: number): void {
    this.#call.allowIdle(idleMs);
  }
}
