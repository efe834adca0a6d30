import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdminClient, createAdminClient } from '../../src/control/client.ts';
import type { GatewayProcess } from '../framing/gateway-process.ts';
import { type Ask, ask, type Reply } from './https-client.ts';

/** Where a gateway is, and the folder of its configuration. */
type Running = Pick<GatewayProcess, 'admin' | 'ca' | 'folder'>;

/** The admin key of a gateway whose data lie in `data` beside its configuration. */
export async function adminKey(folder: string): Promise<string> {
  return (await readFile(join(folder, 'data', 'admin.key'), 'utf8')).trim();
}

/** Asks the admin port of a gateway once, with its key. */
export async function askAdmin(
  { admin: port, ca, folder }: Running,
  path: string,
  { headers = {}, ...more }: Pick<Ask, 'method' | 'headers' | 'body'> = {},
): Promise<Reply> {
  const authorization = `Bearer ${await adminKey(folder)}`;
  return await ask({ port, ca, path, ...more, headers: { authorization, ...headers } });
}

/** What commands ask the admin port of a gateway by. */
export async function adminClient({ admin: port, ca: caPem, folder }: Running): Promise<AdminClient> {
  return createAdminClient({ host: '127.0.0.1', port, caPem, key: await adminKey(folder) });
}

/** The value of a series in the metrics of a gateway; 0 where it is not there. */
export async function counted(gateway: Running, series: string): Promise<number> {
  const { body } = await askAdmin(gateway, '/metrics');
  const line = body.split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.split(' ')[1] ?? 0);
}
