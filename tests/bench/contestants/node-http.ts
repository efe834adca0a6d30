import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../child.ts';
import { useOfTree } from '../process-tree.ts';
import type { Contestant, Surroundings } from './contestant.ts';
import { freePort } from '../../framing/free-port.ts';

/** What a proxy costs that is written with Node's own server and undici as its client. */
export async function startNodeHttp({ upstreamPort, replyFields }: Surroundings): Promise<Contestant> {
  const port = await freePort();
  const script = join(import.meta.dirname, 'node-http-proxy.ts');
  const command = [process.execPath, script, String(port), String(upstreamPort), JSON.stringify(replyFields)];
  const child = await startServer(command, port, { core: 'contestant' });
  return {
    name: 'node:http + undici',
    row: 'plain',
    target: { scheme: 'http', port },
    configuration: readFileSync(script, 'utf8'),
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}
