import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OrderBook } from '../../adapters/index.ts';
import { type Answer, answer } from './operations.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** A sample API that listens. */
export interface ListeningApi {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves an order book on a free port of loopback. */
export function listenDemoApi(book: OrderBook): Promise<ListeningApi> {
  const server = createServer((request, response) => {
    serve(book, request).then(
      (reply) => send(response, reply),
      // The gateway passes no such path on, but others on this machine may: a path that is no URL or badly encoded.
      () => send(response, { status: 400, json: { error: 'the request is malformed' } }),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, close: () => close(server) });
    });
  });
}

/** Kept-alive connections of the gateway would hold an orderly close back. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(book: OrderBook, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const body = await readBody(request);
  if (body === undefined) return { status: 400, json: { error: 'the body is no JSON, or too large' } };
  const method = request.method ?? '';
  return answer(book, { method, path: pathname, query: searchParams, body, ...callerOf(request) });
}

/** The gateway alone writes these fields: a client's own of these names never come this far. */
function callerOf({ headers }: IncomingMessage): { subject: string | null; roles: readonly string[] } {
  const subject = String(headers['x-portcullis-subject'] ?? '');
  const roles = String(headers['x-portcullis-roles'] ?? '');
  return { subject: subject === '' ? null : subject, roles: roles.split(',').flatMap((role) => role.trim() || []) };
}

function send(response: ServerResponse, { status, json, location }: Answer): void {
  const headers = { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) };
  response.writeHead(status, headers).end(`${JSON.stringify(json)}\n`);
}

/** The body as JSON; null where there is none, undefined where it can't be read. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > BODY_LIMIT_BYTES) return undefined;
      pieces.push(piece);
    }
    return bytes === 0 ? null : (JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown);
  } catch {
    return undefined;
  }
}
