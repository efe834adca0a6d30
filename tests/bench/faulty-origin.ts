import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { REPLY_BODY } from './upstream.ts';

/**
 * What an origin does: it is `well`; it `dies`, with its port closed; it `hangs`, and takes requests without an answer; it
 * answers `503`; it `resets` in the middle of each body.
 */
export type OriginState = 'well' | 'dies' | 'hangs' | '503' | 'resets';

const REPLY = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${REPLY_BODY.length}\r\n\r\n${REPLY_BODY}`;

/** What clients ask for. */
export const CLIENTS_PATH = '/orders';

/** An origin that falls into one of these states, and gets well again. */
export class FaultyOrigin {
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #state: OriginState = 'well';
  port = 0;
  /** When it last answered a request of clients as it should, by `performance.now`. */
  servedAtMs = 0;
  /** When it was last asked by clients, in whatever state; it hears of none while it is dead. */
  askedAtMs = 0;
  /** How often clients have asked. */
  asked = 0;

  static async start(): Promise<FaultyOrigin> {
    const origin = new FaultyOrigin();
    await origin.#listen();
    return origin;
  }

  async become(state: OriginState): Promise<void> {
    const was = this.#state;
    this.#state = state;
    if (state === 'dies') this.close();
    else if (was === 'dies') await this.#listen();
    // What hung would hang for ever.
    if (was === 'hangs') for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async #listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.listen(this.port, '127.0.0.1', resolve);
    await promise;
    this.port = (this.#server.address() as AddressInfo).port;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let text = '';
    socket.on('data', (data: Buffer) => {
      const heads = (text + data.toString('latin1')).split('\r\n\r\n');
      text = heads.pop() ?? '';
      for (const head of heads) this.#answer(socket, head);
    });
  }

  #answer(socket: Socket, head: string): void {
    // The gateway's own checks ask for another path.
    const isClients = head.startsWith(`GET ${CLIENTS_PATH} `);
    if (isClients) {
      this.asked += 1;
      this.askedAtMs = performance.now();
    }
    if (this.#state === 'hangs') return;
    if (this.#state === '503') socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
    else if (this.#state === 'resets') socket.write(REPLY.slice(0, -100), () => socket.resetAndDestroy());
    else {
      if (isClients) this.servedAtMs = this.askedAtMs;
      socket.write(REPLY);
    }
  }
}
