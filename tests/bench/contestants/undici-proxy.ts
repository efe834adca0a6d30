import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/** What proxies have in common that are written with Node's own server and undici as its client. */
export class UndiciProxy {
  readonly pool: Pool;
  /** What the gateway adds to a reply, which they add too. */
  readonly replyFields: Readonly<Record<string, string>>;

  /** As on the command line: the upstream's port, and the fields as JSON. */
  constructor(upstreamPort: string | undefined, fields = '[]') {
    this.pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64, pipelining: 1 });
    this.replyFields = Object.fromEntries(JSON.parse(fields) as [string, string][]);
  }

  /** A request as it is sent on under an id, with these bytes for a body that was read already. */
  forwarded(request: IncomingMessage, id: string, read?: Buffer): Dispatcher.RequestOptions {
    const { connection: _ended, host = '', ...kept } = request.headers;
    const hasBody = kept['content-length'] !== undefined || kept['transfer-encoding'] !== undefined;
    return {
      path: request.url ?? '/',
      method: request.method as Dispatcher.HttpMethod,
      headers: {
        ...kept,
        'x-request-id': id,
        'x-forwarded-for': request.socket.remoteAddress,
        'x-forwarded-host': host,
        'x-forwarded-proto': 'http',
        via: '1.1 node',
      },
      body: read ?? (hasBody ? request : null),
    };
  }

  /** Sends a request on, and passes its reply as it comes. */
  async stream(request: IncomingMessage, response: ServerResponse, id: string, read?: Buffer): Promise<void> {
    await this.pool.stream(this.forwarded(request, id, read), ({ statusCode, headers: received }) => {
      const { connection: _ends, 'keep-alive': _keeps, ...passed } = received;
      return response.writeHead(statusCode, { ...passed, ...this.replyFields, 'x-request-id': id });
    });
  }
}
