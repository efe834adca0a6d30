import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Signal } from '../framing/signal.ts';

/** As long as cases of h2spec need to send what follows a request before its reply comes. */
const LATE_MS = 20;

/** What `/big` answers. */
export const BIG_BYTES = 1_048_576;
const BIG = Buffer.alloc(BIG_BYTES, 'b');

/**
 * An upstream over HTTP/1.1 that answers by path: `/echo` the body it got, `/big` a mebibyte, `/fast` at once; `/hold` when
 * it is released, `/sink` never, and it doesn't read; `/endless` a body that goes on until it is cut. All else is answered
 * 20 ms late.
 */
export class Http2Origin {
  readonly signal = new Signal();
  /** Requests whose head came, by path. */
  readonly asked = new Map<string, number>();
  /** Requests that ended before they were answered whole. */
  cut = 0;
  readonly #server: Server;
  readonly #held = new Set<ServerResponse>();

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<Http2Origin> {
    const origin = new Http2Origin();
    const { promise, resolve } = Promise.withResolvers<void>();
    origin.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.asked.get(path) ?? 0;
  }

  /** Requests for `/hold` that still wait for their answer. */
  get holding(): number {
    return this.#held.size;
  }

  /** Answers what `/hold` holds. */
  release(): void {
    for (const response of this.#held) response.end('released');
    this.#held.clear();
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.asked.set(path, this.count(path) + 1);
    response.on('error', () => {});
    response.on('close', () => {
      if (!response.writableEnded) this.cut++;
      this.#held.delete(response);
      this.signal.changed();
    });
    this.signal.changed();
    if (path === '/sink') return void request.socket.pause();
    if (path === '/echo') return echo(request, response);
    request.resume();
    if (path === '/hold') return this.#hold(response);
    if (path === '/big') return void response.end(BIG);
    if (path === '/endless') return goOn(response);
    if (path === '/fast') return void response.end('at once');
    setTimeout(() => response.end('hello, somewhat late\n'), LATE_MS);
  }

  #hold(response: ServerResponse): void {
    this.#held.add(response);
    this.signal.changed();
  }
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => response.end(Buffer.concat(pieces)));
}

function goOn(response: ServerResponse): void {
  const piece = Buffer.alloc(16_384, 'e');
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
