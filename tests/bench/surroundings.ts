import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from './certificate.ts';
import { placement } from './child.ts';
import type { Ground } from './contestants/contestant.ts';
import { CONNECTIONS, loadGenerator } from './load.ts';
import { startUpstream } from './upstream.ts';

/**
 * Measures on an upstream, with a certificate, in a folder of the run; all is gone afterwards. `addresses`: where the
 * upstream listens.
 */
export async function onGround<T>(
  measure: (ground: Ground) => Promise<T>,
  addresses: readonly string[] = ['127.0.0.1'],
): Promise<T> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const upstream = await startUpstream(folder, addresses);
    try {
      console.log(`upstream: ${upstream.name}; load: ${loadGenerator()}, ${CONNECTIONS} connections; ${placement()}\n`);
      return await measure({ folder, upstreamPort: upstream.port, callers: null, ...(await writeCertificate(folder)) });
    } finally {
      await upstream.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
