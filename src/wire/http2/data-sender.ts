import type { Socket } from 'node:net';
import { type DirectWriter, ONE_WRITE_BYTES } from '../direct-writer.ts';
import type { WholeBody } from '../message.ts';
import { latin1Text } from '../octets.ts';
import { SIDE_BUFFER_BYTES } from '../server.ts';
import { frameHead } from './frame-writer.ts';
import { FIRST_WINDOW_BYTES, Flag, FrameType } from './protocol.ts';

/** RFC 9113 §6.9.1. */
const WINDOW_LIMIT_BYTES = 0x7fffffff;
/** What every peer takes (RFC 9113 §4.2). Longer ones would only hold up the other streams. */
const FRAME_BYTES = 16_384;
/** A frame that windows cut to less than this was asked for octet by octet: it allows for no more of such asking. */
const WORTHY_BYTES = 128;
/** A stream that has sent so much lets the next one have its turn. */
const TURN_BYTES = FRAME_BYTES;

/** What is known of a stream that sends DATA. All of it is the sender's, but for the first `window`. */
export interface SendingStream {
  readonly id: number;
  /** What the peer takes of this stream now; below 0 where it has lowered the initial window since (RFC 9113 §6.9.2). */
  window: number;
  /** What waits to be sent; null where nothing does. */
  held: WholeBody[] | null;
  heldBytes: number;
  /** Whether the stream ends behind what is held. */
  endHeld: boolean;
  /** All DATA sent so far. */
  sentBytes: number;
}

/** What becomes of held data, told by `flush` only. */
export interface SenderEvents<Stream> {
  /** All has been sent; more may come. */
  drained(stream: Stream): void;
  /** All has been sent, and the end of the stream with it. */
  ended(stream: Stream): void;
}

/**
 * Sends the DATA of a connection's streams, never more than the peer's windows allow (RFC 9113 §5.2, §6.9), and holds the
 * rest. Streams that hold something take turns. Little is handed to the socket at once, so that what is urgent does not
 * wait behind megabytes.
 */
export class DataSender<Stream extends SendingStream> {
  readonly #writer: DirectWriter;
  readonly #events: SenderEvents<Stream>;
  /** Streams that hold something and have a window, in the order of their turns. */
  readonly #ready = new Set<Stream>();
  #connectionWindow = FIRST_WINDOW_BYTES;
  #heldBytes = 0;
  #sentBytes = 0;
  #worthyFrames = 0;
  #corked: Socket | null = null;
  #flushing = false;
  #stopped = false;

  constructor(writer: DirectWriter, events: SenderEvents<Stream>) {
    this.#writer = writer;
    this.#events = events;
  }

  /** What all streams hold together. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** All DATA sent so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** The frames of it, without those that the peer's windows have made small. */
  get worthyFrames(): number {
    return this.#worthyFrames;
  }

  /** Whether it is the connection's window, and nothing else, that keeps data back. */
  get isShut(): boolean {
    return this.#connectionWindow <= 0 && this.#ready.size > 0;
  }

  /**
   * Sends what windows and socket take, and holds the rest. False asks for a pause until `drained`; with `end` there is
   * `ended` in its place, and where `endHeld` is false behind the call, the end is out.
   */
  send(stream: Stream, piece: WholeBody, end: boolean): boolean {
    if (this.#stopped) return true;
    if (piece.length === 0) return this.#sendEnd(stream, end);
    let from = 0;
    if (stream.held === null && this.#ready.size === 0) {
      from = this.#emitAll(stream, piece, end);
      if (!this.#flushing) this.#uncork();
      if (from === piece.length) return true;
    }
    this.#hold(stream, from === 0 ? piece : rest(piece, from), end);
    return false;
  }

  /** A WINDOW_UPDATE for a stream, or (null) for the connection; `flush` sends what it allows. False: more than a window can be (§6.9.1). */
  opened(stream: Stream | null, increment: number): boolean {
    if (stream !== null) return this.#widen(stream, increment);
    if (this.#connectionWindow + increment > WINDOW_LIMIT_BYTES) return false;
    this.#connectionWindow += increment;
    return true;
  }

  /** The initial window has changed by `delta`, which all streams feel (§6.9.2); as `opened`. */
  shift(streams: Iterable<Stream>, delta: number): boolean {
    for (const stream of streams) if (!this.#widen(stream, delta)) return false;
    return true;
  }

  /**
   * Sends what is held as far as it goes. To be called when all frames of a read have been told of, and when the socket has
   * drained: the events call their handlers, which may do anything meanwhile.
   */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // A set gives what is added while it is walked through, behind all others: that makes the turns.
    for (const stream of this.#ready) {
      if (this.#connectionWindow <= 0 || !this.#hasRoom()) break;
      this.#ready.delete(stream);
      if (this.#takeTurn(stream)) this.#tell(stream);
      else this.#wake(stream);
    }
    this.#flushing = false;
    this.#uncork();
  }

  /** The connection has ended: nothing is sent or held any more. Streams that hold something are still to be dropped. */
  stop(): void {
    this.#stopped = true;
    this.#ready.clear();
  }

  /** The stream is over: what it held is forgotten. */
  drop(stream: Stream): void {
    this.#ready.delete(stream);
    this.#heldBytes -= stream.heldBytes;
    stream.heldBytes = 0;
    stream.held = null;
    stream.endHeld = false;
  }

  /** END_STREAM rides on the last data that is held; where none is, on a frame without any, which needs no window (§6.9.1). */
  #sendEnd(stream: Stream, end: boolean): boolean {
    if (stream.held !== null) {
      stream.endHeld ||= end;
      return false;
    }
    if (end) {
      this.#worthyFrames++;
      this.#writer.append(frameHead(0, FrameType.data, Flag.endStream, stream.id));
    }
    return true;
  }

  #hold(stream: Stream, piece: WholeBody, end: boolean): void {
    if (stream.held === null) stream.held = [piece];
    else stream.held.push(piece);
    stream.heldBytes += piece.length;
    this.#heldBytes += piece.length;
    stream.endHeld = end;
    this.#wake(stream);
  }

  #widen(stream: Stream, delta: number): boolean {
    if (stream.window + delta > WINDOW_LIMIT_BYTES) return false;
    stream.window += delta;
    this.#wake(stream);
    return true;
  }

  #wake(stream: Stream): void {
    if (stream.held !== null && stream.window > 0) this.#ready.add(stream);
  }

  /** True when nothing is held any more. */
  #takeTurn(stream: Stream): boolean {
    const held = stream.held ?? [];
    const turnEndsAt = stream.sentBytes + TURN_BYTES;
    while (held.length > 0 && stream.sentBytes < turnEndsAt) {
      const piece = held[0] as WholeBody;
      const bytes = this.#emit(stream, piece, 0, stream.endHeld && held.length === 1);
      if (bytes === 0) return false;
      stream.heldBytes -= bytes;
      this.#heldBytes -= bytes;
      if (bytes === piece.length) held.shift();
      else held[0] = rest(piece, bytes);
    }
    return held.length === 0;
  }

  #tell(stream: Stream): void {
    stream.held = null;
    if (!stream.endHeld) {
      this.#events.drained(stream);
      return;
    }
    stream.endHeld = false;
    this.#events.ended(stream);
  }

  /** Sends as much of a piece as may go now, and gives how much that was. */
  #emitAll(stream: Stream, piece: WholeBody, end: boolean): number {
    let from = 0;
    while (from < piece.length) {
      const bytes = this.#emit(stream, piece, from, end);
      if (bytes === 0) break;
      from += bytes;
    }
    return from;
  }

  /** Sends one frame, as `#emitAll`; `end`: the stream ends behind the piece. */
  #emit(stream: Stream, piece: WholeBody, from: number, end: boolean): number {
    const bytes = Math.min(piece.length - from, stream.window, this.#connectionWindow, FRAME_BYTES);
    if (bytes <= 0 || !this.#hasRoom()) return 0;
    const to = from + bytes;
    stream.window -= bytes;
    this.#connectionWindow -= bytes;
    stream.sentBytes += bytes;
    this.#sentBytes += bytes;
    if (to === piece.length || bytes >= WORTHY_BYTES) this.#worthyFrames++;
    const flags = end && to === piece.length ? Flag.endStream : 0;
    const head = frameHead(bytes, FrameType.data, flags, stream.id);
    if (bytes <= ONE_WRITE_BYTES) {
      this.#writer.append(head + textOf(piece, from, to));
      return bytes;
    }
    const socket = this.#cork();
    socket.write(head, 'latin1');
    if (typeof piece === 'string') socket.write(piece.slice(from, to), 'latin1');
    else socket.write(piece.subarray(from, to));
    return bytes;
  }

  /**
   * Whether the socket takes another frame. What was put off may go at once, and nobody would tell when it has; of all
   * else that waits the socket does.
   */
  #hasRoom(): boolean {
    if (this.#writer.waiting < SIDE_BUFFER_BYTES) return true;
    this.#writer.flush();
    return this.#writer.waiting < SIDE_BUFFER_BYTES;
  }

  /** The socket, with all that is written to it until `#uncork` going out as one. */
  #cork(): Socket {
    if (this.#corked === null) {
      this.#corked = this.#writer.stream();
      this.#corked.cork();
    }
    return this.#corked;
  }

  #uncork(): void {
    if (this.#corked === null) return;
    const socket = this.#corked;
    this.#corked = null;
    socket.uncork();
  }
}

function rest(piece: WholeBody, from: number): WholeBody {
  return typeof piece === 'string' ? piece.slice(from) : piece.subarray(from);
}

function textOf(piece: WholeBody, from: number, to: number): string {
  if (typeof piece === 'string') return from === 0 && to === piece.length ? piece : piece.slice(from, to);
  return latin1Text(piece, from, to);
}
