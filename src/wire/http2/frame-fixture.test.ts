// No tests here: frames made apart from the product, and a reader that writes down what it tells. Kept apart by its name.
import { type BlockOpening, type FrameBounds, type FrameEvents, FrameReader } from './frame-reader.ts';
import { Flag, FrameType, HTTP2_BOUNDS, type Http2Fault } from './protocol.ts';

/** What a client sends first. */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A frame, as octets of a text. Made apart from what the product writes. */
export function frame(type: number, flags: number, streamId: number, payload = ''): string {
  return head(type, flags, streamId, payload.length) + payload;
}

/** The head of a frame whose payload is so long. */
export function head(type: number, flags: number, streamId: number, length: number): string {
  const octets = Buffer.alloc(9);
  octets.writeUIntBE(length, 0, 3);
  octets[3] = type;
  octets[4] = flags;
  octets.writeUInt32BE(streamId, 5);
  return octets.toString('latin1');
}

/** Four octets. */
export function word(value: number): string {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets.toString('latin1');
}

/** One setting. */
export function pair(id: number, value: number): string {
  return String.fromCharCode(id >>> 8, id & 0xff) + word(value);
}

/** SETTINGS with nothing in it. */
export const SETTINGS: string = frame(FrameType.settings, 0, 0);

/** What stands before all else. */
export const GREETING: string = PREFACE + SETTINGS;

/** Texts as long as wanted, in which no two neighbours are the same. */
export function filler(length: number): string {
  return 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(length / 26)).slice(0, length);
}

/** A flag's bits by what they mean on header blocks. */
export const { endStream: END_STREAM, endHeaders: END_HEADERS, padded: PADDED, priority: PRIORITY } = Flag;

/** One event; pieces of data that follow one another are one. */
export type Told = readonly [name: string, ...rest: readonly (string | number | boolean)[]];

/** Writes down what a reader tells, and stops it behind so many events where that is asked for. */
export class Recorder implements FrameEvents {
  readonly told: Told[] = [];
  /** Bytes as they were lent for the last block, to see whose memory it was. */
  lastBlock: Buffer | null = null;
  pieces = 0;
  calls = 0;
  stopBehind = Number.POSITIVE_INFINITY;
  reader: FrameReader | null = null;

  headerBlock({ streamId, endStream, dependsOn }: BlockOpening, bytes: Buffer, from: number, to: number): void {
    this.lastBlock = bytes;
    this.#note('headerBlock', streamId, endStream, dependsOn, bytes.toString('latin1', from, to));
  }
  dataBegins(streamId: number, flowBytes: number): void {
    this.#note('dataBegins', streamId, flowBytes);
  }
  data(streamId: number, bytes: Buffer, from: number, to: number): void {
    this.pieces++;
    const text = bytes.toString('latin1', from, to);
    const last = this.told.at(-1);
    if (last?.[0] === 'data' && last[1] === streamId) this.told.pop();
    this.#note('data', streamId, last?.[0] === 'data' ? String(last[2]) + text : text);
    if (to <= from) this.#note('an empty piece');
  }
  dataEnds(streamId: number, dataBytes: number, endStream: boolean): void {
    this.#note('dataEnds', streamId, dataBytes, endStream);
  }
  reset(streamId: number, code: number): void {
    this.#note('reset', streamId, code);
  }
  priority(streamId: number, dependsOn: number, soundLength: boolean): void {
    this.#note('priority', streamId, dependsOn, soundLength);
  }
  setting(id: number, value: number): void {
    this.#note('setting', id, value);
  }
  settingsEnd(): void {
    this.#note('settingsEnd');
  }
  settingsAck(): void {
    this.#note('settingsAck');
  }
  ping(opaque: string): void {
    this.#note('ping', opaque);
  }
  pingAck(opaque: string): void {
    this.#note('pingAck', opaque);
  }
  goaway(lastStreamId: number, code: number): void {
    this.#note('goaway', lastStreamId, code);
  }
  windowUpdate(streamId: number, increment: number): void {
    this.#note('windowUpdate', streamId, increment);
  }
  unknown(type: number): void {
    this.#note('unknown', type);
  }
  fault(fault: Http2Fault): void {
    this.#note('fault', fault);
  }

  #note(...told: Told): void {
    this.told.push(told);
    this.calls++;
    if (this.calls >= this.stopBehind) this.reader?.stop();
  }
}

/** A reader and what it tells. */
export interface Reading {
  readonly events: Recorder;
  readonly reader: FrameReader;
  /** Reads a text's octets from memory that others use again behind it. */
  read(text: string): void;
}

/** A reader at its beginning. */
export function newReading(role: 'server' | 'client' = 'server', bounds: FrameBounds = HTTP2_BOUNDS): Reading {
  const events = new Recorder();
  const reader = new FrameReader(role, events, bounds);
  events.reader = reader;
  const read = (text: string): void => {
    const lent = Buffer.from(text, 'latin1');
    reader.read(lent);
    lent.fill(0xee);
  };
  return { events, reader, read };
}

/** What a server is told of these pieces behind preface and empty SETTINGS. */
export function toldOf(...pieces: readonly string[]): readonly Told[] {
  const { events, read } = newReading();
  read(GREETING);
  events.told.length = 0;
  for (const piece of pieces) read(piece);
  return events.told;
}

/** The fault of these pieces behind preface and empty SETTINGS; null where there is none. */
export function faultOf(...pieces: readonly string[]): string | null {
  const last = toldOf(...pieces).at(-1);
  return last?.[0] === 'fault' ? String(last[1]) : null;
}
