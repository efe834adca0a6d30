import type { Socket } from 'node:net';
import { BodyReader } from './body-reader.ts';
import { HEAD_BOUNDS } from './fields.ts';
import { type ReplyHead, readReplyHead } from './reply-head.ts';
import type { CallState, UpstreamFailure } from './upstream-call.ts';
import { failureOf } from './upstream-failure.ts';
import { chunkLine, LAST_CHUNK, writeRequestHead } from './write-head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
/** More interim replies than this to one request are a flood. */
const INTERIM_LIMIT = 10;
const SWITCHING_PROTOCOLS = 101;
/** How long an idle connection is kept where the upstream does not say: below Node's own 5 s, the shortest in wide use. */
const DEFAULT_IDLE_MS = 4_000;
const LONGEST_IDLE_MS = 60_000;
/** An idle connection is closed so much before the upstream would do it, since a request could cross its closing. */
const IDLE_MARGIN_MS = 1_000;

/** Bounds on an upstream's time, in milliseconds. */
export interface UpstreamBounds {
  readonly connectMs: number;
  readonly responseMs: number;
  readonly idleMs: number;
}

/** What a connection tells its pool. */
export interface ConnectionHost {
  readonly bounds: UpstreamBounds;
  readonly monotonic: () => number;
  /** The connection stands and has sent the head of its call: the body may follow. */
  ready(connection: UpstreamConnection): void;
  /** The call is over and the connection may carry another. */
  idle(connection: UpstreamConnection): void;
  /** The connection is over; the call it carried failed unless null. `untouched`: it was reused, and no byte of a reply had come. */
  lost(connection: UpstreamConnection, call: CallState | null, failure: UpstreamFailure, untouched: boolean): void;
}

/**
 * One HTTP/1.1 connection to an upstream. It carries one call at a time; when anything about a reply's framing is in
 * doubt, or bytes come that nobody asked for, it is destroyed and never used again.
 */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  #ready = false;
  #over = false;
  #calls = 0;
  #call: CallState | null = null;
  /** Bytes of request body that Content-Length still wants. */
  #owed = 0;
  #requestDone = false;
  #buffer: Buffer = NOTHING;
  #replyBytes = 0;
  #interims = 0;
  #reply: ReplyHead | null = null;
  #reader: BodyReader | null = null;
  #headGiven = false;
  #paused = false;
  /** When the present wait began; see `sweep`. */
  #since: number;
  #idleMs = DEFAULT_IDLE_MS;

  constructor(socket: Socket, host: ConnectionHost, readyEvent: 'connect' | 'secureConnect') {
    this.#socket = socket;
    this.#host = host;
    this.#since = host.monotonic();
    socket.on(readyEvent, () => this.#onReady());
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (fault: NodeJS.ErrnoException) => this.#lose(failureOf(fault, this.#ready)));
    socket.on('close', () => this.#lose({ code: 'upstream-incomplete-reply', detail: 'connection closed' }));
  }

  /** Whether it stands, TLS included: nothing is written before. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Sends a request's head; its body, if it has one, follows by `write` and `finish` once it is ready. */
  carry(call: CallState): void {
    const { framing } = call.request;
    this.#call = call;
    this.#calls++;
    this.#owed = framing.kind === 'length' ? framing.bytes : 0;
    this.#requestDone = framing.kind === 'none';
    this.#reply = null;
    this.#reader = null;
    this.#interims = this.#replyBytes = 0;
    this.#paused = this.#headGiven = false;
    if (this.#ready) this.#sendHead(call);
  }

  /** Sends body data. Only for the call that it carries, and only when ready. */
  write(pieces: readonly Buffer[]): boolean {
    const kind = this.#call?.request.framing.kind;
    const socket = this.#socket;
    let more = true;
    socket.cork();
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#owed -= piece.length;
      if (kind === 'chunked') socket.write(chunkLine(piece.length), 'latin1');
      more = socket.write(piece);
      if (kind === 'chunked') more = socket.write('\r\n', 'latin1');
    }
    // Corked until the end of the tick, since the end of the body is often at hand.
    process.nextTick(uncork, socket);
    this.#since = this.#host.monotonic();
    if (kind === 'length' && this.#owed < 0) this.#lose(MISMEASURED);
    return more;
  }

  /** The request's body is whole. */
  finish(): void {
    if (this.#call === null || this.#requestDone) return;
    const { kind } = this.#call.request.framing;
    this.#requestDone = true;
    this.#since = this.#host.monotonic();
    if (kind === 'chunked') this.#socket.write(LAST_CHUNK, 'latin1');
    else if (this.#owed !== 0) this.#lose(MISMEASURED);
  }

  /** Goes on reading the reply. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#since = this.#host.monotonic();
    this.#socket.resume();
  }

  /** Closes it without telling anybody. */
  destroy(): void {
    this.#over = true;
    this.#call = null;
    this.#socket.destroy();
  }

  /** Judges the present wait against the bounds; called about twice a second. */
  sweep(now: number): void {
    const { connectMs, responseMs, idleMs } = this.#host.bounds;
    const waited = now - this.#since;
    if (!this.#ready) {
      if (waited > connectMs) this.#lose({ code: 'upstream-timeout', detail: `no connection within ${connectMs} ms` });
    } else if (this.#call === null) {
      if (waited > this.#idleMs) this.#lose({ code: 'upstream-incomplete-reply', detail: 'idle' });
    } else if (this.#paused || (this.#reply === null && !this.#requestDone && !this.#socket.writableNeedDrain)) {
      // The client's side is what we wait for, and it has bounds of its own.
      this.#since = now;
    } else {
      const limit = this.#reply === null ? responseMs : idleMs;
      if (waited > limit) this.#lose({ code: 'upstream-timeout', detail: `nothing for ${limit} ms` });
    }
  }

  #onReady(): void {
    this.#ready = true;
    if (this.#over || this.#call === null) return;
    this.#sendHead(this.#call);
    this.#host.ready(this);
  }

  #sendHead(call: CallState): void {
    this.#since = this.#host.monotonic();
    if (!this.#requestDone) {
      // The first of the body is often at hand: it goes out with the head.
      this.#socket.cork();
      process.nextTick(uncork, this.#socket);
    }
    this.#socket.write(writeRequestHead(call.request), 'latin1');
  }

  #onData(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#call === null) {
      this.#malformed('bytes nobody asked for');
      return;
    }
    this.#replyBytes += bytes.length;
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    // A head has its time as a whole: one that drips does not get more by it.
    while (this.#call !== null && this.#reader === null && this.#buffer.length > 0 && this.#readHead(this.#call));
    if (this.#call === null || this.#reader === null) return;
    this.#since = this.#host.monotonic();
    this.#readBody(this.#call, this.#reader);
  }

  /** Reads one head; true when there may be more to read behind it. */
  #readHead(call: CallState): boolean {
    const end = this.#buffer.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#buffer.length > HEAD_BOUNDS.bytes) return this.#malformed('head larger than 16 KiB');
      return hasBareLineFeed(this.#buffer) ? this.#malformed('bare line feed in the head') : false;
    }
    const head = readReplyHead(this.#buffer, end + 2, call.request.method);
    if (head.fault !== null) return this.#malformed(head.fault);
    this.#buffer = this.#buffer.subarray(end + 4);
    if (head.status === SWITCHING_PROTOCOLS) return this.#malformed('101 without an upgrade');
    if (head.status >= 200) {
      this.#reply = head;
      this.#reader = new BodyReader(head.framing);
      return true;
    }
    this.#interims++;
    if (this.#interims > INTERIM_LIMIT) return this.#malformed(`more than ${INTERIM_LIMIT} interim replies`);
    this.#since = this.#host.monotonic();
    call.events.interim(head.status, head.fields);
    return true;
  }

  #readBody(call: CallState, reader: BodyReader): void {
    const reply = this.#reply as ReplyHead;
    const { used, data } = reader.read(this.#buffer);
    const excess = this.#buffer.length > used;
    this.#buffer = NOTHING;
    if (reader.failed || reader.announced > Number.MAX_SAFE_INTEGER) {
      this.#malformed('chunked body breaks its grammar');
      return;
    }
    const done = reader.done;
    if (!this.#headGiven) {
      if (done) {
        this.#settle(excess);
        call.events.whole(reply, data ?? NOTHING);
        return;
      }
      this.#headGiven = true;
      call.events.head(reply);
    }
    // Each event may give the call up.
    if (data !== null && this.#call === call && !call.events.pieces([data]) && !done) this.#pause(call);
    if (done && this.#call === call) {
      this.#settle(excess);
      call.events.end();
    }
  }

  #pause(call: CallState): void {
    if (this.#call !== call) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** The reply is whole: the connection goes back to its pool, unless something forbids using it again. */
  #settle(excess: boolean): void {
    const reply = this.#reply as ReplyHead;
    const reusable = reply.keepAlive && this.#requestDone && !excess && !this.#socket.destroyed;
    this.#call = null;
    this.#reader = null;
    this.#reply = null;
    if (!reusable) {
      this.#over = true;
      this.#socket.destroy();
      this.#host.lost(this, null, NOT_REUSABLE, false);
      return;
    }
    if (reply.idleMs !== null) this.#idleMs = Math.min(LONGEST_IDLE_MS, Math.max(0, reply.idleMs - IDLE_MARGIN_MS));
    this.#since = this.#host.monotonic();
    this.#host.idle(this);
  }

  #malformed(detail: string): false {
    this.#lose({ code: 'upstream-malformed-reply', detail });
    return false;
  }

  #onEnd(): void {
    const call = this.#call;
    if (call !== null && this.#reader?.endsByClose === true) {
      this.#settle(false);
      call.events.end();
      return;
    }
    const code = this.#replyBytes === 0 ? 'upstream-unreachable' : 'upstream-incomplete-reply';
    this.#lose({ code, detail: 'connection closed by the upstream' });
  }

  #onDrain(): void {
    this.#since = this.#host.monotonic();
    this.#call?.events.drained();
  }

  #lose(failure: UpstreamFailure): void {
    if (this.#over) return;
    this.#over = true;
    const call = this.#call;
    this.#call = null;
    this.#buffer = NOTHING;
    this.#socket.destroy();
    this.#host.lost(this, call, failure, this.#calls > 1 && this.#replyBytes === 0);
  }
}

const NOT_REUSABLE: UpstreamFailure = { code: 'upstream-incomplete-reply', detail: 'not reusable' };
/** A bug of ours, and what it would do is smuggling: the rest of the body would be read as a request. */
const MISMEASURED: UpstreamFailure = {
  code: 'upstream-unreachable',
  detail: 'request body is not as long as announced',
};

function uncork(socket: Socket): void {
  socket.uncork();
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
  }
  return false;
}
