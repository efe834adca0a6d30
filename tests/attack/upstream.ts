import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** How an upstream works: so many requests at once, each of which takes so long. Others wait, in order. */
export interface UpstreamWork {
  readonly atOnce: number;
  readonly eachMs: number;
}

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BIG = Buffer.alloc(1_000_000, 'x');
const { atOnce, eachMs } = workerData as UpstreamWork;
const waiting: { readonly reply: ServerResponse; readonly body: string | Buffer }[] = [];
let busy = 0;

/**
 * A thread of its own, so that neither attackers nor clients feel its work. `/big` is a megabyte; `/upload` is answered
 * when all of it has come.
 */
const server = createServer((request, reply) => {
  request.resume();
  const take = (): void => {
    waiting.push({ reply, body: request.url?.startsWith('/big') === true ? BIG : 'answered' });
    work();
  };
  if (request.url === '/upload') request.once('end', take);
  else take();
});

function work(): void {
  while (busy < atOnce) {
    const next = waiting.shift();
    if (next === undefined) return;
    if (eachMs === 0) {
      next.reply.end(next.body);
      continue;
    }
    busy++;
    setTimeout(() => {
      busy--;
      next.reply.end(next.body);
      work();
    }, eachMs);
  }
}

/** Takes every WebSocket, and whatever it brings (RFC 6455 §4.2.2). */
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`).digest('base64');
  socket
    .on('error', () => {})
    .on('end', () => socket.end())
    .resume();
  const head = `upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n\r\n`);
});

server.listen(0, '127.0.0.1', 4_096, () => parentPort?.postMessage((server.address() as AddressInfo).port));
