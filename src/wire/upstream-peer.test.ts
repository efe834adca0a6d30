// No tests here: a caller and an upstream that answers any bytes. Kept apart from the product by its name.
import type { Socket } from 'node:net';
import type { HeaderFields } from './header-fields.ts';
import type { BodyFraming, WholeBody } from './message.ts';
import type { CallClient } from './network-shares.ts';
import { ManualClock, rawServer, until } from './peers.test.ts';
import type { ReplyHead } from './reply-head.ts';
import type { TunnelEnds, TunnelSide } from './tunnel.ts';
import type { UpstreamCall, UpstreamEvents, UpstreamFailure } from './upstream-call.ts';
import type { UpstreamTarget } from './upstream-dialer.ts';
import { POOL_BOUNDS, type PoolBounds, UpstreamPool } from './upstream-pool.ts';
import type { OutgoingRequest } from './write-head.ts';

/** What came of one call, in order. */
export class Caller implements UpstreamEvents, TunnelEnds {
  readonly log: string[] = [];
  call: UpstreamCall | null = null;
  reply: ReplyHead | null = null;
  failure: UpstreamFailure | null = null;
  body = '';
  /** The lines of the trailers that are kept. */
  trailers = '';
  side: TunnelSide | null = null;
  /** What `pieces` and `bytes` answer. */
  takes = true;
  onEvent: (event: string) => void = () => {};

  #note(event: string): void {
    this.log.push(event);
    this.onEvent(event);
  }

  interim(status: number, _fields: HeaderFields): void {
    this.#note(`interim ${status}`);
  }

  whole(head: ReplyHead, body: WholeBody): void {
    this.reply = head;
    this.body = typeof body === 'string' ? body : body.toString('latin1');
    this.#note('whole');
  }

  head(head: ReplyHead): void {
    this.reply = head;
    this.#note('head');
  }

  switched(head: ReplyHead, side: TunnelSide): TunnelEnds {
    this.reply = head;
    this.side = side;
    this.#note('switched');
    return this;
  }

  bytes(read: Buffer): boolean {
    this.body += read.toString('latin1');
    this.#note('bytes');
    return this.takes;
  }

  ended(): void {
    this.#note('ended');
  }

  gone(): void {
    this.#note('gone');
  }

  pieces(pieces: readonly Buffer[]): boolean {
    this.body += Buffer.concat(pieces).toString('latin1');
    this.#note('pieces');
    return this.takes;
  }

  end(trailers?: HeaderFields): void {
    this.trailers = trailers === undefined ? '' : trailers.keptLines();
    this.#note('end');
  }

  failed(failure: UpstreamFailure): void {
    this.failure = failure;
    this.#note(failure.code);
  }

  drained(): void {
    this.#note('drained');
  }

  /** How often it ended; never more than once. */
  get ends(): number {
    return this.log.filter((event) => event === 'whole' || event === 'end' || event.startsWith('upstream-')).length;
  }

  async over(): Promise<this> {
    await until(() => this.ends > 0, `the end of a call that had ${this.log.join()}`);
    return this;
  }

  async has(event: string): Promise<void> {
    await until(() => this.log.includes(event), event);
  }
}

let clients = 0;

/** A client of a network that no other has. */
export function nextClient(): CallClient {
  clients++;
  return { address: `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}` };
}

/** One connection as the upstream sees it. */
export interface Heard {
  readonly socket: Socket;
  text: string;
  /** Whether the gateway has closed it. */
  closed: boolean;
}

/** An upstream, its pool and the clock of both. */
export interface Rig {
  readonly pool: UpstreamPool;
  readonly clock: ManualClock;
  readonly heard: Heard[];
  /** Each call is of another client network, unless one is given. */
  call(request?: Partial<OutgoingRequest>, client?: CallClient): Caller;
  /** Lets time pass with a sweep each half second. */
  pass(ms: number): void;
  close(): void;
}

/** Options of a rig. `answer` is called with each read of a connection. */
export interface RigOptions {
  readonly answer?: (heard: Heard, connection: number) => void;
  readonly onConnection?: (socket: Socket) => void;
  readonly target?: Partial<UpstreamTarget>;
  readonly bounds?: Partial<UpstreamTarget['bounds']>;
  readonly room?: PoolBounds;
}

/** Builds one; the pool connects to the upstream unless `target` says otherwise. */
export async function rig({
  answer = () => {},
  onConnection = () => {},
  target = {},
  bounds = {},
  room = POOL_BOUNDS,
}: RigOptions): Promise<Rig> {
  const heard: Heard[] = [];
  const server = await rawServer((socket) => {
    const one: Heard = { socket, text: '', closed: false };
    const number = heard.push(one) - 1;
    onConnection(socket);
    socket.on('data', (bytes: Buffer) => {
      one.text += bytes.toString('latin1');
      answer(one, number);
    });
    // This end stays half open, so the gateway's closing is seen as the end of what it sends.
    socket.on('end', () => (one.closed = true));
    socket.on('close', () => (one.closed = true));
  });
  const clock = new ManualClock();
  const limits = { connectMs: 3_000, responseMs: 30_000, idleMs: 20_000, ...bounds };
  const pool = new UpstreamPool(
    { scheme: 'http', host: '127.0.0.1', port: server.port, ca: null, bounds: limits, ...target },
    () => clock.monotonic(),
    room,
  );
  clock.every(500, () => pool.sweep(clock.monotonic()));
  return {
    pool,
    clock,
    heard,
    call: (request = {}, client = nextClient()) => {
      const caller = new Caller();
      const whole: OutgoingRequest = {
        method: 'GET',
        target: '/',
        authority: 'up',
        fields: null,
        added: [],
        framing: { kind: 'none' },
        upgrade: null,
        ...request,
      };
      caller.call = pool.call(whole, caller, client);
      return caller;
    },
    pass: (ms) => clock.advance(ms),
    close: () => {
      pool.close();
      server.close();
    },
  };
}

/** Answers each whole head with the text. */
export function answers(text: string): (heard: Heard) => void {
  return (heard) => {
    if (!heard.text.includes('\r\n\r\n')) return;
    heard.text = '';
    heard.socket.write(Buffer.from(text, 'latin1'));
  };
}

/** A reply with a length. */
export function sized(body: string, ...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n');
}

/** Framings of request bodies. */
export const lengthOf = (bytes: number): BodyFraming => ({ kind: 'length', bytes });
