import type { Socket } from 'node:net';
import { BodyReader } from './body-reader.ts';
import { DirectWriter, ONE_WRITE_BYTES } from './direct-writer.ts';
import { keepRead } from './lent-reads.ts';
import type { WholeBody } from './message.ts';
import { latin1Text } from './octets.ts';
import type { PooledCall } from './pooled-call.ts';
import { nextReplyHead, type ReplyHead, readSoundReply } from './reply-head.ts';
import { SIDE_BUFFER_BYTES } from './server.ts';
import { type CallState, unprocessed, type UpstreamFailure } from './upstream-call.ts';
import { failureOf } from './upstream-failure.ts';
import { chunkLine, LAST_CHUNK, writeRequestHead } from './write-head.ts';

const NOTHING = Buffer.alloc(0);
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

/** Bytes that wait for the end of a pause, and whether the connection has ended behind them. */
interface HeldReads {
  readonly pieces: Buffer[];
  bytes: number;
  ended: boolean;
  closed: boolean;
}

/** Whether a call whose connection was lost may be sent again: each, since nothing of it was sent; idempotent ones; or none. */
export type Repeatable = 'all' | 'idempotent' | 'none';

/** What a connection tells its pool. */
export interface ConnectionHost {
  readonly bounds: UpstreamBounds;
  readonly monotonic: () => number;
  /** The connection stands and has sent the head of its call: the body may follow. */
  ready(connection: UpstreamConnection): void;
  /** The call is over and the connection may carry another. */
  idle(connection: UpstreamConnection): void;
  /** The connection is over; the call it carried failed unless null. On a new one, or where a byte of a reply had come, none is repeatable. */
  lost(connection: UpstreamConnection, call: CallState | null, failure: UpstreamFailure, repeatable: Repeatable): void;
}

/**
 * One HTTP/1.1 connection to an upstream. It carries one call at a time; when anything about a reply's framing is in
 * doubt, or bytes come that nobody asked for, it is destroyed and never used again.
 */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #host: ConnectionHost;
  /** The call as its pool knows it, from when it was given until the pool takes it back. */
  carried: PooledCall<UpstreamConnection, UpstreamConnection> | null = null;
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
  /** The upstream has closed its side. */
  #ended = false;
  /** What came in a pause. */
  #held: HeldReads | null = null;
  /** When the present wait began; see `sweep`. A number from the start, so that V8 writes the next one in its place. */
  #since = 0;
  #idleMs = DEFAULT_IDLE_MS;

  constructor(socket: Socket, host: ConnectionHost, readyEvent: 'connect' | 'secureConnect') {
    this.#socket = socket;
    this.#writer = new DirectWriter(socket, () => this.#onDrain());
    this.#host = host;
    this.#since = host.monotonic();
    socket.on(readyEvent, () => this.#onReady());
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (fault: NodeJS.ErrnoException) => this.#lose(failureOf(fault, this.#ready)));
    socket.on('close', () => this.#onClose());
  }

  /** Whether it stands, TLS included: nothing is written before. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Sends a request's head, at this moment; its body, if it has one, follows by `write` and `finish` once it is ready. */
  carry(call: CallState, atMs: number): void {
    const { framing } = call.request;
    this.#call = call;
    this.#calls++;
    this.#owed = framing.kind === 'length' ? framing.bytes : 0;
    this.#requestDone = framing.kind === 'none';
    this.#reply = null;
    this.#reader = null;
    this.#interims = this.#replyBytes = 0;
    this.#paused = this.#headGiven = false;
    if (this.#ready) this.#sendHead(call, atMs);
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
    // As a stream does: not before whoever asked has finished what it is doing.
    if (this.#held !== null) process.nextTick(release, this);
  }

  /** Works off what came in a pause, unless there is another by now or the connection is over; then reads on. */
  release(): void {
    if (this.#over || this.#paused || this.#held === null) return;
    const { pieces, ended, closed } = this.#held;
    this.#held = null;
    if (pieces.length > 0) this.#take(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
    if (ended) this.#onEnd();
    if (closed) this.#onClose();
    if (!this.#over) this.#socket.resume();
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
      const { request, idleMs: ownIdleMs } = this.#call;
      const limit = this.#reply === null ? (request.responseMs ?? responseMs) : (ownIdleMs ?? idleMs);
      if (waited > limit) this.#lose({ code: 'upstream-timeout', detail: `nothing for ${limit} ms` });
    }
  }

  #onReady(): void {
    this.#ready = true;
    if (this.#over || this.#call === null) return;
    this.#sendHead(this.#call, this.#host.monotonic());
    this.#host.ready(this);
  }

  #sendHead(call: CallState, atMs: number): void {
    this.#since = atMs;
    const text = writeRequestHead(call.request);
    if (this.#requestDone) {
      this.#writer.write(text);
      return;
    }
    // The first of the body is often at hand: it goes out with the head.
    const socket = this.#writer.stream();
    socket.cork();
    process.nextTick(uncork, socket);
    socket.write(text, 'latin1');
  }

  /** Bytes have come in a buffer that the next read overwrites, perhaps another connection's: what is kept is copied. */
  receive(lent: Buffer): void {
    if (!this.#paused && this.#held === null) {
      this.#take(lent);
      return;
    }
    // In a pause reading goes on for a while: a socket that is not read does not tell that its peer has gone.
    const held = (this.#held ??= { pieces: [], bytes: 0, ended: false, closed: false });
    held.pieces.push(keepRead(lent));
    held.bytes += lent.length;
    if (held.bytes >= SIDE_BUFFER_BYTES) this.#socket.pause();
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#call === null) {
      this.#malformed('bytes nobody asked for');
      return;
    }
    // No reply to this request, which has not gone out yet: such a connection is of no use, and another may be.
    if (this.#writer.unsent) {
      this.#lose({ code: 'upstream-unreachable', detail: 'bytes nobody asked for' });
      return;
    }
    this.#replyBytes += bytes.length;
    if (this.#reader === null && this.#buffer.length === 0 && this.#takeWhole(this.#call, bytes)) return;
    const kept = keepRead(bytes);
    this.#buffer = this.#buffer.length === 0 ? kept : Buffer.concat([this.#buffer, kept]);
    // A head has its time as a whole: one that drips does not get more by it.
    while (this.#call !== null && this.#reader === null && this.#buffer.length > 0 && this.#readHead(this.#call));
    if (this.#call === null || this.#reader === null) return;
    this.#since = this.#host.monotonic();
    this.#readBody(this.#call, this.#reader);
  }

  /** A sound reply that came in one read, no byte more and none less, as most do. False, and nothing done, where it did not. */
  #takeWhole(call: CallState, bytes: Buffer): boolean {
    const head = readSoundReply(bytes, call.request.method);
    if (head === null || head.status < 200) return false;
    const { framing } = head;
    if (framing.kind !== 'none' && framing.kind !== 'length') return false;
    const length = framing.kind === 'none' ? 0 : framing.bytes;
    if (bytes.length - head.bytes !== length) return false;
    const body = length === 0 ? '' : bodyOf(bytes, head.bytes);
    this.#settle(head, false);
    call.events.whole(head, body, this.#since);
    return true;
  }

  /** Reads one head; true when there may be more to read behind it. */
  #readHead(call: CallState): boolean {
    const head = nextReplyHead(this.#buffer, call.request.method, this.#interims);
    if (head === null) return false;
    if (head.fault !== null) return this.#malformed(head.fault);
    this.#buffer = this.#buffer.subarray(head.bytes);
    if (head.status === SWITCHING_PROTOCOLS) return this.#malformed('101 without an upgrade');
    if (head.status >= 200) {
      this.#reply = head;
      this.#reader = new BodyReader(head.framing);
      return true;
    }
    this.#interims++;
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
        this.#settle(reply, excess);
        call.events.whole(reply, data ?? NOTHING, this.#since);
        return;
      }
      this.#headGiven = true;
      call.events.head(reply);
    }
    // Each event may give the call up.
    if (data !== null && this.#call === call && !call.events.pieces([data]) && !done) this.#pause(call);
    if (done && this.#call === call) {
      this.#settle(reply, excess);
      call.events.end();
    }
  }

  #pause(call: CallState): void {
    if (this.#call === call) this.#paused = true;
  }

  /** The reply is whole: the connection goes back to its pool, unless something forbids using it again. */
  #settle(reply: ReplyHead, excess: boolean): void {
    const reusable = reply.keepAlive && this.#requestDone && !excess && !this.#ended && !this.#socket.destroyed;
    this.#call = null;
    this.#reader = null;
    this.#reply = null;
    this.#since = this.#host.monotonic();
    if (!reusable) {
      this.#over = true;
      this.#socket.destroy();
      this.#host.lost(this, null, NOT_REUSABLE, 'none');
      return;
    }
    if (reply.idleMs !== null) this.#idleMs = Math.min(LONGEST_IDLE_MS, Math.max(0, reply.idleMs - IDLE_MARGIN_MS));
    this.#host.idle(this);
  }

  #malformed(detail: string): false {
    this.#lose({ code: 'upstream-malformed-reply', detail });
    return false;
  }

  #onClose(): void {
    if (this.#held !== null && this.#held.pieces.length > 0) this.#held.closed = true;
    else this.#lose({ code: 'upstream-incomplete-reply', detail: 'connection closed' });
  }

  #onEnd(): void {
    this.#ended = true;
    if (this.#held !== null && this.#held.pieces.length > 0) {
      this.#held.ended = true;
      return;
    }
    const call = this.#call;
    if (call !== null && this.#reply !== null && this.#reader?.endsByClose === true) {
      this.#settle(this.#reply, false);
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
    const { unsent } = this.#writer;
    const untouched = unsent ? 'all' : 'idempotent';
    const told = unsent || !this.#ready ? unprocessed(failure) : failure;
    this.#call = null;
    this.#buffer = NOTHING;
    this.#socket.destroy();
    this.#host.lost(this, call, told, this.#calls > 1 && this.#replyBytes === 0 ? untouched : 'none');
  }
}

const NOT_REUSABLE: UpstreamFailure = { code: 'upstream-incomplete-reply', detail: 'not reusable' };
/** A bug of ours, and what it would do is smuggling: the rest of the body would be read as a request. */
export const MISMEASURED: UpstreamFailure = {
  code: 'upstream-unreachable',
  detail: 'request body is not as long as announced',
};

function release(connection: UpstreamConnection): void {
  connection.release();
}

function uncork(socket: Socket): void {
  socket.uncork();
}

/** What stands behind the head, for keeps; a text where it is so short that it goes on as one. */
function bodyOf(bytes: Buffer, start: number): WholeBody {
  const { length } = bytes;
  return length - start > ONE_WRITE_BYTES ? keepRead(bytes.subarray(start)) : latin1Text(bytes, start, length);
}
