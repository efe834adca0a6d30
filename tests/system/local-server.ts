import { once } from 'node:events';
import { createServer, type RequestListener, Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

/** A server on a free port of this machine, which stands for an upstream or another peer. */
export interface LocalServer {
  readonly port: number;
  readonly url: string;
  /** Takes no connections any more; those of HTTP/1.1 are cut. */
  readonly stop: () => void;
}

/** Starts one that answers so over HTTP/1.1, or another that was made and does not listen yet. */
export async function startLocalServer(made: RequestListener | Server): Promise<LocalServer> {
  const server = typeof made === 'function' ? createServer(made) : made;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.close();
    if (server instanceof HttpServer) server.closeAllConnections();
  };
  return { port, url: `http://127.0.0.1:${port}`, stop };
}
