import { join } from 'node:path';
import { err, ok, type Result } from '../base/index.ts';
import { localCaPath } from '../certificates/index.ts';
import { type AdminClient, createAdminClient } from '../control/index.ts';
import type { Files } from '../ports/index.ts';

/** What a running gateway leaves in its data folder for the commands: where it can be reached. */
export interface RunningFile {
  readonly pid: number;
  readonly admin: { readonly host: string; readonly port: number };
}

const NAME = 'running.json';

/** Writes it; it goes when the gateway ends. */
export async function writeRunningFile(files: Files, folder: string, running: RunningFile): Promise<void> {
  await files.replace(join(folder, NAME), Buffer.from(`${JSON.stringify(running)}\n`), 0o600);
}

/** Removes it. */
export async function removeRunningFile(files: Files, folder: string): Promise<void> {
  await files.remove(join(folder, NAME));
}

/** Where certificates of our own lie. */
export function certificateFolder(dataFolder: string): string {
  return join(dataFolder, 'certificates');
}

/** A client for the gateway that runs on this data folder; or words about why there is none. */
export async function findAdmin(files: Files, dataFolder: string): Promise<Result<AdminClient, string>> {
  const running = await readText(files, join(dataFolder, NAME));
  if (!running.ok) return err(`no gateway runs on ${dataFolder} (${running.error})`);
  const key = await readText(files, join(dataFolder, 'admin.key'));
  if (!key.ok) return err(`the admin key can not be read: ${key.error}`);
  const ca = await readText(files, localCaPath(certificateFolder(dataFolder)));
  if (!ca.ok) return err(`the local CA can not be read: ${ca.error}`);
  const address = parseRunning(running.value);
  return address === null
    ? err(`${join(dataFolder, NAME)} is damaged`)
    : ok(createAdminClient({ ...address, caPem: ca.value, key: key.value.trim() }));
}

async function readText(files: Files, path: string): Promise<Result<string, string>> {
  const read = await files.read(path, 65_536);
  return read.ok ? ok(Buffer.from(read.value).toString('utf8')) : err(read.error.detail);
}

function parseRunning(text: string): RunningFile['admin'] | null {
  try {
    const { admin } = JSON.parse(text) as Partial<RunningFile>;
    return typeof admin?.host === 'string' && typeof admin.port === 'number'
      ? { host: admin.host, port: admin.port }
      : null;
  } catch {
    return null;
  }
}
