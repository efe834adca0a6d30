import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './command.ts';
import { ROOT } from '../tidy/repository.ts';

/** An API that nobody here wrote, with data of its own. */
export interface ApiServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts json-server in a process of its own: its framework needs what the gateway's flags forbid. */
export async function startJsonServer(data: object): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-api-'));
  const file = join(folder, 'db.json');
  await writeFile(file, JSON.stringify(data));
  const port = await freePort();
  const program = join(ROOT, 'node_modules', 'json-server', 'lib', 'cli', 'bin.js');
  const server: Running = start('node', [
    join(ROOT, 'bin', 'run.js'),
    program,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    file,
  ]);
  await server.printed(/Home/);
  return {
    port,
    stop: async () => {
      server.child.kill('SIGTERM');
      await server.outcome;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
