import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { answerBodies } from './body-apis.ts';

const EVENT_MS = 50;

/**
 * An upstream over HTTP/1.1: `/echo` gives back what it gets, `/events` an event with the next number every 50 ms for as
 * long as somebody listens, and WebSockets at `/chat` give back each message. Other bodies are answered by `answerBodies`.
 */
export class MixedOrigin {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  private constructor() {
    this.#server = createServer((request, response) => {
      if (answerBodies(request, response)) return;
      if (request.url !== '/events') return void request.pipe(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let number = 0;
      const timer = setInterval(() => response.write(`data: ${number++}\n\n`), EVENT_MS);
      response.on('close', () => clearInterval(timer));
    });
    this.#server.keepAliveTimeout = 120_000;
    this.#sockets = new WebSocketServer({ server: this.#server, path: '/chat' });
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
      socket.on('error', () => {});
    });
  }

  static async start(): Promise<MixedOrigin> {
    const origin = new MixedOrigin();
    const { promise, resolve } = Promise.withResolvers<void>();
    origin.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}
