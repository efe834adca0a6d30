import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './command.ts';
import { ROOT } from '../tidy/repository.ts';
import { freePort } from '../framing/free-port.ts';

/** An API that nobody here wrote, with data of its own. */
export interface ApiServer {
  readonly port: number;
  stop(): Promise<void>;
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
