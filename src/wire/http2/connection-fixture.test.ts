// No tests here: a connection over a socket without a network, and the client's side of it. Kept apart by its name.
import { setImmediate } from 'node:timers/promises';
import { FakeSocket } from '../fake-socket.test.ts';
import { DIRECT, type MemoryShare, type Peer } from '../message.ts';
import { ManualClock, Script } from '../peers.test.ts';
import { SERVER_BOUNDS, type ServerBounds } from '../server.ts';
import { END_HEADERS, END_STREAM, frame, GREETING, pair, word } from './frame-fixture.test.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { encodeFields } from './hpack-encoder.ts';
import { REPLY_RULES } from './hpack-field.ts';
import { Http2Connection } from './http2-connection.ts';
import { ErrorCode, FrameType, HTTP2_BOUNDS, type Http2Bounds, type Http2Fault } from './protocol.ts';

export const PEER: Peer = { address: '192.0.2.1', port: 1, tls: null, via: DIRECT };

/** A share with so much room, and what of it is taken. */
export class FakeShare implements MemoryShare {
  roomBytes = Number.POSITIVE_INFINITY;
  takenBytes = 0;

  take(_peer: Peer, bytes: number): boolean {
    if (this.takenBytes + bytes > this.roomBytes) return false;
    this.takenBytes += bytes;
    return true;
  }

  giveBack(_peer: Peer, bytes: number): void {
    this.takenBytes -= bytes;
  }
}

/** A connection, the handler and the clock that drive it, and what it told. */
export class Http2Bench {
  readonly socket = new FakeSocket();
  readonly script = new Script();
  readonly clock = new ManualClock();
  readonly share = new FakeShare();
  readonly faults: Http2Fault[] = [];
  readonly turnedAway: string[] = [];
  readonly counts = { connection: 0, stream: 0 };
  readonly connection: Http2Connection;
  closed = 0;
  left = 0;
  #read = 0;
  /** As a client's: of the blocks that came, in order. */
  readonly #decoder = new HpackDecoder(REPLY_RULES, 4_096, HTTP2_BOUNDS);

  constructor(bounds: Partial<ServerBounds & Http2Bounds> = {}) {
    this.connection = new Http2Connection(this.socket.socket, {
      peer: PEER,
      handler: this.script,
      bounds: { ...SERVER_BOUNDS, ...HTTP2_BOUNDS, ...bounds },
      monotonic: () => this.clock.monotonic(),
      after: (delayMs, callback) => this.clock.after(delayMs, callback),
      reset: () => this.socket.destroy(),
      leaving: () => this.left++,
      closed: () => this.closed++,
      http2: {
        memory: this.share,
        counted: (what) => this.counts[what]++,
        faulted: (fault) => void this.faults.push(fault),
      },
      turnedAway: (reason) => this.turnedAway.push(reason),
    });
    this.clock.every(500, () => this.connection.sweep(this.clock.monotonic()));
  }

  /** The client sends this in one read. */
  send(...frames: readonly string[]): void {
    this.socket.receive(frames.join(''));
  }

  /** The turn of the event loop ends. */
  async turn(): Promise<void> {
    await setImmediate();
    await setImmediate();
  }

  pass(ms: number): void {
    this.clock.advance(ms);
  }

  /** What has come since this was asked last, a line a frame: see `tell`. */
  told(): readonly string[] {
    const octets = Buffer.from(this.socket.text.slice(this.#read), 'latin1');
    this.#read = this.socket.text.length;
    const lines: string[] = [];
    for (let at = 0; at < octets.length; ) {
      const length = octets.readUIntBE(at, 3);
      lines.push(this.#tell(octets.subarray(at, at + 9), octets.subarray(at + 9, at + 9 + length)));
      at += 9 + length;
    }
    return lines;
  }

  #tell(head: Buffer, payload: Buffer): string {
    const flags = head[4] as number;
    const end = (flags & END_STREAM) === 0 ? '' : ' end';
    const id = head.readUInt32BE(5);
    switch (head[3] as number) {
      case FrameType.data:
        return `DATA ${id} ${payload.length > 80 ? payload.length : JSON.stringify(payload.toString('latin1'))}${end}`;
      case FrameType.headers:
        return `HEADERS ${id} ${this.#statusIn(payload)}${end}`;
      case FrameType.rstStream:
        return `RST ${id} ${codeName(payload.readUInt32BE())}`;
      case FrameType.settings:
        return (flags & 1) === 0 ? `SETTINGS ${payload.toString('hex')}` : 'SETTINGS ack';
      case FrameType.ping:
        return `PING${(flags & 1) === 0 ? '' : ' ack'} ${payload.toString('latin1')}`;
      case FrameType.goaway:
        return `GOAWAY ${payload.readUInt32BE()} ${codeName(payload.readUInt32BE(4))}`;
      case FrameType.windowUpdate:
        return `WINDOW ${id} ${payload.readUInt32BE()}`;
      default:
        return `unexpected frame ${head[3]}`;
    }
  }

  #statusIn(block: Buffer): string {
    let status = '';
    const fault = this.#decoder.decode(block, 0, block.length, {
      field: ({ name, value }) => {
        if (name === ':status') status = value;
      },
    });
    return fault ?? status;
  }
}

function codeName(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? String(code);
}

/** A bench whose client has said what it must, with what was said on either side put away. */
export function greeted(bounds: Partial<ServerBounds & Http2Bounds> = {}): Http2Bench {
  const bench = new Http2Bench(bounds);
  bench.send(GREETING, SETTINGS_ACK);
  bench.told();
  return bench;
}

/** So many numbers of streams. */
export function ids(count: number, first = 1): readonly number[] {
  return Array.from({ length: count }, (_, at) => first + 2 * at);
}

export const SETTINGS_ACK: string = frame(FrameType.settings, 1, 0);

/** The block of a request, with other or more fields than a GET has. */
export function block(fields: Readonly<Record<string, string>> = {}): string {
  const all = { ':method': 'GET', ':scheme': 'http', ':authority': 'a.test', ':path': '/a', ...fields };
  return encodeFields(Object.entries(all).flat());
}

/** A request that is whole with its head. */
export function get(id: number, fields: Readonly<Record<string, string>> = {}): string {
  return frame(FrameType.headers, END_HEADERS | END_STREAM, id, block(fields));
}

/** The head of a request whose body follows. */
export function post(id: number, fields: Readonly<Record<string, string>> = {}): string {
  return frame(FrameType.headers, END_HEADERS, id, block({ ':method': 'POST', ...fields }));
}

export function data(id: number, text: string, end = false): string {
  return frame(FrameType.data, end ? END_STREAM : 0, id, text);
}

export function trailers(id: number, pairs: readonly string[], end = true): string {
  return frame(FrameType.headers, END_HEADERS | (end ? END_STREAM : 0), id, encodeFields(pairs));
}

export function reset(id: number, code: number = ErrorCode.cancel): string {
  return frame(FrameType.rstStream, 0, id, word(code));
}

export function ping(opaque = '12345678', flags = 0): string {
  return frame(FrameType.ping, flags, 0, opaque);
}

export function windowUpdate(id: number, increment: number): string {
  return frame(FrameType.windowUpdate, 0, id, word(increment));
}

export function priority(id: number, dependsOn: number): string {
  return frame(FrameType.priority, 0, id, `${word(dependsOn)}\x10`);
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): string {
  return frame(FrameType.settings, 0, 0, pairs.map(([id, value]) => pair(id, value)).join(''));
}
