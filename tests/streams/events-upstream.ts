import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An upstream of events: `/events` stands for as long as somebody listens, and hears what `send` says; all else is a word. */
export class EventsUpstream {
  readonly open = new Set<ServerResponse>();
  /** How many streams were asked for. */
  asked = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, reply) => {
      if (request.url !== '/events') {
        reply.end('ok');
        return;
      }
      this.asked++;
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.flushHeaders();
      this.open.add(reply);
      reply.on('close', () => this.open.delete(reply));
    });
  }

  static async start(): Promise<EventsUpstream> {
    const upstream = new EventsUpstream();
    const { promise, resolve } = Promise.withResolvers<void>();
    upstream.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sends an event to whoever listens. */
  send(number: number): void {
    for (const reply of this.open) reply.write(`data: ${number}\n\n`);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
