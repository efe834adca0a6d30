import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDemoProvider, type DemoProviderOptions } from './demo-provider.ts';

/** What to issue, and whom to tell of a fault in the server itself. */
export interface DemoIssuerOptions extends DemoProviderOptions {
  readonly onFault: (message: string) => void;
}

/** An authorization server that listens on loopback. */
export interface DemoIssuer {
  readonly port: number;
  close(): Promise<void>;
}

// A token request is a few hundred bytes; whoever is slower than this sends none.
const REQUEST_LIMIT_MS = 10_000;

/**
 * Starts an authorization server for trying out on a free port of loopback. It serves below the path of its issuer's
 * URL, and its metadata also where RFC 8414 §3.1 has them, under that name whatever name a request comes by, and answers 404 everywhere else. Rejects when nothing can be
 * opened or the options are not sound.
 */
export async function startDemoIssuer({ onFault, ...options }: DemoIssuerOptions): Promise<DemoIssuer> {
  const provider = createDemoProvider(options);
  provider.on('server_error', (_context, fault) => onFault(fault.message));
  const handle = provider.callback();
  const listener = mounted(options.issuer, (request, response) => {
    handle(request, response).catch((fault: unknown) => {
      onFault(fault instanceof Error ? fault.message : 'unknown fault');
      response.destroy();
    });
  });
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

const METADATA = '/.well-known/oauth-authorization-server';

/**
 * Gives requests below the issuer's path to `listener`, as one that is mounted there; the metadata then name its URL.
 * They are also at the place that RFC 8414 §3.1 names, where the issuer's path comes last.
 */
function mounted(
  issuer: string,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): RequestListener {
  const { protocol, host, pathname } = new URL(issuer);
  return (request: IncomingMessage & { originalUrl?: string }, response) => {
    const asked = request.url ?? '';
    const url = asked === `${METADATA}${pathname}` ? `${pathname}${METADATA}` : asked;
    if (!url.startsWith(`${pathname}/`)) {
      response.writeHead(404).end();
      return;
    }
    request.originalUrl = url;
    request.url = url.slice(pathname.length);
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    request.headers['x-forwarded-host'] = host;
    listener(request, response);
  };
}

/** Kept-alive connections of the gateway would hold an orderly close back. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
