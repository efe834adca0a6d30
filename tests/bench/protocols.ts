import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from './certificate.ts';
import { findProgram, placement } from './child.ts';
import { startHaproxy } from './contestants/haproxy.ts';
import { startNginx } from './contestants/nginx.ts';
import { H2_CONNECTIONS, H2_STREAMS } from './load-h2.ts';
import { machine as describeMachine } from './machine.ts';
import { printNoise, watchNoise } from './noise.ts';
import { compare, type Comparisons, measureRow, printFigures } from './race.ts';
import { startUpstream } from './upstream.ts';

const COMPARISONS: Comparisons = {
  ratios: [
    ['h2_nginx', 'h2', 'nginx'],
    ['h2_haproxy', 'h2', 'haproxy'],
  ],
  own: [['h2', 'h2']],
};

/**
 * CPU time per request over HTTP/2 with TLS, several streams a connection, beside nginx and HAProxy: the same GETs as in
 * the other rows, to the same upstream, which speaks HTTP/1.1.
 */
export async function benchProtocols(): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  if (findProgram('h2load') === null) throw new Error('h2load is not installed (Debian package nghttp2-client)');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const upstream = await startUpstream(folder);
  try {
    const load = `h2load, ${H2_CONNECTIONS} connections with ${H2_STREAMS} streams each`;
    console.log(`upstream: ${upstream.name}; load: ${load}; ${placement()}\n`);
    const surroundings = { folder, upstreamPort: upstream.port, callers: null, ...(await writeCertificate(folder)) };
    const noise = watchNoise();
    const figures = await measureRow(
      'h2',
      [(given) => startNginx('h2', given), (given) => startHaproxy('h2', given)],
      surroundings,
    );
    printFigures(figures);
    const seen = noise();
    printNoise(seen);
    return { machine: { ...describeMachine(), ...seen }, ...compare(figures, COMPARISONS) };
  } finally {
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
