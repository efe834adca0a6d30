import type { ProblemCode } from '../../base/index.ts';
import type { DirectWriter } from '../direct-writer.ts';
import type { ConnectionOptions } from '../connection-options.ts';
import type { Peer } from '../message.ts';
import { type ConnectionMemo, type Http2Offer, type ServerBounds, SIDE_BUFFER_BYTES } from '../server.ts';
import { ConnectionMemory } from './connection-memory.ts';
import { DataSender } from './data-sender.ts';
import type { BlockReader } from './block-reader.ts';
import type { StreamState } from './frame-judge.ts';
import { headerFrames, rstStream, windowUpdate } from './frame-writer.ts';
import { NO_TABLE } from './hpack-encoder.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { Hush } from './hush.ts';
import { ErrorCode, FIRST_WINDOW_BYTES, HTTP2_FAULTS, type Http2Bounds, type Http2Fault } from './protocol.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Http2RequestHead } from './request-head.ts';
import { RequestQueue } from './request-queue.ts';
import type { StreamHost } from './stream-host.ts';
import { type ClosedHow, StreamTable } from './stream-table.ts';
import { NO_HEAD, NO_HEAD_OF_HEAD } from './unread-head.ts';

/**
 * What a request takes beside its text: a stream, and a place for each of its fields (measured). Tables of HPACK make a
 * field of one octet, which would be kept for a hundred times what was sent.
 */
const STREAM_BYTES = 1_024;
const FIELD_BYTES = 64;

/** What a connection's streams are built from. */
export interface StreamsOptions extends Pick<ConnectionOptions, 'peer' | 'handler'>, Pick<Http2Offer, 'memory'> {
  readonly bounds: ServerBounds & Http2Bounds;
  readonly writer: DirectWriter;
  /** What reading header blocks keeps. */
  readonly blocks: Pick<BlockReader, 'heldBytes'>;
  /** A stream ended for a fault of the client, which is to be counted; the connection may end by it. */
  readonly faulted: (fault: Http2Fault) => void;
  /** HEADERS were sent. */
  readonly answered: () => void;
  /** Something is to be done when the event loop's turn ends. */
  readonly planned: () => void;
  readonly hush: Pick<Hush, 'ask' | 'isOn'>;
  /** The connection is to close in order. */
  readonly retired: () => void;
}

/** A request of which no more is known than this. */
export interface UnreadRequest {
  readonly code: ProblemCode;
  readonly ended: boolean;
  /** Its reply has no content. */
  readonly asksForHead: boolean;
}

/**
 * The streams of one connection, and what they share: memory, windows, the order in which requests are handed over. Frames
 * are judged before they come here (frame-judge.ts).
 */
export class ConnectionStreams implements StreamHost<Http2Exchange> {
  readonly memo: ConnectionMemo = { kept: null };
  readonly peer: Peer;
  readonly bounds: ServerBounds & Http2Bounds;
  readonly sender: DataSender<Http2Exchange>;
  /** See `moment`. */
  nowMs: number;
  readonly #options: StreamsOptions;
  readonly #writer: DirectWriter;
  readonly #table: StreamTable<Http2Exchange>;
  readonly #queue: RequestQueue;
  readonly #memory: ConnectionMemory;
  readonly #window: ReceiveWindow;
  /** What streams may send at first, by the client's settings. */
  #sendWindow = FIRST_WINDOW_BYTES;
  /** A header block has gone out, with the size of our encoder's table before it. */
  #saidTable = false;
  /** Heads of open streams: as text, and what they take beside it. */
  #headBytes = 0;
  #besideBytes = 0;
  #owedBytes = 0;
  /** The stream whose DATA frame is being read; null where nobody takes it. */
  #receiver: Http2Exchange | null = null;
  #flowBytes = 0;
  /** Nothing more is to be written. */
  #abandoned = false;
  /** Streams to which the present read has brought something. */
  readonly #touched: Http2Exchange[] = [];

  constructor(options: StreamsOptions, now: number) {
    const { peer, handler, bounds, memory, writer } = options;
    this.#options = options;
    this.#writer = writer;
    this.peer = peer;
    this.bounds = bounds;
    this.nowMs = now;
    this.sender = new DataSender<Http2Exchange>(writer, {
      drained: (stream) => stream.drained(),
      ended: (stream) => stream.ended(),
    });
    this.#table = new StreamTable(bounds.streams);
    this.#memory = new ConnectionMemory(memory, peer, bounds);
    this.#window = new ReceiveWindow(bounds.connectionWindowBytes);
    this.#queue = new RequestQueue({
      peer,
      handler,
      isOpen: (stream) => this.#isOpen(stream),
      isFull: () => this.#isFull,
    });
  }

  /** From here on the client may have so many streams open. */
  restrict(streams: number): void {
    this.#table.restrict(streams);
  }

  /** Streams that are open. */
  get size(): number {
    return this.#table.size;
  }

  /** The newest stream there was, and the newest of which the handler knows; 0 before any. */
  get lastId(): number {
    return this.#table.lastId;
  }

  get lastHandedOver(): number {
    return this.#queue.lastHandedOver;
  }

  get(id: number): Http2Exchange | undefined {
    return this.#table.get(id);
  }

  /** What a stream is that a frame names, where `stream` is what `get` gave. */
  stateOf(id: number, stream: Http2Exchange | undefined): StreamState {
    if (stream !== undefined) return stream.halfClosed ? 'half-closed' : 'open';
    return (id & 1) === 0 ? 'even' : this.#table.howClosed(id);
  }

  /** Opens a stream for a request, which is handed over at the end of the turn. What there is no room for is reset. */
  open(id: number, head: Http2RequestHead, ended: boolean): void {
    this.#admit(id, head, ended);
  }

  /** Opens a stream for a request that could not be read, which is refused at the end of the turn. */
  openRefused(id: number, { code, ended, asksForHead }: UnreadRequest): void {
    const stream = this.#admit(id, asksForHead ? NO_HEAD_OF_HEAD : NO_HEAD, ended);
    if (stream !== null) this.#queue.refuse(stream, code);
  }

  /** Notes a stream that is not opened, nor answered: the client was told that it would not be. */
  ignore(id: number): void {
    this.#table.close(id, 'refused');
  }

  /** Answers a frame of a stream that is not open by RST_STREAM; `how` it is closed by that, or null where it was before. */
  refuse(id: number, fault: Http2Fault, how: ClosedHow | null): void {
    if (how !== null) this.#table.close(id, how);
    this.#writer.append(rstStream(id, HTTP2_FAULTS[fault].code));
    this.#options.faulted(fault);
  }

  /** Ends an open stream for a fault of the client. */
  reset(stream: Http2Exchange, fault: Http2Fault, code: number = HTTP2_FAULTS[fault].code): void {
    // Malformed messages are recorded, be it their head or what follows it (RFC 9113 §8.1.1).
    const problem = malformedBy(fault);
    if (problem !== null) this.#queue.record(stream, problem);
    this.end(stream, code, fault);
    stream.leave(problem);
  }

  /** The client has reset an open stream. */
  leave(stream: Http2Exchange): void {
    this.#forget(stream, 'reset-by-peer');
    stream.leave();
  }

  /** A DATA frame begins, of a stream that takes it, or null: then it is thrown away. False where the connection's window was overrun. */
  beginData(stream: Http2Exchange | null, flowBytes: number): boolean {
    this.#receiver = null;
    this.#flowBytes = flowBytes;
    if (!this.#window.take(flowBytes)) return false;
    if (stream === null) {
      this.#credit(flowBytes);
      return true;
    }
    this.#credit(0);
    stream.owedBytes += flowBytes;
    this.#owedBytes += flowBytes;
    if (!stream.receiveWindow.take(flowBytes)) this.reset(stream, 'window-overrun');
    else if (this.#memory.covers(this.#heldBytes)) this.#receiver = stream;
    else this.reset(stream, 'memory', ErrorCode.enhanceYourCalm);
    return true;
  }

  /** Data of the present frame. */
  data(bytes: Buffer, from: number, to: number): void {
    const stream = this.#receiver;
    if (stream === null) return;
    const fault = stream.data(bytes, from, to);
    if (fault === null) this.#touch(stream);
    else this.reset(stream, fault);
  }

  /** The present frame ends. False where it has brought next to nothing, which is to be counted. */
  endData(dataBytes: number, endStream: boolean): boolean {
    const stream = this.#receiver;
    if (stream === null) return true;
    this.#receiver = null;
    const padding = this.#flowBytes - dataBytes;
    if (padding > 0) this.consumed(stream, padding);
    if (endStream) this.endBody(stream);
    return endStream || (dataBytes > 0 && padding <= dataBytes);
  }

  /** The client has ended its side of an open stream. */
  endBody(stream: Http2Exchange): void {
    const fault = stream.bodyEnded();
    if (fault === null) this.#touch(stream);
    else this.reset(stream, fault);
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.9.2). False where a window would be larger than one can be. */
  resize(sendWindow: number): boolean {
    const delta = sendWindow - this.#sendWindow;
    this.#sendWindow = sendWindow;
    return this.sender.shift(this.#table, delta);
  }

  /** Gives the handler what the last read has brought. It may do anything meanwhile. */
  deliver(): void {
    const touched = this.#touched;
    for (const stream of touched) stream.deliver();
    touched.length = 0;
    this.sender.flush();
  }

  /** Hands over the requests that wait for it, unless the connection is hushed. The handler may do anything meanwhile. */
  handOver(): void {
    this.#queue.handOver(this.#options.hush.isOn);
  }

  /** The socket has taken what it had. */
  drained(): void {
    this.sender.flush();
    if (!this.#queue.isEmpty) this.#options.planned();
  }

  /** Judges the waits of all streams. While others that are not read have used up the connection's window, none can send. */
  sweep(now: number): void {
    const mayCome = this.#window.open > 0;
    for (const stream of this.#table) {
      const fault = stream.sweep(now, mayCome);
      if (fault === 'stalled') this.reset(stream, fault);
      else if (fault !== null && this.#queue.refuse(stream, fault)) this.#options.planned();
    }
    // What waited to be sent has gone out by and by.
    this.#memory.settle(this.#heldBytes);
  }

  /** The client has closed its side: what has not come whole never will. */
  endBodies(): void {
    for (const stream of this.#table) {
      if (stream.halfClosed || this.#queue.refuse(stream, 'incomplete-request')) continue;
      stream.bodyFailed('incomplete-request');
    }
  }

  /** Ends all streams without a word, since the connection has ended. None of them writes any more when the first is told. */
  abandon(): void {
    this.#abandoned = true;
    this.sender.stop();
    const streams = [...this.#table];
    for (const stream of streams) this.#forget(stream, 'reset-by-us');
    for (const stream of streams) stream.leave();
    this.#memory.settle(0);
  }

  moment(): number {
    return this.nowMs;
  }

  head(stream: Http2Exchange, block: string, endStream: boolean): void {
    if (!this.#isOpen(stream)) return;
    const whole = this.#saidTable ? block : NO_TABLE + block;
    this.#saidTable = true;
    this.#writer.append(headerFrames(stream.id, whole, endStream, this.bounds.frameBytes));
    this.#options.answered();
  }

  end(stream: Http2Exchange, code: number | null, fault: Http2Fault | null): void {
    if (!this.#isOpen(stream)) return;
    if (code !== null) this.#writer.append(rstStream(stream.id, code));
    this.#forget(stream, code === null ? 'ended' : 'reset-by-us');
    if (fault !== null) this.#options.faulted(fault);
  }

  consumed(stream: Http2Exchange, bytes: number): void {
    if (!this.#isOpen(stream)) return;
    stream.owedBytes -= bytes;
    this.#owedBytes -= bytes;
    const due = stream.takesMore ? stream.receiveWindow.give(bytes) : 0;
    if (due > 0) this.#writer.append(windowUpdate(stream.id, due));
    this.#credit(bytes);
  }

  hush(ms: number): void {
    this.#options.hush.ask(ms);
  }

  retire(): void {
    this.#options.retired();
  }

  held(stream: Http2Exchange): void {
    if (!this.#memory.covers(this.#heldBytes)) this.reset(stream, 'memory', ErrorCode.enhanceYourCalm);
  }

  /** All that is held for the client. */
  get #heldBytes(): number {
    const ofStreams = this.#headBytes + this.#besideBytes + this.#owedBytes + this.sender.heldBytes;
    return ofStreams + this.#writer.waiting + this.#options.blocks.heldBytes;
  }

  /**
   * Whether the client takes too little for a further request to be begun: of what all its streams share, window or
   * socket, or of so many of them that more is held than when each is let wait with one piece.
   */
  get #isFull(): boolean {
    const { heldBytes, isShut } = this.sender;
    const { waiting } = this.#writer;
    const shared = isShut || waiting >= SIDE_BUFFER_BYTES ? waiting + heldBytes : waiting;
    return shared > this.bounds.heldBytes || heldBytes > this.bounds.streams * SIDE_BUFFER_BYTES;
  }

  #isOpen(stream: Http2Exchange): boolean {
    return this.#table.get(stream.id) === stream;
  }

  #admit(id: number, head: Http2RequestHead, ended: boolean): Http2Exchange | null {
    const { bytes } = head;
    const beside = besideText(head);
    const fits = this.#headBytes + bytes <= this.bounds.headsBytes;
    const hasRoom = fits && this.#memory.covers(this.#heldBytes + bytes + beside);
    if (this.#table.isFull || !hasRoom) {
      this.refuse(id, hasRoom ? 'refused' : 'memory', 'refused');
      return null;
    }
    const stream = new Http2Exchange(this, id, head, ended);
    stream.window = this.#sendWindow;
    this.#headBytes += bytes;
    this.#besideBytes += beside;
    this.#table.open(id, stream);
    this.#queue.add(stream);
    this.#options.planned();
    return stream;
  }

  #touch(stream: Http2Exchange): void {
    // It may have been this that its request waited for.
    if (!this.#queue.isEmpty) this.#options.planned();
    if (this.#touched.at(-1) !== stream) this.#touched.push(stream);
  }

  #forget(stream: Http2Exchange, how: ClosedHow): void {
    this.#table.close(stream.id, how);
    if (this.#receiver === stream) this.#receiver = null;
    this.#headBytes -= stream.head.bytes;
    this.#besideBytes -= besideText(stream.head);
    this.#owedBytes -= stream.owedBytes;
    this.#credit(stream.owedBytes);
    stream.owedBytes = 0;
    this.sender.drop(stream);
    this.#memory.settle(this.#heldBytes);
    if (this.#table.size === 0) this.#options.planned();
  }

  #credit(bytes: number): void {
    const due = this.#abandoned ? 0 : this.#window.give(bytes);
    if (due > 0) this.#writer.append(windowUpdate(0, due));
  }
}

/** The problem that a message has by what followed its head; null where it is none of the message. */
function malformedBy(fault: Http2Fault): ProblemCode | null {
  if (fault === 'content-length-mismatch') return fault;
  return fault === 'trailers' ? 'malformed-header' : null;
}

function besideText({ fields }: Http2RequestHead): number {
  return STREAM_BYTES + FIELD_BYTES * fields.size;
}
