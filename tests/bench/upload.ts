import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { useOfTree } from './process-tree.ts';

const UPLOAD_BYTES = 2 ** 30;
/** Sent before, so that what the first megabytes load and allocate is there already. */
const WARM_UP_BYTES = 2 ** 26;
const PIECE = Buffer.alloc(65_536, 'upload');
const LOOK_MS = 20;
const LIMIT_MS = 120_000;

/** What 1 GiB through the gateway did. */
export interface UploadCost {
  /** Peak memory meanwhile, over that before. */
  readonly rssDeltaMb: number;
  readonly seconds: number;
}

/** Sends 1 GiB by POST over TLS through a gateway to an upstream that counts and forgets the bytes. */
export async function measureUpload(): Promise<UploadCost> {
  let received = 0;
  const upstream = createServer((request, reply) => {
    received = 0;
    request.on('data', (piece: Buffer) => (received += piece.length));
    request.on('end', () => reply.end(String(received)));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const gateway = await startGateway(configurationOf((upstream.address() as AddressInfo).port));
  try {
    await send(gateway, WARM_UP_BYTES);
    const before = useOfTree(gateway.pid).rssBytes;
    let peak = before;
    const look = setInterval(() => (peak = Math.max(peak, useOfTree(gateway.pid).rssBytes)), LOOK_MS);
    const beganMs = performance.now();
    await send(gateway, UPLOAD_BYTES).finally(() => clearInterval(look));
    return { rssDeltaMb: (peak - before) / 2 ** 20, seconds: (performance.now() - beganMs) / 1000 };
  } finally {
    await gateway.stop();
    upstream.closeAllConnections();
    upstream.close();
  }
}

async function send({ https: port, ca }: GatewayProcess, bytes: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
  const timer = setTimeout(() => socket.destroy(new Error('the upload takes too long')), LIMIT_MS);
  let said = '';
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  // Whoever still writes hears of it too.
  over.catch(() => {});
  socket.on('data', (data: Buffer) => {
    said += data.toString('latin1');
    if (said.endsWith(`\r\n\r\n${bytes}`)) resolve();
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`the upload was not answered: ${said.slice(0, 200)}`)));
  try {
    await Promise.race([once(socket, 'secureConnect'), over]);
    const head = `POST /upload HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: ${bytes}\r\nconnection: close\r\n\r\n`;
    socket.write(head);
    for (let left = bytes; left > 0; left -= PIECE.length) {
      if (!socket.write(PIECE.subarray(0, left))) await Promise.race([once(socket, 'drain'), over]);
    }
    await over;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function configurationOf(upstreamPort: number): string {
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
audit: off
apis:
  bench: { routes: ['POST /upload'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public, body: 1GiB }
`;
}
