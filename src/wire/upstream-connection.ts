import type { Socket } from 'node:net';
import { BodyReader } from './body-reader.ts';
import { type ReplyHead, readReplyHead } from './reply-head.ts';
import { HEAD_BOUNDS } from './fields.ts';
import type { CallState, UpstreamFailure } from './upstream-call.ts';
import { chunkLine, LAST_CHUNK, writeRequestHead } from './write-head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const INTERIM_LIMIT = 10;
const SWITCHING_PROTOCOLS = 101;
/** How long an idle connection is kept where the upstream does not say: below Node's own 5 s, the shortest in wide use. */
const DEFAULT_IDLE_MS = 4_000;

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
  #calls = 0;
  #call: CallState | null = null;
  #reader: BodyReader | null = null;
  #reply: ReplyHead | null = null;
  #buffer: Buffer = NOTHING;
  #interims = 0;
  #replyBytes = 0;
  #headGiven = false;
  #requestDone = false;
  #paused = false;
  #over = false;
  #since: number;
  #idleMs = DEFAULT_IDLE_MS;

  constructor(socket: Socket, host: ConnectionHost, readyEvent: 'connect' | 'secureConnect') {
    this.#socket = socket;
    this.#host = host;
    this.#since = host.monotonic();
    socket.on(readyEvent, () => {
      this.#ready = true;
      this.#since = host.monotonic();
    });
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (fault: NodeJS.ErrnoException) => this.#lose(failureOf(fault, this.#ready)));
    socket.on('close', () => this.#lose({ code: 'upstream-incomplete-reply', detail: 'connection closed' }));
  }

  /** Whether this connection has carried a call before. */
  get reused(): boolean {
    return this.#calls > 1;
  }

  /** Sends a request's head; its body, if it has one, follows by `write` and `finish`. */
  carry(call: CallState): void {
    this.#call = call;
    this.#calls++;
    this.#reader = this.#reply = null;
    this.#interims = this.#replyBytes = 0;
    this.#paused = this.#headGiven = false;
    this.#requestDone = call.request.framing.kind === 'none';
    if (this.#ready) this.#since = this.#host.monotonic();
    if (!this.#requestDone) {
      // The first of the body is at hand: it goes out with the head.
      this.#socket.cork();
      process.nextTick(uncork, this.#socket);
    }
    this.#socket.write(writeRequestHead(call.request), 'latin1');
  }

  write(pieces: readonly Buffer[]): boolean {
    const chunked = this.#call?.request.framing.kind === 'chunked';
    const socket = this.#socket;
    let more = true;
    socket.cork();
    for (const piece of pieces) {
      if (chunked) socket.write(chunkLine(piece.length), 'latin1');
      more = socket.write(piece);
      if (chunked) more = socket.write('\r\n', 'latin1');
    }
    process.nextTick(uncork, socket);
    this.#since = this.#host.monotonic();
    return more;
  }

  finish(): void {
    this.#requestDone = true;
    if (this.#call?.request.framing.kind === 'chunked') this.#socket.write(LAST_CHUNK, 'latin1');
  }

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
    const { bounds } = this.#host;
    const waited = now - this.#since;
    if (!this.#ready) {
      if (waited > bounds.connectMs)
        this.#lose({ code: 'upstream-timeout', detail: `no connection within ${bounds.connectMs} ms` });
    } else if (this.#call === null) {
      if (waited > this.#idleMs) this.#lose({ code: 'upstream-incomplete-reply', detail: 'idle' });
    } else if (this.#paused || (!this.#requestDone && this.#reply === null && !this.#socket.writableNeedDrain)) {
      // The client's side is what we wait for, and it has bounds of its own.
      this.#since = now;
    } else {
      const limit = this.#reply === null ? bounds.responseMs : bounds.idleMs;
      if (waited > limit) this.#lose({ code: 'upstream-timeout', detail: `nothing for ${limit} ms` });
    }
  }

  #onData(bytes: Buffer): void {
    if (this.#call === null) {
      this.#lose({ code: 'upstream-malformed-reply', detail: 'bytes nobody asked for' });
      return;
    }
    this.#since = this.#host.monotonic();
    this.#replyBytes += bytes.length;
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    while (this.#call !== null && this.#reader === null && this.#buffer.length > 0)
      if (!this.#readHead(this.#call)) return;
    if (this.#reader !== null && this.#call !== null) this.#readBody(this.#call, this.#reader);
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
    if (this.#interims > INTERIM_LIMIT) return this.#malformed('more than 10 interim replies');
    call.events.interim(head.status, head.fields);
    return true;
  }

  #readBody(call: CallState, reader: BodyReader): void {
    const first = !this.#headGiven;
    const reply = this.#reply as ReplyHead;
    const pieces: Buffer[] = [];
    const used = reader.read(this.#buffer, (piece) => pieces.push(piece));
    const excess = this.#buffer.length - used;
    this.#buffer = NOTHING;
    if (reader.failed) {
      this.#malformed('chunked body breaks its grammar');
      return;
    }
    if (first && reader.done) {
      this.#settle(excess);
      call.events.whole(reply, pieces.length < 2 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces));
      return;
    }
    if (first) {
      this.#headGiven = true;
      call.events.head(reply);
    }
    if (pieces.length > 0 && this.#call === call && !call.events.pieces(pieces) && this.#call === call && !reader.done)
      this.#pause();
    if (reader.done && this.#call === call) {
      this.#settle(excess);
      call.events.end();
    }
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  /** The reply is whole: the connection goes back to its pool, unless something forbids using it again. */
  #settle(excess: number): void {
    const reply = this.#reply as ReplyHead;
    const reusable = reply.keepAlive && this.#requestDone && excess === 0 && !this.#socket.destroyed;
    this.#call = null;
    this.#reader = this.#reply = null;
    if (!reusable) {
      this.#over = true;
      this.#socket.destroy();
      this.#host.lost(this, null, { code: 'upstream-incomplete-reply', detail: 'not reusable' }, false);
      return;
    }
    if (reply.idleMs !== null) this.#idleMs = Math.max(0, reply.idleMs - 1_000);
    this.#since = this.#host.monotonic();
    this.#host.idle(this);
  }

  #malformed(detail: string): false {
    this.#lose({ code: 'upstream-malformed-reply', detail });
    return false;
  }

  #onEnd(): void {
    const reader = this.#reader;
    const call = this.#call;
    if (call === null || reader === null || !reader.endsByClose) {
      this.#lose({
        code: this.#replyBytes === 0 ? 'upstream-unreachable' : 'upstream-incomplete-reply',
        detail: 'connection closed by the upstream',
      });
      return;
    }
    if (!this.#headGiven) call.events.head(this.#reply as ReplyHead);
    if (this.#call !== call) return;
    this.#settle(0);
    call.events.end();
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
    this.#socket.destroy();
    this.#host.lost(this, call, failure, this.reused && this.#replyBytes === 0);
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1))
    if (at === 0 || bytes[at - 1] !== 0x0d) return true;
  return false;
}

const TLS_FAULTS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/;

/** A socket's error as a failure; its code says whether the upstream could not be reached or not be trusted. */
function failureOf(fault: NodeJS.ErrnoException, ready: boolean): UpstreamFailure {
  const code = fault.code ?? 'error';
  if (!ready && TLS_FAULTS.test(code)) return { code: 'upstream-tls', detail: code };
  if (code === 'ETIMEDOUT') return { code: 'upstream-timeout', detail: code };
  return { code: ready ? 'upstream-incomplete-reply' : 'upstream-unreachable', detail: code };
}
