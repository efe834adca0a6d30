import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { TestAuthority } from '../mixed/authority.ts';

/** A request as a third party got it. */
export interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whom the client has asked for in its handshake, and whether it has shown a certificate. */
  readonly asked: string | null;
  readonly proven: boolean;
}

/** An API of others on this machine, over https. */
export interface ThirdParty {
  readonly port: number;
  /** What it heard, the newest last. */
  readonly heard: Heard[];
  /** How often somebody has connected. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Starts one that answers so. */
export async function startThirdParty(
  authority: TestAuthority,
  answer: (heard: Heard, reply: ServerResponse) => void,
): Promise<ThirdParty> {
  const heard: Heard[] = [];
  let connections = 0;
  const { certificate, key } = await authority.issue();
  const server = createServer(
    { cert: certificate, key, requestCert: true, rejectUnauthorized: false },
    (request, reply) => {
      void hear(request).then((one) => {
        heard.push(one);
        answer(one, reply);
      });
    },
  );
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { port, heard, connections: () => connections, stop };
}

async function hear(request: IncomingMessage): Promise<Heard> {
  let body = '';
  for await (const piece of request) body += String(piece);
  const socket = request.socket as TLSSocket & { readonly servername?: string | false };
  const [asked, proven] = [socket.servername || null, Object.keys(socket.getPeerCertificate()).length > 0];
  return { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body, asked, proven };
}

/** One that answers every request with these very bytes, then perhaps ends the connection. */
export async function startRawParty(authority: TestAuthority, bytes: (path: string) => string): Promise<ThirdParty> {
  const { certificate, key } = await authority.issue();
  let connections = 0;
  const server = createTlsServer({ cert: certificate, key }, (socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      const [, path = ''] = data.toString('latin1').split(' ', 2);
      const text = bytes(path);
      socket.write(Buffer.from(text, 'latin1'));
      if (path.endsWith('/early')) socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.close();
    await Promise.resolve();
  };
  return { port, heard: [], connections: () => connections, stop };
}
