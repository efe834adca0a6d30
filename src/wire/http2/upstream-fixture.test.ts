// No tests here: a pool whose connections lead to a server that a test plays frame by frame. Kept apart by its name.
import type { TcpNetConnectOpts } from 'node:net';
import { FakeSocket } from '../fake-socket.test.ts';
import { ManualClock } from '../peers.test.ts';
import type { CallClient } from '../network-shares.ts';
import { Caller, nextClient } from '../upstream-peer.test.ts';
import type { UpstreamBounds } from '../upstream-connection.ts';
import type { PoolBounds } from '../upstream-pool.ts';
import type { OutgoingRequest } from '../write-head.ts';
import { END_HEADERS, END_STREAM, frame, pair, Recorder, type Told, word } from './frame-fixture.test.ts';
import { FrameReader } from './frame-reader.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { encodeFields } from './hpack-encoder.ts';
import { REQUEST_RULES } from './hpack-field.ts';
import { FrameType, HTTP2_BOUNDS } from './protocol.ts';
import { HTTP2_POOL_BOUNDS, Http2Pool } from './upstream-pool.ts';

/** One connection as the server has it. */
export class FakeUpstream extends FakeSocket {
  readonly #onread: { readonly buffer: Buffer; readonly callback: (count: number) => boolean };
  readonly #events = new Recorder();
  readonly #reader = new FrameReader('server', this.#events, HTTP2_BOUNDS);
  readonly #decoder = new HpackDecoder(REQUEST_RULES, 4_096, HTTP2_BOUNDS);
  readonly #told: Told[] = [];
  #read = 0;

  constructor({ onread }: TcpNetConnectOpts) {
    super();
    if (onread === undefined) throw new Error('reads are not lent');
    this.#onread = onread as { buffer: Buffer; callback: (count: number) => boolean };
  }

  /** The connection stands, and the server has said its settings. */
  greet(...pairs: readonly string[]): this {
    this.emit('connect');
    this.says(frame(FrameType.settings, 0, 0, pairs.join('')), frame(FrameType.settings, 1, 0));
    return this;
  }

  /** Sends frames, in one read each 64 KiB. */
  says(...frames: readonly string[]): void {
    const bytes = Buffer.from(frames.join(''), 'latin1');
    const { buffer, callback } = this.#onread;
    for (let at = 0; at < bytes.length; at += buffer.length) {
      const count = bytes.copy(buffer, 0, at);
      callback(count);
      buffer.fill('!', 0, count);
    }
  }

  /** All that the gateway has said, frame by frame; header blocks as lines. */
  get told(): readonly Told[] {
    const before = this.#events.told.length;
    this.#reader.read(Buffer.from(this.text.slice(this.#read), 'latin1'));
    this.#read = this.text.length;
    for (const event of this.#events.told.slice(before)) this.#told.push(this.#decoded(event));
    return this.#told;
  }

  /** What it has said of one kind. */
  all(name: string): readonly Told[] {
    return this.told.filter(([told]) => told === name);
  }

  /** The streams of its requests, in order. */
  get asked(): readonly number[] {
    return this.all('headerBlock').map(([, id]) => Number(id));
  }

  /** Streams that it has reset, each with its code. */
  get resets(): readonly string[] {
    return this.all('reset').map(([, id, code]) => `${id} ${code}`);
  }

  /** Its GOAWAY, as a code. */
  get goneBy(): number | null {
    const last = this.all('goaway').at(-1);
    return last === undefined ? null : Number(last[2]);
  }

  /** Octets of DATA it has sent on a stream. */
  sent(streamId: number): number {
    return this.all('dataEnds').reduce((sum, [, id, bytes]) => (id === streamId ? sum + Number(bytes) : sum), 0);
  }

  #decoded(event: Told): Told {
    if (event[0] !== 'headerBlock') return event;
    const lines: string[] = [];
    const block = Buffer.from(String(event[4]), 'latin1');
    const fault = this.#decoder.decode(block, 0, block.length, {
      field: ({ name, value }) => void lines.push(`${name}: ${value}`),
    });
    if (fault !== null) throw new Error(fault);
    return ['headerBlock', event[1] ?? 0, event[2] ?? false, lines.join('\n')];
  }
}

/** A pool, the clock that drives it, and the connections it has opened. */
export class UpstreamBench {
  readonly clock = new ManualClock();
  readonly peers: FakeUpstream[] = [];
  readonly pool: Http2Pool;

  constructor(times: Partial<UpstreamBounds> = {}, bounds: PoolBounds = HTTP2_POOL_BOUNDS) {
    const limits = { connectMs: 3_000, responseMs: 30_000, idleMs: 20_000, ...times };
    this.pool = new Http2Pool(
      { scheme: 'http', host: 'up', port: 80, ca: null, bounds: limits },
      () => this.clock.monotonic(),
      bounds,
      (options) => {
        const peer = new FakeUpstream(options);
        this.peers.push(peer);
        return peer.socket;
      },
    );
    this.clock.every(500, () => this.pool.sweep(this.clock.monotonic()));
  }

  call(request: Partial<OutgoingRequest> = {}, client: CallClient = nextClient()): Caller {
    const caller = new Caller();
    const whole: OutgoingRequest = {
      method: 'GET',
      target: '/',
      authority: 'up.test',
      fields: null,
      added: [],
      framing: { kind: 'none' },
      upgrade: null,
      ...request,
    };
    caller.call = this.pool.call(whole, caller, client);
    return caller;
  }

  /** The connection opened as that. */
  peer(at = 0): FakeUpstream {
    const peer = this.peers[at];
    if (peer === undefined) throw new Error(`no connection ${at}`);
    return peer;
  }

  /** Calls to connections that stand: the first call opens it. */
  opened(request: Partial<OutgoingRequest> = {}, ...pairs: readonly string[]): { caller: Caller; peer: FakeUpstream } {
    const caller = this.call(request);
    const peer = this.peer(this.peers.length - 1).greet(...pairs);
    return { caller, peer };
  }

  pass(ms: number): void {
    this.clock.advance(ms);
  }
}

/** HEADERS of a reply. */
export function reply(
  streamId: number,
  { status = '200', fields = [] as readonly string[], ends = false } = {},
): string {
  const flags = END_HEADERS | (ends ? END_STREAM : 0);
  return frame(FrameType.headers, flags, streamId, encodeFields([':status', status, ...fields]));
}

/** HEADERS with any block. */
export function block(streamId: number, octets: string, ends = false): string {
  return frame(FrameType.headers, END_HEADERS | (ends ? END_STREAM : 0), streamId, octets);
}

/** DATA. */
export function data(streamId: number, text: string, ends = false): string {
  return frame(FrameType.data, ends ? END_STREAM : 0, streamId, text);
}

/** RST_STREAM. */
export function rst(streamId: number, code: number): string {
  return frame(FrameType.rstStream, 0, streamId, word(code));
}

/** GOAWAY. */
export function goaway(lastId: number, code = 0): string {
  return frame(FrameType.goaway, 0, 0, word(lastId) + word(code));
}

/** WINDOW_UPDATE. */
export function widen(streamId: number, by: number): string {
  return frame(FrameType.windowUpdate, 0, streamId, word(by));
}

/** A setting of SETTINGS_MAX_CONCURRENT_STREAMS, SETTINGS_INITIAL_WINDOW_SIZE. */
export const streamsAtOnce = (count: number): string => pair(0x3, count);
export const firstWindow = (bytes: number): string => pair(0x4, bytes);

export { frame, pair, word };
