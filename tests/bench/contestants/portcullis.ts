import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGateway } from '../../framing/gateway-process.ts';
import { freePort, pinnedTo, startServer } from '../child.ts';
import { useOfTree } from '../process-tree.ts';
import type { Contestant, Row, Surroundings } from './contestant.ts';

/** The product's http port only redirects: this entry puts the same gateway behind a listener without TLS. */
const PLAIN_ENTRY = join(import.meta.dirname, '..', 'plain-listener.ts');

/** The gateway with its defaults before one upstream. */
export function startPortcullis(row: Row, surroundings: Surroundings): Promise<Contestant> {
  return row === 'tls' ? startProduct(surroundings) : startPlain(surroundings);
}

function configure(upstreamPort: number): string {
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
`;
}

async function startProduct({ upstreamPort }: Surroundings): Promise<Contestant> {
  const configuration = configure(upstreamPort);
  const gateway = await startGateway(configuration, { before: pinnedTo('contestant') });
  return {
    name: 'portcullis',
    row: 'tls',
    target: { scheme: 'https', port: gateway.https },
    configuration,
    use: () => useOfTree(gateway.pid),
    stop: gateway.stop,
  };
}

async function startPlain({ upstreamPort, folder }: Surroundings): Promise<Contestant> {
  const configuration = configure(upstreamPort);
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, configuration);
  const port = await freePort();
  const child = await startServer([process.execPath, PLAIN_ENTRY, file, String(port)], port, { core: 'contestant' });
  return {
    name: 'portcullis',
    row: 'plain',
    target: { scheme: 'http', port },
    configuration: `${configuration}(behind a listener without TLS: plain-listener.ts)\n`,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}
