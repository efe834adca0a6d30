import { ONE_WRITE_BYTES } from '../direct-writer.ts';
import type { HeaderFields } from '../header-fields.ts';
import type { WholeBody } from '../message.ts';
import { latin1Text } from '../octets.ts';
import { INTERIM_LIMIT, type ReplyHead, type ReplyHeadReading } from '../reply-head.ts';
import type { CallState, UpstreamFailure } from '../upstream-call.ts';
import type { UpstreamBounds } from '../upstream-connection.ts';
import type { DataSender, SendingStream } from './data-sender.ts';
import { KeptData } from './kept-data.ts';
import { isBodiless } from '../write-head.ts';
import { ReceiveWindow } from './receive-window.ts';

/** The connection that a stream is part of. */
export interface StreamOwner {
  readonly sender: DataSender<UpstreamStream>;
  /** What streams may receive at first. */
  readonly streamWindowBytes: number;
  /** This moment of the monotonic clock, as far as the connection has looked at it. */
  readonly nowMs: number;
  readonly monotonic: () => number;
  /** So much of the reply's body was taken: the upstream may send more of it. */
  consumed(stream: UpstreamStream, bytes: number): void;
  /** The reply is whole, and the caller is just being told so. */
  settled(stream: UpstreamStream): void;
  /** The body is not as long as was announced: nothing more of it may go out. */
  mismeasured(stream: UpstreamStream): void;
}

/**
 * One call on its stream (RFC 9113 §5). What frames bring is gathered; the caller hears of it by `deliver` only, so that
 * nothing of its work comes between two frames.
 */
export class UpstreamStream implements SendingStream {
  readonly id: number;
  readonly call: CallState;
  window: number;
  held: WholeBody[] | null = null;
  heldBytes = 0;
  endHeld = false;
  sentBytes = 0;
  readonly receiveWindow: ReceiveWindow;
  /** How often the connection had handed text to the system when the head was put off; -1: the head went out at once. */
  headAt = -1;
  /** Why the call has failed, where the caller was not told yet, */
  failure: UpstreamFailure | null = null;
  /** and whether the upstream has done nothing with it. */
  untouched = false;
  /** What was held of the request is not sent any more, and the caller waits for it. */
  wasCutShort = false;
  /** Its call is over; kept by the connection. */
  hasLeft = false;
  readonly #owner: StreamOwner;
  /** Bytes of request body that content-length still wants. */
  #owed: number;
  #requestDone: boolean;
  #reply: ReplyHead | null = null;
  #interims: ReplyHead[] | null = null;
  #interimCount = 0;
  /** There can be no body, whatever the stream does: the reply is whole with its head. */
  #isBodiless = false;
  /** Bytes of reply body that may still come; -1 where nobody knows. */
  #left = -1;
  #ended = false;
  #trailers: HeaderFields | undefined;
  #headGiven = false;
  /** What came with the head, while it is little, */
  #text = '';
  /** and else. */
  #data: KeptData | null = null;
  #paused = false;
  /** What was handed on before a pause, and is not counted as taken before it ends. */
  #unpaidBytes = 0;
  #over = false;
  /** When the present wait began, and what had been sent by then; see `sweep`. */
  #since: number;
  #sentSeen = 0;

  /** `sendWindow`: what the peer takes of each stream at first. */
  constructor(owner: StreamOwner, id: number, call: CallState, sendWindow: number) {
    const { framing } = call.request;
    this.id = id;
    this.call = call;
    this.window = sendWindow;
    this.receiveWindow = new ReceiveWindow(owner.streamWindowBytes);
    this.#owner = owner;
    this.#owed = framing.kind === 'length' ? framing.bytes : 0;
    this.#requestDone = framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0);
    this.#since = owner.nowMs;
  }

  /** Whether the request's end is out, or is held behind the rest of it. */
  get requestDone(): boolean {
    return this.#requestDone;
  }

  /** Whether all of the request has gone out. */
  get isSent(): boolean {
    return this.#requestDone && this.held === null;
  }

  /** Whether the upstream has ended its side: the reply is here whole. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether nothing of a reply has come. */
  get isSilent(): boolean {
    return this.#reply === null && this.#interimCount === 0;
  }

  /** Whether the next header block is a head; else it is trailers. */
  get awaitsHead(): boolean {
    return this.#reply === null;
  }

  /** Sends body data; what comes when the reply is over is thrown away. False asks for a pause until `drained`. */
  write(pieces: readonly Buffer[]): boolean {
    if (this.#isDeaf) return true;
    const sized = this.call.request.framing.kind === 'length';
    let more = true;
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      if (sized && piece.length > this.#owed) {
        this.#owner.mismeasured(this);
        return true;
      }
      this.#owed -= piece.length;
      const last = sized && this.#owed === 0;
      if (last) this.#requestDone = true;
      more = this.#owner.sender.send(this, piece, last);
    }
    this.#since = this.#owner.monotonic();
    return more;
  }

  /** The request's body is whole. */
  finish(): void {
    if (this.#isDeaf || this.#requestDone) return;
    if (this.call.request.framing.kind === 'length') {
      this.#owner.mismeasured(this);
      return;
    }
    this.#requestDone = true;
    this.#since = this.#owner.monotonic();
    this.#owner.sender.send(this, '', true);
  }

  /** Takes a head, interim or final; `ended`: the stream ends with it. What is wrong with it, or null. */
  head(reading: ReplyHeadReading, ended: boolean): string | null {
    if (reading.fault !== null) return reading.fault;
    this.#since = this.#owner.nowMs;
    if (reading.status < 200) {
      if (++this.#interimCount > INTERIM_LIMIT) return `more than ${INTERIM_LIMIT} interim replies`;
      (this.#interims ??= []).push(reading);
      return null;
    }
    const { framing } = reading;
    this.#reply = reading;
    this.#left = framing.kind === 'length' ? framing.bytes : framing.kind === 'none' ? 0 : -1;
    this.#isBodiless = isBodiless(this.call.request.method, reading.status);
    this.#ended = ended;
    return null;
  }

  /** Takes data, which are copied; as `head`. */
  data(bytes: Buffer, from: number, to: number): string | null {
    if (this.#reply === null) return 'data before a head';
    const length = to - from;
    if (this.#left >= 0) {
      if (length > this.#left) return 'content-length-mismatch';
      this.#left -= length;
    }
    this.#since = this.#owner.nowMs;
    const isFirst = !this.#headGiven && this.#text === '' && this.#data === null;
    if (isFirst && length <= ONE_WRITE_BYTES) this.#text = latin1Text(bytes, from, to);
    else this.#kept().add(bytes, from, to);
    return null;
  }

  /** The upstream has ended its side, with trailers or without; as `head`. */
  end(trailers?: HeaderFields): string | null {
    if (this.#reply === null) return 'the end before a head';
    if (this.#left > 0) return 'content-length-mismatch';
    this.#ended = true;
    this.#trailers = trailers;
    return null;
  }

  /** Tells the caller what has come. It may do anything meanwhile. */
  deliver(): void {
    if (this.#over) return;
    const { events } = this.call;
    if (this.wasCutShort) {
      this.wasCutShort = false;
      events.drained();
    }
    const interims = this.#interims;
    this.#interims = null;
    if (interims !== null) {
      for (const { status, fields } of interims) if (!this.#over) events.interim(status, fields);
    }
    const reply = this.#reply;
    if (this.#over || reply === null || this.#paused) return;
    if (!this.#headGiven) {
      this.#headGiven = true;
      if (this.#isBodiless || (this.#ended && this.#trailers === undefined)) {
        const body = this.#takeWhole();
        this.#settle();
        events.whole(reply, body, this.#owner.nowMs);
        return;
      }
      events.head(reply);
    }
    this.#handOn();
    if (!this.#ended || this.#over || this.#paused) return;
    this.#settle();
    events.end(this.#trailers);
  }

  /** Goes on after a pause. */
  resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    this.#since = this.#owner.monotonic();
    const bytes = this.#unpaidBytes;
    this.#unpaidBytes = 0;
    this.#owner.consumed(this, bytes);
    // As a stream does: not before whoever asked has finished what it is doing.
    process.nextTick(deliver, this);
  }

  /** Nothing more of it is told. False where that was so already. */
  stop(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#data = null;
    return true;
  }

  /** Judges the present wait; why it took too long, or null. */
  sweep(now: number, { responseMs, idleMs }: UpstreamBounds): UpstreamFailure | null {
    const moves = this.sentBytes !== this.#sentSeen;
    this.#sentSeen = this.sentBytes;
    const waitsForClient = this.#ended || this.#paused || (this.#reply === null && !this.#requestDone && !this.held);
    if (moves || waitsForClient || this.call.request.mayStandStill === true) {
      // The client's side is what we wait for, and it has bounds of its own.
      this.#since = now;
      return null;
    }
    const { request, idleMs: ownIdleMs } = this.call;
    const limit = this.#reply === null ? (request.responseMs ?? responseMs) : (ownIdleMs ?? idleMs);
    return now - this.#since > limit ? { code: 'upstream-timeout', detail: `nothing for ${limit} ms` } : null;
  }

  /** Whether nothing that the caller still writes goes anywhere. */
  get #isDeaf(): boolean {
    return this.#over || this.#ended || this.failure !== null;
  }

  #kept(): KeptData {
    this.#data ??= new KeptData();
    const text = this.#text;
    if (text !== '') {
      this.#text = '';
      this.#data.add(Buffer.from(text, 'latin1'), 0, text.length);
    }
    return this.#data;
  }

  #takeWhole(): WholeBody {
    if (this.#data === null) return this.#text;
    const pieces = this.#data.take();
    this.#data = null;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  #handOn(): void {
    if (this.#over || (this.#data === null && this.#text === '')) return;
    const data = this.#kept();
    const { bytes } = data;
    this.#data = null;
    const more = this.call.events.pieces(data.take());
    if (this.#over) return;
    // Behind the last of a body there is nothing to pause.
    if (more || this.#ended) this.#owner.consumed(this, bytes);
    else {
      this.#paused = true;
      this.#unpaidBytes = bytes;
    }
  }

  #settle(): void {
    this.#over = true;
    this.#owner.settled(this);
  }
}

function deliver(stream: UpstreamStream): void {
  stream.deliver();
}
