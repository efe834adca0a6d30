import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, startServer } from '../child.ts';
import { CONNECTIONS } from '../load.ts';
import { useOfTree } from '../process-tree.ts';
import { type Absence, type Contestant, type Surroundings } from './contestant.ts';
import { freePort } from '../../framing/free-port.ts';

/** Caddy without TLS, on one core. */
export async function startCaddy(surroundings: Surroundings): Promise<Contestant | Absence> {
  const program = findProgram('caddy');
  if (program === null) return { name: 'caddy', row: 'plain', reason: 'not installed (Debian package caddy)' };
  const port = await freePort();
  const folder = join(surroundings.folder, 'caddy');
  await mkdir(folder);
  const file = join(folder, 'Caddyfile');
  const configuration = configure(surroundings, port);
  await writeFile(file, configuration);
  const child = await startServer([program, 'run', '--config', file, '--adapter', 'caddyfile'], port, {
    core: 'contestant',
    // Caddy keeps its state where these point.
    environment: { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  return {
    name: 'caddy',
    row: 'plain',
    target: { scheme: 'http', port },
    configuration,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}

function configure({ upstreamPort, replyFields }: Surroundings, port: number): string {
  return `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	header X-Request-Id {http.request.uuid}
${replyFields.map(([name, value]) => `	header ${name} "${value}"`).join('\n')}
	reverse_proxy 127.0.0.1:${upstreamPort} {
		header_up X-Request-Id {http.request.uuid}
		header_up Via "1.1 caddy"
		transport http {
			keepalive_idle_conns_per_host ${CONNECTIONS * 2}
		}
	}
}
`;
}
