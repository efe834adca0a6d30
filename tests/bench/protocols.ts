import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from './certificate.ts';
import { findProgram, placement } from './child.ts';
import { startHaproxy } from './contestants/haproxy.ts';
import { startNginx } from './contestants/nginx.ts';
import { H2_CONNECTIONS, H2_STREAMS } from './load-h2.ts';
import { MESSAGE_CONNECTIONS } from './load-messages.ts';
import { machine as describeMachine } from './machine.ts';
import { printNoise, watchNoise } from './noise.ts';
import { compare, type Comparisons, type Figures, measureRow, printFigures, type Start } from './race.ts';
import { startResponder, startUpstream } from './upstream.ts';

const COMPARISONS: Comparisons = {
  ratios: [
    ['h2_nginx', 'h2', 'nginx'],
    ['h2_haproxy', 'h2', 'haproxy'],
    ['ws_nginx', 'ws', 'nginx'],
    ['ws_haproxy', 'ws', 'haproxy'],
    ['grpc_nginx', 'grpc', 'nginx'],
    ['grpc_haproxy', 'grpc', 'haproxy'],
  ],
  own: [
    ['h2', 'h2'],
    ['ws', 'ws'],
    ['grpc', 'grpc'],
  ],
};

/** The rows, and the upstream of each: as little work as can be, on the load core. */
const ROWS = [
  ['h2', startUpstream],
  ['ws', () => startResponder('message-responder.ts')],
  ['grpc', () => startResponder('unary-responder.ts')],
] as const;

/**
 * CPU time per request, message or call, over TLS, beside nginx and HAProxy before the same upstream. `h2`: the GETs of the
 * other rows over HTTP/2, several streams a connection, to an upstream that speaks HTTP/1.1. `ws`: messages of 125 bytes
 * over WebSockets, each of which comes back. `grpc`: unary calls with 100 bytes each way, to an upstream over HTTP/2.
 */
export async function benchProtocols(): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  if (findProgram('h2load') === null) throw new Error('h2load is not installed (Debian package nghttp2-client)');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const figures: Figures[] = [];
  try {
    const loads = [
      `${H2_CONNECTIONS} connections with ${H2_STREAMS} streams each (h2, grpc)`,
      `${MESSAGE_CONNECTIONS} WebSockets with one message on its way each`,
    ];
    console.log(`load: ${loads.join('; ')}; ${placement()}\n`);
    const certificate = await writeCertificate(folder);
    const noise = watchNoise();
    for (const [row, start] of ROWS) {
      const upstream = await start(folder);
      const surroundings = { folder, upstreamPort: upstream.port, callers: null, ...certificate };
      const peers = [startNginx, startHaproxy].map(
        (peer): Start =>
          (given) =>
            peer(row, given),
      );
      try {
        figures.push(...(await measureRow(row, peers, surroundings)));
      } finally {
        await upstream.stop();
      }
    }
    printFigures(figures);
    const seen = noise();
    printNoise(seen);
    return { machine: { ...describeMachine(), ...seen }, ...compare(figures, COMPARISONS) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
