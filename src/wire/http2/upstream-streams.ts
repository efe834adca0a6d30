import type { DirectWriter } from '../direct-writer.ts';
import { type CallState, unprocessed, type UpstreamFailure } from '../upstream-call.ts';
import { MISMEASURED, type UpstreamBounds } from '../upstream-connection.ts';
import { DataSender } from './data-sender.ts';
import { headerFrames, rstStream, windowUpdate } from './frame-writer.ts';
import { NO_TABLE, type RequestHeadEncoder } from './hpack-encoder.ts';
import { ErrorCode, FIRST_WINDOW_BYTES, type Http2Bounds, type Http2Fault } from './protocol.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type StreamOwner, UpstreamStream } from './upstream-stream.ts';

/** RFC 9113 §5.1.1: numbers of streams end here. */
const LAST_ID = 0x7fff_ffff;
/**
 * An upstream that counts how many streams its clients reset (CVE-2023-44487) would end the connection for all calls on
 * it. Behind so many at once the connection is worn, until time has made up for some: Netty's servers allow 200 in 30 s.
 */
const RESETS_AT_ONCE = 100;
const RESETS_PER_SECOND = 3;

/** What the streams of a connection are built from. */
export interface UpstreamStreamsOptions {
  readonly scheme: 'http' | 'https';
  readonly bounds: Http2Bounds;
  readonly encoder: RequestHeadEncoder;
  readonly monotonic: () => number;
  readonly writer: DirectWriter;
  /** A call holds its stream no more. Must not call back. */
  readonly left: (call: CallState) => void;
  /** A call has failed. `again`: it may be sent again on another connection. It may do anything. */
  readonly failed: (call: CallState, failure: UpstreamFailure, again: boolean) => void;
  /** Callers have been told of all that has come about; `freed`: there may be room for more calls than before. */
  readonly told: (freed: boolean) => void;
}

/** The calls of one connection to an upstream, and what they share. Frames are judged here as far as they are about one call. */
export class UpstreamStreams implements StreamOwner {
  readonly sender: DataSender<UpstreamStream>;
  readonly streamWindowBytes: number;
  readonly monotonic: () => number;
  nowMs: number;
  readonly #options: UpstreamStreamsOptions;
  readonly #writer: DirectWriter;
  readonly #window: ReceiveWindow;
  /** Streams that frames may still come of. */
  readonly #open = new Map<number, UpstreamStream>();
  /** Those that are over, and whose caller has not taken all that came. */
  readonly #untaken = new Set<UpstreamStream>();
  /** Those of which a caller is to hear. */
  readonly #touched: UpstreamStream[] = [];
  /** Frames are being read, or callers told: what comes of it is told behind that. */
  #busy = false;
  #freed = false;
  #nextId = 1;
  #sendWindow = FIRST_WINDOW_BYTES;
  /** A header block has gone out, with the size of our encoder's table before it. */
  #saidTable = false;
  /** A call has come to its end here: the connection was good for something. */
  #served = false;
  /** Resets that are left before the connection is worn; when that was reckoned last. */
  #resetsLeft = RESETS_AT_ONCE;
  #reckonedMs: number;
  /** What may still come of streams that are over: what was open of those that we have reset, and one window for slips. */
  #strayBytes: number;
  /** Nothing more is to be written. */
  #abandoned = false;
  /** The stream whose DATA frame is being read; null where nobody takes it. */
  #receiver: UpstreamStream | null = null;
  #flowBytes = 0;

  constructor(options: UpstreamStreamsOptions) {
    const { bounds, monotonic, writer } = options;
    this.#options = options;
    this.#writer = writer;
    this.monotonic = monotonic;
    this.nowMs = this.#reckonedMs = monotonic();
    this.streamWindowBytes = this.#strayBytes = bounds.streamWindowBytes;
    this.#window = new ReceiveWindow(bounds.connectionWindowBytes);
    this.sender = new DataSender<UpstreamStream>(writer, {
      drained: ({ call }) => call.events.drained(),
      // Whoever waits for this to write on has nothing more, but may have something else to do then.
      ended: ({ call }) => call.events.drained(),
    });
  }

  /** Calls that are here. */
  get size(): number {
    return this.#open.size + this.#untaken.size;
  }

  /** Streams that the upstream counts as open. */
  get live(): number {
    return this.#open.size;
  }

  /** Whether there has been a call. */
  get wereUsed(): boolean {
    return this.#nextId > 1;
  }

  /** Whether no more calls should be begun: for a while, or where numbers are used up for good. */
  get areWorn(): boolean {
    return this.#resetsLeft < 1 || this.#nextId > LAST_ID;
  }

  /** Each call that is here. */
  *calls(): Generator<CallState> {
    for (const { call } of this.#open.values()) yield call;
    for (const { call } of this.#untaken) yield call;
  }

  get(id: number): UpstreamStream | undefined {
    return this.#open.get(id);
  }

  /** Whether nobody has opened this stream: it is of the side that opens none, or above all before it (RFC 9113 §5.1.1). */
  isIdle(id: number): boolean {
    return (id & 1) === 0 || id >= this.#nextId;
  }

  /** Sends a request's head, at this moment, and gives the stream on which its body may follow. */
  begin(call: CallState, atMs: number): UpstreamStream {
    const { scheme, bounds, encoder } = this.#options;
    this.nowMs = atMs;
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new UpstreamStream(this, id, call, this.#sendWindow);
    this.#open.set(id, stream);
    const block = encoder.encode(call.request, scheme);
    const whole = this.#saidTable ? block : NO_TABLE + block;
    this.#saidTable = true;
    this.#writer.append(headerFrames(id, whole, stream.requestDone, bounds.frameBytes));
    if (this.#writer.unsent) stream.headAt = this.#writer.handedOver;
    return stream;
  }

  /** Gives a call up; nothing of it is told any more. What still comes of it is thrown away. */
  abort(stream: UpstreamStream): void {
    if (!stream.stop() || stream.failure !== null) return;
    this.#forget(stream, ErrorCode.cancel);
    this.tell();
  }

  /** A DATA frame begins, of a stream that is open or not. What it does to the connection, where that ends by it. */
  beginData(stream: UpstreamStream | undefined, flowBytes: number): Http2Fault | null {
    this.#receiver = null;
    this.#flowBytes = flowBytes;
    if (!this.#window.take(flowBytes)) return 'window-overrun';
    // At once, whoever takes the data when: one client that reads slowly would hold up all others. What a connection may
    // bring that nobody has taken is bounded by the windows of its streams.
    const due = flowBytes === 0 ? 0 : this.#window.give(flowBytes);
    if (due > 0) this.#writer.append(windowUpdate(0, due));
    if (stream === undefined) {
      // Who sends more than it may does not care for what we say.
      this.#strayBytes -= flowBytes;
      return this.#strayBytes < 0 ? 'closed-stream-flood' : null;
    }
    if (stream.receiveWindow.take(flowBytes)) this.#receiver = stream;
    else this.end(stream, ErrorCode.flowControlError, malformed('window-overrun'));
    return null;
  }

  /** Data of the present frame. */
  data(bytes: Buffer, from: number, to: number): void {
    const stream = this.#receiver;
    if (stream !== null) this.judge(stream, stream.data(bytes, from, to));
  }

  /** The present frame ends. False where it has brought next to nothing, which is to be counted. */
  endData(dataBytes: number, endStream: boolean): boolean {
    const stream = this.#receiver;
    const padding = this.#flowBytes - dataBytes;
    this.#receiver = null;
    if (stream !== null) {
      if (padding > 0) this.consumed(stream, padding);
      if (endStream) this.judge(stream, stream.end());
    }
    return (stream !== null && endStream) || (dataBytes > 0 && padding <= dataBytes);
  }

  /** Goes on with a stream to which something has come, unless that was wrong. */
  judge(stream: UpstreamStream, fault: string | null): void {
    if (fault !== null) {
      this.end(stream, ErrorCode.protocolError, malformed(fault));
      return;
    }
    if (this.#touched.at(-1) !== stream) this.#touched.push(stream);
    if (!stream.ended) return;
    stream.wasCutShort = stream.held !== null;
    this.#served = true;
    if (!stream.hasLeft) this.#untaken.add(stream);
    // A reply may come before the request is whole (RFC 9113 §8.1): the rest of it is of no use.
    this.#close(stream, stream.isSent ? null : ErrorCode.cancel);
  }

  /** Ends a call that fails, with RST_STREAM where there is a code. Its caller hears of it by `tell`. */
  end(stream: UpstreamStream, code: number | null, failure: UpstreamFailure): void {
    stream.failure = failure;
    this.#forget(stream, code);
    this.#touched.push(stream);
  }

  /** The upstream goes away (RFC 9113 §6.8): it has done nothing with streams above this one. */
  endAbove(lastId: number, failure: UpstreamFailure): void {
    for (const stream of this.#open.values()) {
      if (stream.id <= lastId) continue;
      stream.untouched = stream.isSilent;
      this.end(stream, null, stream.untouched ? unprocessed(failure) : failure);
    }
  }

  /**
   * The connection is lost, and with it all calls whose reply is not here whole. Asking again is safe for what was not
   * sent, and, where the method allows it, for what was not answered on a connection that had been good before.
   * `sendsOn`: what was put off still goes out.
   */
  abandon(failure: UpstreamFailure, sendsOn: boolean): void {
    const wasCut = failure.code === 'upstream-incomplete-reply';
    const { handedOver } = this.#writer;
    const unsent = this.#writer.unsent && !sendsOn;
    this.#abandoned = true;
    for (const stream of this.#open.values()) {
      const { isSilent, call } = stream;
      const isUnsent = unsent && stream.headAt === handedOver;
      stream.untouched = isUnsent || (wasCut && this.#served && isSilent && call.replayable);
      const told = wasCut && isSilent ? ({ ...failure, code: 'upstream-unreachable' } as const) : failure;
      this.end(stream, null, isUnsent ? unprocessed(told) : told);
    }
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.9.2). False where a window would be larger than one can be. */
  resize(sendWindow: number): boolean {
    const delta = sendWindow - this.#sendWindow;
    this.#sendWindow = sendWindow;
    return this.sender.shift(this.#open.values(), delta);
  }

  /** Judges the waits of all calls. */
  sweep(now: number, times: UpstreamBounds): void {
    const passedMs = Math.max(0, now - this.#reckonedMs);
    this.#reckonedMs = now;
    this.#resetsLeft = Math.min(RESETS_AT_ONCE, this.#resetsLeft + (passedMs * RESETS_PER_SECOND) / 1_000);
    for (const stream of this.#open.values()) {
      const failure = stream.sweep(now, times);
      if (failure !== null) this.end(stream, ErrorCode.cancel, failure);
    }
  }

  /** Until `tell`, callers hear of nothing. */
  hush(): void {
    this.#busy = true;
  }

  /** Ends what `hush` began. */
  unhush(): void {
    this.#busy = false;
    this.tell();
  }

  /** Tells callers of all that has come about. They may do anything meanwhile. */
  tell(): void {
    if (this.#busy) return;
    this.#busy = true;
    const touched = this.#touched;
    for (const stream of touched) {
      if (stream.failure === null) stream.deliver();
      else if (stream.stop()) this.#options.failed(stream.call, stream.failure, isRepeatable(stream));
    }
    touched.length = 0;
    this.#busy = false;
    const freed = this.#freed;
    this.#freed = false;
    this.#options.told(freed);
  }

  consumed(stream: UpstreamStream, bytes: number): void {
    const due = stream.receiveWindow.give(bytes);
    if (due > 0 && !this.#abandoned && !stream.ended) this.#writer.append(windowUpdate(stream.id, due));
  }

  settled(stream: UpstreamStream): void {
    // Where there can be no body, the end of the stream may come later: it is only waited for.
    if (!stream.ended && stream.isSent) this.#leave(stream);
    else this.#forget(stream, stream.ended ? null : ErrorCode.cancel);
    this.tell();
  }

  mismeasured(stream: UpstreamStream): void {
    this.end(stream, ErrorCode.cancel, MISMEASURED);
    this.tell();
  }

  /** Nobody waits for anything of the stream any more. */
  #forget(stream: UpstreamStream, code: number | null): void {
    this.#close(stream, code);
    this.#untaken.delete(stream);
    this.#leave(stream);
  }

  #leave(stream: UpstreamStream): void {
    if (stream.hasLeft) return;
    stream.hasLeft = true;
    this.#freed = true;
    this.#options.left(stream.call);
  }

  /** No frame of the stream means anything from now on. */
  #close(stream: UpstreamStream, code: number | null): void {
    if (!this.#open.delete(stream.id)) return;
    if (this.#receiver === stream) this.#receiver = null;
    this.sender.drop(stream);
    this.#freed = true;
    if (code === null || this.#abandoned) return;
    this.#resetsLeft--;
    if (!stream.ended) this.#strayBytes += stream.receiveWindow.open;
    this.#writer.append(rstStream(stream.id, code));
  }
}

/** Bodies are not kept, so a request with one is not sent again, whatever the upstream has done with it (docs/adr/0012). */
function isRepeatable({ call, untouched }: UpstreamStream): boolean {
  return untouched && call.request.framing.kind === 'none';
}

/** A fault of the upstream's as a failure. */
export function malformed(detail: string): UpstreamFailure {
  return { code: 'upstream-malformed-reply', detail };
}
