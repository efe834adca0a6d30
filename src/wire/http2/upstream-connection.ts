import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { DirectWriter } from '../direct-writer.ts';
import { type CallState, unprocessed, type UpstreamFailure } from '../upstream-call.ts';
import { failureOf } from '../upstream-failure.ts';
import { ConnectionTalk } from './connection-talk.ts';
import { settingFault } from './frame-judge.ts';
import { type BlockOpening, type FrameEvents, FrameReader } from './frame-reader.ts';
import { goaway, ping } from './frame-writer.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { REPLY_RULES } from './hpack-field.ts';
import { ErrorCode, HTTP2_FAULTS, type Http2Fault, Setting } from './protocol.ts';
import { ReplyBlock } from './reply-head.ts';
import { TrailerBlock } from './request-block.ts';
import { clientGreeting } from './greeting.ts';
import type { Http2UpstreamHost } from './upstream-host.ts';
import { Silence } from './upstream-silence.ts';
import type { UpstreamStream } from './upstream-stream.ts';
import { malformed, UpstreamStreams } from './upstream-streams.ts';

/** A connection that is over is gone by then, if need be without its last words. */
const LINGER_MS = 3_000;

/**
 * One HTTP/2 connection to an upstream (RFC 9113): over TLS where ALPN agrees to it, else by prior knowledge (§3.3). No
 * request goes out before the upstream's SETTINGS came, so none ever reaches a server that speaks something else. What
 * breaks a rule of one stream ends that call, what breaks one of the connection all of them.
 */
export class Http2UpstreamConnection implements FrameEvents {
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #host: Http2UpstreamHost<Http2UpstreamConnection>;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #replyBlock = new ReplyBlock();
  readonly #trailers = new TrailerBlock();
  readonly #talk: ConnectionTalk;
  readonly #silence: Silence;
  readonly #streams: UpstreamStreams;
  readonly #openedMs: number;
  #stage: 'connecting' | 'greeting' | 'ready' | 'over' = 'connecting';
  /** When the present stage began. */
  #since: number;
  /** Takes no further calls, and closes behind those that it has. */
  #leaving = false;
  /** Calls that it has refused, and whether one of them was since the last sweep. */
  #refusals = 0;
  #refuses = false;
  /** Why it is over, until the pool has been told, */
  #lost: UpstreamFailure | null = null;
  /** and whether that was before it took calls, by hanging up. */
  #hungUpEarly = false;
  #streamLimit = Number.POSITIVE_INFINITY;
  #widened = false;

  constructor(
    socket: Socket,
    host: Http2UpstreamHost<Http2UpstreamConnection>,
    readyEvent: 'connect' | 'secureConnect',
  ) {
    const { scheme, bounds, encoder, monotonic, times } = host;
    const writer = new DirectWriter(socket, () => this.#onDrain());
    this.#socket = socket;
    this.#writer = writer;
    this.#host = host;
    this.#since = this.#openedMs = monotonic();
    this.#reader = new FrameReader('client', this, bounds);
    this.#decoder = new HpackDecoder(REPLY_RULES, bounds.tableBytes, bounds);
    this.#silence = new Silence(this.#openedMs, Math.max(times.responseMs, times.idleMs));
    this.#streams = new UpstreamStreams({
      scheme,
      bounds,
      encoder,
      monotonic,
      writer,
      left: (call) => host.left(call),
      failed: (call, failure, again) => host.failed(call, failure, again),
      told: (freed) => this.#onTold(freed),
    });
    const { sender } = this.#streams;
    this.#talk = new ConnectionTalk({ bounds, writer, sender, fail: (fault) => this.#fail(fault) });
    socket.on(readyEvent, () => this.#onReady());
    socket.on('end', () => this.#hungUp(cut('connection closed by the upstream')));
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (fault: NodeJS.ErrnoException) => this.#hungUp(failureOf(fault, this.#stage !== 'connecting')));
    socket.on('close', () => this.#hungUp(cut('connection closed')));
  }

  /** Calls that it would take now. */
  get free(): number {
    const isCrowded = this.#writer.waiting > this.#host.bounds.heldBytes;
    if (this.standing !== 'open' || this.#refuses || isCrowded) return 0;
    const { size, live } = this.#streams;
    return Math.max(0, Math.min(this.#streamLimit - live, this.#host.bounds.streams - size));
  }

  /** Calls that it would take at most, as far as the upstream has said. */
  get limit(): number {
    return Math.min(this.#streamLimit, this.#host.bounds.streams);
  }

  /** Calls that it carries. */
  get size(): number {
    return this.#streams.size;
  }

  /** Each of them. */
  calls(): Iterable<CallState> {
    return this.#streams.calls();
  }

  /** `new` before it takes calls, `gone` when it takes no more; one that is worn may get `open` again. */
  get standing(): 'new' | 'open' | 'gone' {
    if (this.#stage === 'over' || this.#leaving || this.#streams.areWorn) return 'gone';
    return this.#stage === 'ready' ? 'open' : 'new';
  }

  /** Whether it has ever carried a call. */
  get wasUsed(): boolean {
    return this.#streams.wereUsed;
  }

  /** Whether it is over, its last words included. */
  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends a request's head, at this moment, and gives the stream on which its body may follow. Only while `free`. */
  carry(call: CallState, atMs: number): UpstreamStream {
    if (this.#streams.size === 0) this.#silence.heard(atMs);
    this.#talk.sentHead();
    return this.#streams.begin(call, atMs);
  }

  /** Gives a call up. */
  abort(stream: UpstreamStream): void {
    this.#streams.abort(stream);
  }

  /** Takes no further calls, and closes behind those that it has. */
  leave(): void {
    this.#leaving = true;
    this.#streams.tell();
  }

  /** Bytes have come, in a buffer that the next read overwrites. */
  receive(lent: Buffer): void {
    if (this.#stage === 'over') return;
    const now = this.#host.monotonic();
    this.#streams.nowMs = now;
    this.#streams.hush();
    this.#reader.read(lent);
    this.#silence.read(this.#reader.wholeCount, now);
    this.#streams.unhush();
    this.#onDrain();
  }

  /** Judges all waits against the bounds; called about twice a second. */
  sweep(now: number): void {
    if (this.#stage === 'over') {
      if (now - this.#since > LINGER_MS) this.#socket.destroy();
      return;
    }
    const { times, bounds } = this.#host;
    this.#streams.nowMs = now;
    this.#refuses = false;
    this.#talk.refill(now);
    this.#streams.sweep(now, times);
    if (this.#stage !== 'ready') {
      const detail = `no connection within ${times.connectMs} ms`;
      if (now - this.#openedMs > times.connectMs) this.#lose({ code: 'upstream-timeout', detail });
    } else if (!this.#talk.acknowledged && now - this.#since > bounds.settingsAckMs) this.#fail('settings-timeout');
    else this.#sweepSilence(now);
    // What only an event of the socket would have told is not to wait for ever.
    this.#onDrain();
    this.#streams.tell();
  }

  headerBlock({ streamId, endStream }: BlockOpening, bytes: Buffer, from: number, to: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined && this.#streams.isIdle(streamId)) {
      this.#fail('stream-id');
      return;
    }
    const isHead = stream?.awaitsHead === true;
    const into = isHead ? this.#replyBlock : this.#trailers;
    into.clear();
    // Whatever becomes of a block, it has changed the table that the next one needs (RFC 7541 §2.2).
    const broken = this.#decoder.decode(bytes, from, to, into);
    if (broken !== null) this.#fail(broken);
    else if (stream === undefined || stream.ended) this.#talk.chat('closed-stream-flood');
    else if (isHead) {
      const { method } = stream.call.request;
      this.#streams.judge(stream, stream.head(this.#replyBlock.read(method, endStream), endStream));
    } else if (!endStream) this.#streams.judge(stream, 'trailers that do not end their stream');
    else this.#streams.judge(stream, this.#trailers.fault ?? stream.end(this.#trailers.fields()));
  }

  dataBegins(streamId: number, flowBytes: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined && this.#streams.isIdle(streamId)) this.#fail('idle-stream');
    else {
      const fault = this.#streams.beginData(stream, flowBytes);
      if (fault !== null) this.#fail(fault);
    }
  }

  data(_streamId: number, bytes: Buffer, from: number, to: number): void {
    this.#streams.data(bytes, from, to);
  }

  dataEnds(_streamId: number, dataBytes: number, endStream: boolean): void {
    if (!this.#streams.endData(dataBytes, endStream)) this.#talk.chat('empty-data-flood');
  }

  reset(streamId: number, code: number): void {
    const stream = this.#openStream(streamId);
    if (stream === null) return;
    const isRefused = code === ErrorCode.refusedStream;
    stream.untouched = isRefused && stream.isSilent;
    if (isRefused) {
      // What was refused goes over another connection. Once may be that limit and call have crossed; twice is an answer.
      this.#refuses = true;
      this.#leaving ||= ++this.#refusals > 1;
    }
    const failure = cut(`stream reset by the upstream: ${code}`);
    this.#streams.end(stream, null, stream.untouched ? unprocessed(failure) : failure);
  }

  /** Priorities are a client's to send. */
  priority(_streamId: number, _dependsOn: number, soundLength: boolean): void {
    if (soundLength) this.#talk.chat('priority-flood');
    else this.#fail('frame-size');
  }

  setting(id: number, value: number): void {
    // A server may not even say that it would push (RFC 9113 §6.5.2).
    const fault = id === Setting.enablePush && value !== 0 ? 'setting-value' : settingFault(id, value);
    if (fault !== null) this.#fail(fault);
    else if (id === Setting.maxConcurrentStreams) {
      this.#widened ||= value > this.#streamLimit;
      this.#streamLimit = value;
    } else if (id === Setting.initialWindowSize && !this.#streams.resize(value)) this.#fail('window-overflow');
  }

  settingsEnd(): void {
    if (!this.#talk.settingsEnd()) return;
    if (this.#stage !== 'greeting') return;
    this.#stage = 'ready';
    this.#since = this.#streams.nowMs;
    this.#widened = true;
  }

  settingsAck(): void {
    this.#talk.settingsAck();
  }

  ping(opaque: string): void {
    this.#talk.ping(opaque);
  }

  pingAck(opaque: string): void {
    if (!this.#silence.answered(opaque)) this.#talk.chat('ping-flood');
  }

  goaway(lastStreamId: number, code: number): void {
    this.#talk.chat('unknown-frame-flood');
    this.#leaving = true;
    const failure: UpstreamFailure = { code: 'upstream-unreachable', detail: `the upstream goes away: ${code}` };
    this.#streams.endAbove(lastStreamId, failure);
  }

  windowUpdate(streamId: number, increment: number): void {
    const stream = streamId === 0 ? undefined : this.#openStream(streamId);
    if (stream === null) return;
    const fault = increment === 0 ? 'window-zero' : 'window-overflow';
    if (increment > 0 && this.#streams.sender.opened(stream ?? null, increment)) this.#talk.chat('window-update-flood');
    else if (stream === undefined) this.#fail(fault);
    else this.#streams.end(stream, HTTP2_FAULTS[fault].code, malformed(fault));
  }

  unknown(): void {
    this.#talk.chat('unknown-frame-flood');
  }

  fault(fault: Http2Fault): void {
    this.#fail(fault);
  }

  /** The stream, where its reply is not whole yet; else the frame is counted, or was of a stream that never was. */
  #openStream(streamId: number): UpstreamStream | null {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined && !stream.ended) return stream;
    if (stream === undefined && this.#streams.isIdle(streamId)) this.#fail('idle-stream');
    else this.#talk.chat('closed-stream-flood');
    return null;
  }

  #onReady(): void {
    if (this.#stage !== 'connecting') return;
    const socket = this.#socket;
    if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
      this.#lose({ code: 'upstream-tls', detail: 'the upstream does not agree to h2 (ALPN)' });
      return;
    }
    this.#stage = 'greeting';
    this.#writer.append(clientGreeting(this.#host.bounds));
  }

  #onDrain(): void {
    if (this.#stage !== 'over') this.#streams.sender.flush();
  }

  /** Callers have heard of all there is: now the pool does. */
  #onTold(freed: boolean): void {
    const { size } = this.#streams;
    if (freed && size === 0) this.#silence.heard(this.#streams.nowMs);
    if (size === 0 && (this.#leaving || this.#streams.areWorn)) this.#close(LEFT, ErrorCode.noError);
    const lost = this.#lost;
    this.#lost = null;
    const widened = this.#widened;
    this.#widened = false;
    if (lost !== null) this.#host.lost(this, lost, this.#hungUpEarly);
    else if (freed || widened) this.#host.freed();
  }

  #sweepSilence(now: number): void {
    const { waiting } = this.#writer;
    const flushed = this.#socket.bytesWritten - waiting;
    switch (this.#silence.judge(now, { hasCalls: this.#streams.size > 0, waiting, flushed })) {
      case 'fine':
        return;
      case 'ask':
        this.#writer.append(ping(this.#silence.question));
        return;
      case 'idle':
        this.#leaving = true;
        return;
      case 'dead':
        this.#lose({ code: 'upstream-timeout', detail: 'no answer to a PING' });
        return;
      case 'deaf':
        this.#lose({ code: 'upstream-timeout', detail: 'too little of what is sent is taken' });
    }
  }

  /** The other end has closed the connection, or something on the way has. Before its greeting nothing was asked of it. */
  #hungUp(failure: UpstreamFailure): void {
    if (this.#stage === 'over') return;
    this.#hungUpEarly = this.#stage === 'greeting';
    const isEarly = this.#stage !== 'ready' && failure.code === 'upstream-incomplete-reply';
    this.#lose(isEarly ? { ...failure, code: 'upstream-unreachable' } : failure);
  }

  /** Ends the connection for a fault of the upstream. */
  #fail(fault: Http2Fault): void {
    this.#lose(malformed(fault), HTTP2_FAULTS[fault].code);
  }

  /** Ends the connection, and all calls whose reply is not here whole. `code`: what GOAWAY says, where it says something. */
  #lose(failure: UpstreamFailure, code: number | null = null): void {
    if (this.#stage === 'over') return;
    this.#streams.abandon(failure, code !== null);
    this.#close(failure, code);
    this.#streams.tell();
  }

  #close(failure: UpstreamFailure, code: number | null): void {
    if (this.#stage === 'over') return;
    const stood = this.#stage !== 'connecting';
    this.#stage = 'over';
    this.#since = this.#host.monotonic();
    this.#lost = failure;
    this.#reader.stop();
    if (code === null || !stood) {
      this.#socket.destroy();
      return;
    }
    this.#writer.append(goaway(0, code));
    this.#writer.stream().destroySoon();
  }
}

const LEFT: UpstreamFailure = { code: 'upstream-unreachable', detail: 'left' };

function cut(detail: string): UpstreamFailure {
  return { code: 'upstream-incomplete-reply', detail };
}
