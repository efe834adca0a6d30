import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** How an upstream works: so many requests at once, each of which takes so long. Others wait, in order. */
export interface UpstreamWork {
  readonly atOnce: number;
  readonly eachMs: number;
}

const BIG = Buffer.alloc(1_000_000, 'x');
const { atOnce, eachMs } = workerData as UpstreamWork;
const waiting: { readonly reply: ServerResponse; readonly body: string | Buffer }[] = [];
let busy = 0;

/** A thread of its own, so that neither attackers nor clients feel its work. `/big` is a megabyte. */
const server = createServer((request, reply) => {
  request.resume();
  waiting.push({ reply, body: request.url?.startsWith('/big') === true ? BIG : 'answered' });
  work();
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

server.listen(0, '127.0.0.1', 4_096, () => parentPort?.postMessage((server.address() as AddressInfo).port));
