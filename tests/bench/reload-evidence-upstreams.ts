import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The two upstreams that configurations take turns with; a reply says which one gave it. */
export type Variant = 'a' | 'b';

const BLOCK = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 167 + (at >> 8) * 31) & 0xff));

/** What `GET /data/BYTES` is answered with. */
export function dataOf(bytes: number): Buffer {
  return Buffer.concat(
    Array.from({ length: Math.ceil(bytes / BLOCK.length) }, () => BLOCK),
    bytes,
  );
}

/** What every other request is answered with: who answers, what was asked, and the body that came. */
export function answerOf(variant: Variant, path: string, body: Buffer): string {
  const sha256 = createHash('sha256').update(body).digest('hex');
  return JSON.stringify({ variant, path, bytes: body.length, sha256 });
}

/** Both upstreams, running. */
export interface Upstreams {
  readonly ports: Readonly<Record<Variant, number>>;
  stop(): void;
}

export async function startUpstreams(): Promise<Upstreams> {
  const servers = { a: await start('a'), b: await start('b') };
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  return {
    ports: { a: portOf(servers.a), b: portOf(servers.b) },
    stop() {
      for (const server of [servers.a, servers.b]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function start(variant: Variant): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, reply) => answer(variant, request, reply));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function answer(variant: Variant, request: IncomingMessage, reply: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  // A request that was cut has no answer.
  request.on('error', () => reply.destroy());
  request.on('end', () => {
    const path = request.url ?? '';
    const wanted = /^\/data\/(\d{1,9})$/.exec(path)?.[1];
    const body = wanted === undefined ? answerOf(variant, path, Buffer.concat(pieces)) : dataOf(Number(wanted));
    const type = wanted === undefined ? 'application/json' : 'application/octet-stream';
    reply.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
  });
}
