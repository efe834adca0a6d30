import { latin1Text } from '../octets.ts';
import { headFault, octet, PRIORITY_OCTETS, prefixOctets, SETTING_OCTETS, uint31, uint32 } from './frame-head.ts';
import { Flag, FrameType, type Http2Bounds, type Http2Fault } from './protocol.ts';

/**
 * What a connection's frames say, in their order. Bytes are lent (lent-reads.ts): `from` to `to` may be used until the
 * call returns. Stream numbers are sound by their frame's type; whether a stream may get the frame is for the receiver to
 * judge. It may call `stop` in any of them. Nothing is called after `fault`.
 */
export interface FrameEvents {
  /** A header block, whole (RFC 9113 §4.3) and without padding. `opening` is lent as the bytes are. */
  headerBlock(opening: BlockOpening, bytes: Buffer, from: number, to: number): void;
  /** The head of a DATA frame: so much of the windows its payload takes, padding included (§6.9.1). */
  dataBegins(streamId: number, flowBytes: number): void;
  /** Data as they come: never none, never padding. */
  data(streamId: number, bytes: Buffer, from: number, to: number): void;
  /** The end of a DATA frame, with what was data in it. */
  dataEnds(streamId: number, dataBytes: number, endStream: boolean): void;
  reset(streamId: number, code: number): void;
  /** `dependsOn` is -1 where the frame has another length than it should (§6.3). */
  priority(streamId: number, dependsOn: number, soundLength: boolean): void;
  /** One for each setting of a frame, known or not, in order; then `settingsEnd`. */
  setting(id: number, value: number): void;
  settingsEnd(): void;
  settingsAck(): void;
  /** Eight octets, one character each. */
  ping(opaque: string): void;
  pingAck(opaque: string): void;
  goaway(lastStreamId: number, code: number): void;
  /** Stream 0 is the connection. `increment` may be 0, which is a fault (§6.9). */
  windowUpdate(streamId: number, increment: number): void;
  /** A frame without meaning: of a type that nobody knows (§4.1), or an empty CONTINUATION. */
  unknown(type: number): void;
  /** The connection can't be read on. */
  fault(fault: Http2Fault): void;
}

/** What a HEADERS frame says beside its block. */
export interface BlockOpening {
  readonly streamId: number;
  readonly endStream: boolean;
  /** The stream that it depends on (RFC 9113 §5.3.2), or -1 where it bears no priority. */
  readonly dependsOn: number;
}

/** What the reader bounds. */
export type FrameBounds = Pick<Http2Bounds, 'frameBytes' | 'headerBlockBytes' | 'continuations' | 'settingsPerFrame'>;

/** What a client sends first (RFC 9113 §3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const HEAD_OCTETS = 9;
/** Of payloads that are read at one go no more than this has a meaning: PING, and GOAWAY without its debug data. */
const FIXED_OCTETS = 8;

/** A block that comes in pieces is kept in so much at first, and in twice as much each time that is full. */
const FIRST_BLOCK_BYTES = 1_024;
const NO_BLOCK = Buffer.alloc(0);

/** `end` needs no octets: what is due at the end of a frame is done in a step of its own. */
type State = 'preface' | 'head' | 'prefix' | 'fixed' | 'setting' | 'fragment' | 'data' | 'skip' | 'end';

/**
 * Reads frames (RFC 9113 §4.1) whatever way their bytes are cut. A frame is judged by its head before any of its payload
 * is taken. Only header blocks that come in pieces and payloads of a few octets are ever copied; padding, debug data
 * and unknown frames are passed over.
 */
export class FrameReader {
  readonly #events: FrameEvents;
  readonly #bounds: FrameBounds;
  #state: State;
  #stopped = false;
  /** Whether the first SETTINGS is whole. */
  #greeted = false;
  #wholeCount = 0;

  /** Octets that the present step needs together, and how many of them an earlier read brought. */
  #need = HEAD_OCTETS;
  #kept = 0;
  #scratch: Buffer | null = null;
  #prefaceAt = 0;

  /** The present frame: what its head says, and what is still to come of it. */
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #content = 0;
  #padding = 0;
  #dataBytes = 0;

  /** The present header block, if one has begun. */
  #inBlock = false;
  readonly #opening = { streamId: 0, endStream: false, dependsOn: -1 };
  #continuations = 0;
  #block: Buffer | null = null;
  #blockBytes = 0;

  /** `role` is ours: a server is sent the preface first. */
  constructor(role: 'server' | 'client', events: FrameEvents, bounds: FrameBounds) {
    this.#state = role === 'server' ? 'preface' : 'head';
    this.#events = events;
    this.#bounds = bounds;
  }

  /** What has begun and is not whole. The preface is whole with the first SETTINGS behind it. */
  get partial(): 'nothing' | 'preface' | 'head' | 'block' | 'data' | 'other' {
    if (this.#stopped) return 'nothing';
    if (!this.#greeted) return 'preface';
    if (this.#inBlock) return 'block';
    if (this.#state === 'head') return this.#kept === 0 ? 'nothing' : 'head';
    return this.#type === FrameType.data ? 'data' : 'other';
  }

  /** How many frames have been whole, a header block being one: two looks at `partial` that find the same count saw the same one. */
  get wholeCount(): number {
    return this.#wholeCount;
  }

  /** Reads on. The preface comes first where the role is server. */
  read(bytes: Buffer): void {
    let at = 0;
    while (!this.#stopped && (at < bytes.length || this.#state === 'end')) at = this.#step(bytes, at);
  }

  /** Nothing more is read or told, not even of the bytes that are being read now. */
  stop(): void {
    this.#stopped = true;
    this.#block = this.#scratch = null;
  }

  /** Goes on by one step, which tells of one thing at most, and gives how far that went. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
      case 'prefix':
      case 'fixed':
      case 'setting':
        return this.#together(this.#state, bytes, at);
      case 'fragment':
        return this.#readFragment(bytes, at);
      case 'data':
        return this.#readData(bytes, at);
      case 'skip':
        return this.#skip(bytes, at);
      case 'end':
        this.#endFrame();
        return at;
      case 'preface':
        return this.#readPreface(bytes, at);
    }
  }

  #readPreface(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.#prefaceAt < PREFACE.length) {
      if (bytes[at++] !== PREFACE[this.#prefaceAt++]) {
        this.#fail('bad-preface');
        return at;
      }
    }
    if (this.#prefaceAt === PREFACE.length) this.#state = 'head';
    return at;
  }

  /** Takes `#need` octets as soon as they are there, from where they lie if one read has brought them all. */
  #together(state: TogetherState, bytes: Buffer, at: number): number {
    const need = this.#need;
    if (this.#kept === 0 && bytes.length - at >= need) {
      this.#take(state, bytes, at);
      return at + need;
    }
    const scratch = (this.#scratch ??= Buffer.allocUnsafeSlow(HEAD_OCTETS));
    const end = Math.min(bytes.length, at + need - this.#kept);
    this.#kept += bytes.copy(scratch, this.#kept, at, end);
    if (this.#kept === need) {
      this.#kept = 0;
      this.#take(state, scratch, 0);
    }
    return end;
  }

  #take(state: TogetherState, bytes: Buffer, at: number): void {
    switch (state) {
      case 'head':
        return this.#beginFrame(bytes, at);
      case 'prefix':
        return this.#takePrefix(bytes, at);
      case 'fixed':
        return this.#takeFixed(bytes, at);
      case 'setting':
        this.#content -= SETTING_OCTETS;
        this.#goOn();
        return this.#events.setting((octet(bytes, at) << 8) | octet(bytes, at + 1), uint32(bytes, at + 2));
    }
  }

  #beginFrame(bytes: Buffer, at: number): void {
    const length = (octet(bytes, at) << 16) | (octet(bytes, at + 1) << 8) | octet(bytes, at + 2);
    const type = octet(bytes, at + 3);
    const flags = octet(bytes, at + 4);
    const streamId = uint31(bytes, at + 5);
    const fault = this.#placeFault(type, flags, length, streamId) ?? headFault(type, flags, length, streamId);
    if (fault !== null) return this.#fail(fault);
    this.#type = type;
    this.#flags = flags;
    this.#streamId = streamId;
    this.#content = length;
    this.#padding = 0;
    switch (type) {
      case FrameType.data:
        this.#dataBytes = 0;
        this.#goOnBehind(prefixOctets(type, flags));
        return this.#events.dataBegins(streamId, length);
      case FrameType.headers:
        this.#beginBlock(flags, streamId);
        return this.#goOnBehind(prefixOctets(type, flags));
      case FrameType.continuation:
        this.#continuations++;
        this.#goOn();
        if (length === 0) this.#events.unknown(type);
        return;
      case FrameType.settings:
        return this.#goOn();
      case FrameType.priority:
        if (length === PRIORITY_OCTETS) return this.#await('fixed', length);
        this.#passOver(length);
        return this.#events.priority(streamId, -1, false);
      case FrameType.rstStream:
      case FrameType.ping:
      case FrameType.goaway:
      case FrameType.windowUpdate:
        return this.#await('fixed', Math.min(length, FIXED_OCTETS));
      default:
        this.#passOver(length);
        return this.#events.unknown(type);
    }
  }

  /** What is wrong with a frame at this place of the connection, or with its size whatever it says. */
  #placeFault(type: number, flags: number, length: number, streamId: number): Http2Fault | null {
    if (!this.#greeted && (type !== FrameType.settings || (flags & Flag.ack) !== 0)) return 'bad-preface';
    if (length > this.#bounds.frameBytes) return 'frame-size';
    const inBlock = this.#inBlock;
    const continues = type === FrameType.continuation;
    if (inBlock !== continues || (inBlock && streamId !== this.#opening.streamId)) return 'broken-block';
    if (inBlock && this.#continuations === this.#bounds.continuations) return 'header-block';
    if ((continues || type === FrameType.headers) && this.#blockBytes + length > this.#bounds.headerBlockBytes) {
      return 'header-block';
    }
    const most = this.#bounds.settingsPerFrame * SETTING_OCTETS;
    return type === FrameType.settings && length > most ? 'settings-flood' : null;
  }

  #takePrefix(bytes: Buffer, at: number): void {
    let next = at;
    if ((this.#flags & Flag.padded) !== 0) this.#padding = octet(bytes, next++);
    if (next < at + this.#need) this.#opening.dependsOn = uint31(bytes, next);
    this.#content -= this.#need + this.#padding;
    if (this.#content < 0) this.#fail('padding');
    else this.#goOn();
  }

  #takeFixed(bytes: Buffer, at: number): void {
    this.#passOver(this.#content - this.#need);
    switch (this.#type) {
      case FrameType.priority:
        return this.#events.priority(this.#streamId, uint31(bytes, at), true);
      case FrameType.rstStream:
        return this.#events.reset(this.#streamId, uint32(bytes, at));
      case FrameType.windowUpdate:
        return this.#events.windowUpdate(this.#streamId, uint31(bytes, at));
      case FrameType.goaway:
        return this.#events.goaway(uint31(bytes, at), uint32(bytes, at + 4));
      case FrameType.ping: {
        const opaque = latin1Text(bytes, at, at + FIXED_OCTETS);
        return (this.#flags & Flag.ack) === 0 ? this.#events.ping(opaque) : this.#events.pingAck(opaque);
      }
    }
  }

  #readFragment(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#content);
    const ends = (this.#flags & Flag.endHeaders) !== 0;
    if (ends && this.#block === null && bytes.length - from >= this.#content + this.#padding) {
      this.#await('head', HEAD_OCTETS);
      const end = to + this.#padding;
      this.#endBlock(bytes, from, to);
      return end;
    }
    this.#keep(bytes, from, to);
    this.#content -= to - from;
    if (this.#content === 0) this.#goOn();
    return to;
  }

  #readData(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#content);
    this.#content -= to - from;
    this.#dataBytes += to - from;
    if (this.#content === 0) this.#goOn();
    this.#events.data(this.#streamId, bytes, from, to);
    return to;
  }

  #skip(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#padding);
    this.#passOver(this.#padding - (to - from));
    return to;
  }

  #endFrame(): void {
    this.#await('head', HEAD_OCTETS);
    switch (this.#type) {
      case FrameType.headers:
      case FrameType.continuation:
        if ((this.#flags & Flag.endHeaders) !== 0) this.#endBlock(this.#block ?? NO_BLOCK, 0, this.#blockBytes);
        return;
      case FrameType.data:
        this.#wholeCount++;
        return this.#events.dataEnds(this.#streamId, this.#dataBytes, (this.#flags & Flag.endStream) !== 0);
      case FrameType.settings:
        this.#wholeCount++;
        this.#greeted = true;
        return (this.#flags & Flag.ack) === 0 ? this.#events.settingsEnd() : this.#events.settingsAck();
      default:
        this.#wholeCount++;
    }
  }

  #beginBlock(flags: number, streamId: number): void {
    this.#inBlock = true;
    this.#opening.streamId = streamId;
    this.#opening.endStream = (flags & Flag.endStream) !== 0;
    this.#opening.dependsOn = -1;
    this.#continuations = 0;
  }

  #endBlock(bytes: Buffer, from: number, to: number): void {
    this.#wholeCount++;
    this.#inBlock = false;
    this.#block = null;
    this.#blockBytes = 0;
    this.#events.headerBlock(this.#opening, bytes, from, to);
  }

  /** Keeps a piece of a block. Memory is taken as octets come, not as they are announced. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const known = this.#blockBytes;
    const needed = known + to - from;
    let block = this.#block;
    if (block === null || block.length < needed) {
      const room = Math.max(needed, FIRST_BLOCK_BYTES, 2 * known);
      const larger = Buffer.allocUnsafeSlow(Math.min(room, this.#bounds.headerBlockBytes));
      block?.copy(larger, 0, 0, known);
      this.#block = block = larger;
    }
    bytes.copy(block, known, from, to);
    this.#blockBytes = needed;
  }

  #goOnBehind(prefix: number): void {
    if (prefix === 0) this.#goOn();
    else this.#await('prefix', prefix);
  }

  /** To what comes next of the present frame. */
  #goOn(): void {
    if (this.#content === 0) this.#passOver(this.#padding);
    else if (this.#type === FrameType.settings) this.#await('setting', SETTING_OCTETS);
    else this.#state = this.#type === FrameType.data ? 'data' : 'fragment';
  }

  #await(state: TogetherState, need: number): void {
    this.#state = state;
    this.#need = need;
  }

  /** To the end of the present frame, over so many octets. */
  #passOver(padding: number): void {
    this.#padding = padding;
    this.#state = padding === 0 ? 'end' : 'skip';
  }

  #fail(fault: Http2Fault): void {
    this.stop();
    this.#events.fault(fault);
  }
}

/** The states that take a few octets together. */
type TogetherState = Extract<State, 'head' | 'prefix' | 'fixed' | 'setting'>;
