import type { Socket } from 'node:net';
import { DirectWriter } from '../direct-writer.ts';
import type { ConnectionOptions } from '../connection-options.ts';
import type { Sheddable } from '../idle-shedding.ts';
import { lendReads } from '../lent-reads.ts';
import type { Http2Offer, ServerBounds } from '../server.ts';
import { handOverLater, type TurnWork } from '../turn-end.ts';
import { BlockReader } from './block-reader.ts';
import { ConnectionStreams } from './connection-streams.ts';
import { ConnectionTalk } from './connection-talk.ts';
import { ConnectionWaits, type Overdue } from './connection-waits.ts';
import { judgeFrame, judgePriority, type Judgement, settingFault } from './frame-judge.ts';
import { type BlockOpening, type FrameEvents, FrameReader } from './frame-reader.ts';
import { goaway, ping } from './frame-writer.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { greetingOf } from './greeting.ts';
import { Lingering } from '../lingering.ts';
import { Hush } from './hush.ts';
import { ErrorCode, HTTP2_FAULTS, type Http2Bounds, type Http2Fault, Setting } from './protocol.ts';

/** A GOAWAY with it promises that what is under way will be taken (RFC 9113 §6.8). */
const EVERY_STREAM = 0x7fff_ffff;
/** Its acknowledgement tells that the client has seen the GOAWAY before it. */
const DRAIN_PING = 'draining';

/** Why a connection ended before a request could be read. */
export type Unheard = 'bad-preface' | 'slow-frame';

/** What a connection is built from: see `ConnectionOptions`. */
export interface Http2Options extends ConnectionOptions {
  readonly bounds: ConnectionBounds;
  readonly http2: Omit<Http2Offer, 'bounds'>;
  /** Counts a connection that ended before a request could be read; once. */
  readonly turnedAway: (reason: Unheard) => void;
}

/** All bounds of a connection. */
export type ConnectionBounds = ServerBounds & Http2Bounds;

/** `asked`: the client was told to open no more; `told`: what it has opened since is not taken. */
type Drain = 'no' | 'asked' | 'told';

/**
 * One client connection speaking HTTP/2 (RFC 9113). Frames are worked off as they are read, and what they say of a stream
 * is gathered there; the handler gets requests and bodies only behind that, so none of its work comes between two frames.
 * A new request waits for the end of the event loop's turn: what is reset before then never reaches the handler.
 */
export class Http2Connection implements FrameEvents, Sheddable, TurnWork {
  readonly #socket: Socket;
  readonly #writer: DirectWriter;
  readonly #options: Http2Options;
  readonly #reader: FrameReader;
  readonly #blocks: BlockReader;
  readonly #talk: ConnectionTalk;
  readonly #waits: ConnectionWaits;
  readonly #streams: ConnectionStreams;
  readonly #hush: Hush;
  /** False when our side is closed: what still comes is thrown away. */
  #open = true;
  #lingering: Lingering | null = null;
  #drain: Drain = 'no';
  #drainAt = 0;
  /** The client has closed its side. */
  #ended = false;
  #requests = 0;
  #planned = false;

  constructor(socket: Socket, options: Http2Options) {
    const { peer, bounds, monotonic } = options;
    const now = monotonic();
    const writer = new DirectWriter(socket, () => this.#onDrain());
    this.#socket = socket;
    this.#writer = writer;
    this.#options = options;
    this.#reader = new FrameReader('server', this, bounds);
    this.#blocks = new BlockReader(peer.tls === null ? 'http' : 'https', bounds);
    this.#waits = new ConnectionWaits(bounds, now);
    const planned = (): void => this.#plan();
    const tell = (streams: number): void => this.#talk.tellStreams(streams);
    const limit = (streams: number): void => this.#streams.restrict(streams);
    this.#hush = new Hush({ bounds, after: options.after, monotonic, tell, limit, over: planned });
    const host = {
      blocks: this.#blocks,
      faulted: (fault: Http2Fault): void => this.#countFault(fault),
      answered: (): void => this.#talk.sentHead(),
      planned,
      hush: this.#hush,
      retired: (): void => this.drain(),
    };
    const { handler, http2 } = options;
    this.#streams = new ConnectionStreams({ peer, handler, memory: http2.memory, bounds, writer, ...host }, now);
    const { sender } = this.#streams;
    this.#talk = new ConnectionTalk({ bounds, writer, sender, fail: (fault) => this.#fail(fault) });
    writer.append(greetingOf(bounds));
    // What a socket has read before it was ours comes by its events, and so does then all that follows.
    const lends = socket.readableLength === 0 && lendReads(socket, (bytes) => this.#onRead(bytes));
    if (!lends) socket.on('data', (bytes: Buffer) => this.#onRead(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  /** Takes no new streams once the client has been told so; then the connection closes behind the last that is open (§6.8). */
  drain(): void {
    if (!this.#open || this.#drain !== 'no') return;
    this.#drain = 'asked';
    this.#drainAt = this.#options.monotonic();
    this.#writer.append(goaway(EVERY_STREAM, ErrorCode.noError) + ping(DRAIN_PING));
  }

  get idleSinceMs(): number | null {
    const isIdle = this.#open && this.#streams.size === 0 && this.#reader.partial === 'nothing';
    return isIdle ? this.#waits.busyAtMs : null;
  }

  get isEnding(): boolean {
    return !this.#open;
  }

  /** Closes in order if no stream is open, to make room; the client may ask anew on another connection. */
  shed(): void {
    if (this.idleSinceMs !== null) this.#endWait('idle');
  }

  /** Judges all waits against the bounds; called about twice a second. */
  sweep(now: number): void {
    this.#lingering?.sweep(now);
    if (!this.#open) return;
    this.#streams.nowMs = now;
    this.#talk.refill(now);
    this.#hush.sweep(now);
    if (this.#drain === 'asked' && now - this.#drainAt > this.#options.bounds.drainMs) this.#tellLast();
    this.#streams.sweep(now);
    // What only an event of the socket would have told is not to wait for ever.
    this.#streams.drained();
    if (this.#open) this.#sweepConnection(now);
  }

  /** Hands over what this turn has brought. */
  atTurnEnd(): void {
    this.#planned = false;
    if (!this.#open) return;
    this.#streams.handOver();
    if (this.#streams.size === 0 && (this.#ended || this.#drain === 'told')) this.#finish();
  }

  headerBlock({ streamId, endStream, dependsOn }: BlockOpening, bytes: Buffer, from: number, to: number): void {
    const stream = this.#streams.get(streamId);
    const judgement = judgeFrame('headers', this.#streams.stateOf(streamId, stream));
    const opens = judgement.does === 'opens';
    // Whatever becomes of a block, it has changed the table that the next one needs (RFC 7541 §2.2).
    const broken = this.#blocks.decode(bytes, from, to, opens ? 'request' : 'trailers');
    if (broken !== null) this.#fail(broken);
    else if (opens) this.#openStream(streamId, dependsOn, endStream);
    else if (stream === undefined || judgement.does !== 'takes') this.#act(judgement, streamId, stream);
    else if (endStream && this.#blocks.areSoundTrailers) this.#streams.endBody(stream);
    else this.#streams.reset(stream, 'trailers');
  }

  dataBegins(streamId: number, flowBytes: number): void {
    const stream = this.#streams.get(streamId);
    const judgement = judgeFrame('data', this.#streams.stateOf(streamId, stream));
    const taker = judgement.does === 'takes' && stream !== undefined ? stream : null;
    if (!this.#streams.beginData(taker, flowBytes)) this.#fail('window-overrun');
    else if (taker === null) this.#act(judgement, streamId, stream);
  }

  data(_streamId: number, bytes: Buffer, from: number, to: number): void {
    this.#streams.data(bytes, from, to);
  }

  dataEnds(_streamId: number, dataBytes: number, endStream: boolean): void {
    if (!this.#streams.endData(dataBytes, endStream)) this.#talk.chat('empty-data-flood');
  }

  reset(streamId: number): void {
    const stream = this.#streams.get(streamId);
    const judgement = judgeFrame('reset', this.#streams.stateOf(streamId, stream));
    if (stream === undefined || judgement.does !== 'takes') {
      this.#act(judgement, streamId, stream);
      return;
    }
    this.#streams.leave(stream);
    this.#talk.countReset();
  }

  priority(streamId: number, dependsOn: number, soundLength: boolean): void {
    const stream = this.#streams.get(streamId);
    const judgement = judgePriority(streamId, dependsOn, soundLength, this.#streams.stateOf(streamId, stream));
    if (judgement.does === 'drops') this.#talk.chat('priority-flood');
    else this.#act(judgement, streamId, stream);
  }

  setting(id: number, value: number): void {
    const fault = settingFault(id, value);
    if (fault !== null) this.#fail(fault);
    else if (id === Setting.initialWindowSize && !this.#streams.resize(value)) this.#fail('window-overflow');
  }

  settingsEnd(): void {
    this.#talk.settingsEnd();
  }

  settingsAck(): void {
    this.#talk.settingsAck();
    if (this.#talk.acknowledged) this.#hush.acknowledged();
  }

  ping(opaque: string): void {
    this.#talk.ping(opaque);
  }

  pingAck(opaque: string): void {
    if (this.#drain === 'asked' && opaque === DRAIN_PING) this.#tellLast();
    else this.#talk.chat('ping-flood');
  }

  /** We open no streams that it could refuse; the client leaves by itself. */
  goaway(): void {
    this.#talk.chat('unknown-frame-flood');
  }

  windowUpdate(streamId: number, increment: number): void {
    const stream = this.#streams.get(streamId);
    if (streamId !== 0) {
      const judgement = judgeFrame('window-update', this.#streams.stateOf(streamId, stream));
      if (judgement.does !== 'takes') {
        this.#act(judgement, streamId, stream);
        return;
      }
    }
    const isSound = increment > 0 && this.#streams.sender.opened(stream ?? null, increment);
    const fault = increment === 0 ? 'window-zero' : 'window-overflow';
    if (isSound) this.#talk.chat('window-update-flood');
    else if (stream === undefined) this.#fail(fault);
    else this.#streams.reset(stream, fault);
  }

  unknown(): void {
    this.#talk.chat('unknown-frame-flood');
  }

  fault(fault: Http2Fault): void {
    this.#fail(fault);
  }

  /** Does what was judged of a frame that nobody takes. */
  #act(judgement: Judgement, streamId: number, stream: Http2Exchange | undefined): void {
    if (judgement.does === 'ends') this.#fail(judgement.fault);
    else if (judgement.does !== 'resets') this.#talk.chat('closed-stream-flood');
    else if (stream !== undefined) this.#streams.reset(stream, judgement.fault);
    else this.#streams.refuse(streamId, judgement.fault, null);
  }

  #openStream(streamId: number, dependsOn: number, ended: boolean): void {
    const streams = this.#streams;
    if (this.#drain === 'told') {
      // It was told that this one is not taken, and opens it elsewhere.
      streams.ignore(streamId);
      this.#talk.chat('closed-stream-flood');
      return;
    }
    const reading = this.#blocks.request(ended);
    if (dependsOn === streamId) streams.refuse(streamId, 'self-dependency', 'reset-by-us');
    else if (reading.fault === null) streams.open(streamId, reading, ended);
    else if (!reading.malformed)
      streams.openRefused(streamId, { code: reading.fault, ended, asksForHead: this.#blocks.asksForHead });
    else {
      // Recorded like any other refusal; but who sends what is malformed is told no more than that (§8.1.1).
      const { handler, peer } = this.#options;
      handler.refused(reading.fault, peer, false);
      const fault = reading.fault === 'content-length-mismatch' ? reading.fault : 'malformed';
      streams.refuse(streamId, fault, 'reset-by-us');
    }
    this.#options.http2.counted('stream');
    if (++this.#requests >= this.#options.bounds.requestsPerConnection) this.drain();
  }

  #plan(): void {
    if (this.#planned || !this.#open) return;
    this.#planned = true;
    handOverLater(this);
  }

  #countFault(fault: Http2Fault): void {
    const { http2, peer } = this.#options;
    http2.faulted(fault, peer);
    this.#talk.countReset();
  }

  #onRead(bytes: Buffer): void {
    if (!this.#open) {
      this.#lingering?.read(bytes.length);
      return;
    }
    this.#streams.nowMs = this.#options.monotonic();
    this.#reader.read(bytes);
    this.#streams.deliver();
  }

  #onDrain(): void {
    if (this.#open) this.#streams.drained();
  }

  #sweepConnection(now: number): void {
    const { waiting } = this.#writer;
    const streams = this.#streams;
    const overdue = this.#waits.judge(now, {
      reader: this.#reader,
      sender: streams.sender,
      streams: streams.size,
      lastId: streams.lastId,
      acknowledged: this.#talk.acknowledged,
      waiting,
      flushed: this.#socket.bytesWritten - waiting,
      onlySends: this.#ended,
    });
    if (overdue !== null) this.#endWait(overdue);
  }

  #endWait(overdue: Overdue): void {
    switch (overdue) {
      case 'untaken':
        this.#options.http2.faulted('stalled', this.#options.peer);
        this.#giveUp();
        return;
      case 'gone':
        this.#giveUp();
        return;
      case 'idle':
        this.#writer.append(goaway(this.#streams.lastId, ErrorCode.noError));
        this.#finish();
        return;
      case 'stalled':
      case 'slow-frame':
      case 'settings-timeout':
        this.#fail(overdue);
    }
  }

  /** Nobody is there who would take a last word. */
  #giveUp(): void {
    this.#open = false;
    this.#reader.stop();
    this.#socket.destroy();
  }

  /** Names the last stream that is taken. */
  #tellLast(): void {
    this.#drain = 'told';
    this.#writer.append(goaway(this.#streams.lastId, ErrorCode.noError));
    this.#plan();
  }

  /** Ends the connection for a fault of the client. What the handler does not know of may be asked elsewhere (§6.8). */
  #fail(fault: Http2Fault): void {
    if (!this.#open) return;
    const { http2, peer, turnedAway } = this.#options;
    http2.faulted(fault, peer);
    const unheard = this.#streams.lastId === 0;
    if (unheard && (fault === 'bad-preface' || fault === 'slow-frame')) turnedAway(fault);
    this.#writer.append(goaway(this.#streams.lastHandedOver, HTTP2_FAULTS[fault].code));
    this.#finish();
    this.#streams.abandon();
  }

  /** Ends in order. */
  #finish(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#reader.stop();
    const { bounds, monotonic } = this.#options;
    this.#lingering = new Lingering(this.#socket, this.#writer, bounds.idleMs, monotonic());
    if (this.#ended) this.#socket.destroySoon();
  }

  /**
   * The client has closed its side: what it has asked for whole still gets its reply, if that comes soon. No client in use
   * closes one side only, so it may as well have gone, and then its requests are not to go on at the upstream.
   */
  #onEnd(): void {
    this.#ended = true;
    this.#waits.closedSide(this.#options.monotonic());
    this.#options.leaving?.();
    if (this.#open) {
      this.#streams.endBodies();
      this.#plan();
    } else this.#socket.destroySoon();
  }

  #onClose(): void {
    this.#open = false;
    this.#lingering = null;
    this.#reader.stop();
    this.#streams.abandon();
    this.#options.closed();
  }
}
