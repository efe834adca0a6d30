// No tests here: a socket without a network, whose every state a test can bring about. Kept apart from the product by its name.
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Http1Connection } from './http1-connection.ts';
import type { Peer } from './message.ts';
import { ManualClock, Script } from './peers.test.ts';
import { SERVER_BOUNDS, type ServerBounds } from './server.ts';

/**
 * As much of a socket as the codec uses. What is written is taken at once, unless `stuck`. Reads are lent, and what they
 * brought is overwritten as soon as the connection has seen it; a socket without a `_handle` tells of them by events.
 */
export class FakeSocket extends EventEmitter {
  text = '';
  _handle: { useUserBuffer(buffer: Buffer): void } | null = { useUserBuffer: (buffer) => (this.lent = buffer) };
  lent: Buffer | null = null;
  /** Bytes that came before anybody asked. */
  readableLength = 0;
  /** Whether the peer takes nothing. */
  stuck = false;
  held = 0;
  corked = 0;
  paused = false;
  finished = false;
  destroyed = false;
  wasReset = false;
  ignoredWrites = 0;

  get writableLength(): number {
    return this.held;
  }

  get bytesWritten(): number {
    return this.text.length;
  }

  get writableNeedDrain(): boolean {
    return this.held >= 65_536;
  }

  /** Gives it a handle that takes texts at once, as a socket without TLS has. */
  takeTexts(): void {
    const writeLatin1String = (_request: null, text: string): number => {
      this.text += text;
      return 0;
    };
    this._handle = Object.assign(this._handle ?? { useUserBuffer() {} }, { writeLatin1String });
  }

  /** The socket itself, as the code under test sees it. */
  get socket(): Socket {
    return this as unknown as Socket;
  }

  write(data: string | Buffer, encoding: BufferEncoding = 'utf8'): boolean {
    if (this.destroyed || this.finished) {
      this.ignoredWrites++;
      return false;
    }
    const text = (typeof data === 'string' ? Buffer.from(data, encoding) : data).toString('latin1');
    this.text += text;
    if (this.stuck) this.held += text.length;
    return this.held < 65_536;
  }

  /** All that is written from here on as it was given, which a socket may keep for a while: no copies. */
  keepWrites(): readonly (string | Buffer)[] {
    const kept: (string | Buffer)[] = [];
    const write = this.write.bind(this);
    this.write = (data, encoding) => {
      kept.push(data);
      return write(data, encoding);
    };
    return kept;
  }

  /** The peer takes what is held. */
  unstick(): void {
    const drained = this.writableNeedDrain;
    this.stuck = false;
    this.held = 0;
    if (drained) this.emit('drain');
  }

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.corked--;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.finished = true;
  }

  destroySoon(): void {
    this.finished = true;
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    process.nextTick(() => this.emit('close'));
  }

  /** Bytes arrive; nothing does while reading is paused, which a test should know. */
  receive(data: string | Buffer): void {
    if (this.paused) throw new Error('nothing arrives on a paused socket');
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (this.lent === null) {
      this.emit('data', Buffer.from(bytes));
      return;
    }
    for (let at = 0; at < bytes.length; at += this.lent.length) {
      const count = bytes.copy(this.lent, 0, at);
      this.#readCallback(count);
      this.lent.fill('!', 0, count);
    }
  }

  /** Calls what `lendReads` left where Node keeps it. */
  #readCallback(count: number): void {
    const own = this as unknown as Record<symbol, unknown>;
    const callback = Object.getOwnPropertySymbols(own).find((symbol) => typeof own[symbol] === 'function');
    (own[callback as symbol] as (count: number) => boolean)(count);
  }

  /** The peer closes its side. */
  hangUp(): void {
    this.emit('end');
  }
}

/** A connection over a fake socket, with the handler and the clock to drive it. */
export interface Bench {
  readonly socket: FakeSocket;
  readonly script: Script;
  readonly clock: ManualClock;
  readonly connection: Http1Connection;
  readonly closed: () => number;
  /** How often its client was given up for not taking what it was sent. */
  readonly stalled: () => number;
  /** Lets time pass as a listener does: a sweep each half second. */
  pass(ms: number): void;
}

const PEER: Peer = { address: '127.0.0.1', port: 1, tls: null, via: [] };

/** Builds one, on a socket that may be prepared before. */
export function bench(bounds: Partial<ServerBounds> = {}, socket = new FakeSocket()): Bench {
  const script = new Script();
  const clock = new ManualClock();
  let closed = 0;
  let stalled = 0;
  const connection = new Http1Connection(socket.socket, {
    peer: PEER,
    handler: script,
    bounds: { ...SERVER_BOUNDS, ...bounds },
    monotonic: () => clock.monotonic(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    reset: () => {
      socket.wasReset = true;
      socket.destroy();
    },
    stalled: () => stalled++,
    closed: () => closed++,
  });
  clock.every(500, () => connection.sweep(clock.monotonic()));
  const pass = (ms: number): void => clock.advance(ms);
  return { socket, script, clock, connection, closed: () => closed, stalled: () => stalled, pass };
}

/** The statuses of the replies in a text. */
export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 ([0-9]{3})/g)].map((match) => Number(match[1]));
}
