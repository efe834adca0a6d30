import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createStoreAlerts, type FolderLock, lockFolder, openFileKeyring, openSqliteStore } from '../adapters/index.ts';
import { createIdSource, err, ok, type Result, type Secret } from '../base/index.ts';
import { ADMIN_KEYS, type AdminKey } from '../control/index.ts';
import type { AlertRecord, Alerts, Clock, Collection, Files, Keyring, Log, Random, Store } from '../ports/index.ts';

/** What a node keeps on disk, opened. */
export interface DataFolder {
  readonly path: string;
  readonly keyring: Keyring;
  readonly store: Store;
  readonly alerts: Alerts;
  readonly adminKeys: Collection<AdminKey>;
  /** To be released when all the rest is closed. */
  readonly lock: FolderLock;
}

/** What opening takes. */
export interface DataFolderOptions {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly passphrase: Secret | null;
  /** Hears of each alert that is no repetition. */
  readonly onNewAlert?: (record: AlertRecord) => void;
}

/** Opens the data folder, making it where it is missing. An error says in words what stands in the way. */
export async function openDataFolder(options: DataFolderOptions): Promise<Result<DataFolder, string>> {
  const { path, files } = options;
  const made = await files.makeFolder(path, 0o700);
  if (!made.ok) return err(`the data folder ${path} can not be made: ${made.error.detail}`);
  const lock = lockFolder(path, process.pid);
  if (!lock.ok) return lock;
  const opened = await openLocked(options, lock.value);
  if (!opened.ok) lock.value.release();
  return opened;
}

async function openLocked(options: DataFolderOptions, lock: FolderLock): Promise<Result<DataFolder, string>> {
  const { path, files, clock, random, log, passphrase } = options;
  const keyring = await openFileKeyring({ path: join(path, 'keyring.json'), files, random, passphrase });
  if (!keyring.ok) return keyring;
  const store = await openSqliteStore({ path: join(path, 'store.sqlite'), keyring: keyring.value, clock });
  if (!store.ok) return err(`the data folder ${path} can not be used: ${store.error.detail}`);
  const alerts = createStoreAlerts({
    store: store.value,
    clock,
    log,
    newId: createIdSource(
      (bytes) => random.fill(bytes),
      () => clock.now(),
    ),
    ...(options.onNewAlert === undefined ? {} : { onNew: options.onNewAlert }),
  });
  return ok({
    path,
    keyring: keyring.value,
    store: store.value,
    alerts,
    adminKeys: store.value.collection(ADMIN_KEYS),
    lock,
  });
}

/** Makes `admin.key` where it is missing; what it holds opens the admin API from now on. */
export async function openAdminKey(folder: DataFolder, options: DataFolderOptions): Promise<Result<string, string>> {
  const file = join(folder.path, 'admin.key');
  const bytes = new Uint8Array(32);
  options.random.fill(bytes);
  const created = await options.files.create(file, Buffer.from(`${Buffer.from(bytes).toString('base64url')}\n`), 0o600);
  if (!created.ok && created.error.reason !== 'exists')
    return err(`${file} can not be written: ${created.error.detail}`);
  const facts = await options.files.facts(file);
  if (facts.ok && (facts.value.mode & 0o077) !== 0) {
    return err(`${file} can be read by others, who may have it already: remove it, and a new one is made`);
  }
  const read = await options.files.read(file, 1_024);
  if (!read.ok) return err(`${file} can not be read: ${read.error.detail}`);
  const key = Buffer.from(read.value).toString('utf8').trim();
  if (!/^[A-Za-z0-9_-]{32,128}$/.test(key)) return err(`${file} holds no admin key; remove it, and a new one is made`);
  const hash = createHash('sha256').update(key).digest('hex');
  await folder.adminKeys.put('file', { hash, createdAt: options.clock.now(), note: 'admin.key' });
  return ok(key);
}
