import { connect } from 'node:net';
import { type ClientServer, startHeaderReader } from '../peers/client-servers.ts';
import { startNginx } from '../peers/nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** The request that a header is sent before. */
export const ASKED = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');

/** A server that takes a PROXY header; `program` is what must be installed, with its Debian package. */
export interface ProxyPeer {
  readonly name: string;
  readonly program: string;
  readonly start: (folder: string) => Promise<ClientServer>;
}

/** The readings that ours is compared with. */
export const PROXY_PEERS: readonly ProxyPeer[] = [
  { name: 'HAProxy', program: 'haproxy', start: startHeaderReader },
  { name: 'nginx', program: 'nginx', start: startNginxReader },
];

/** Both reply with the address and the port of the client that the header names; nginx says neither where there is none. */
async function startNginxReader(folder: string): Promise<ClientServer> {
  const port = await freePort();
  const reply = 'location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; }';
  const http = `server { listen 127.0.0.1:${port} proxy_protocol; ${reply} }`;
  const child = await startNginx({ folder, port, http });
  return { port, stop: child.stop };
}

/** The client that the server understood, as `address port`; null where it took no request. */
export function clientOf(port: number, bytes: Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^HTTP\/1\.1 200[^]*\r\n\r\n(\S* [0-9]*)$/.exec(text)?.[1] ?? null));
  });
}
