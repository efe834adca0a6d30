import { join } from 'node:path';
import { openFileKeyring, openSqliteStore } from '../adapters/index.ts';
import { err, type Result, type Secret } from '../base/index.ts';
import type { Store } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';

/** A folder that nodes share. */
export interface SharedFolderOptions {
  readonly folder: string;
  readonly passphrase: Secret | null;
  readonly host: Pick<HostPorts, 'files' | 'random' | 'clock'>;
}

/**
 * Opens the store of certificates that nodes share, making it where it is missing. It has a keyring of its own beside it,
 * under the passphrase that all of them are given: a node's own keys are nobody else's. The error is for the operator.
 */
export async function openSharedCertificates(options: SharedFolderOptions): Promise<Result<Store, string>> {
  const { folder, passphrase, host } = options;
  const { files, random, clock } = host;
  const made = await files.makeFolder(folder, 0o700);
  if (!made.ok) return err(`the folder ${folder} can not be made: ${made.error.detail}`);
  const facts = await files.facts(folder);
  if (!facts.ok) return err(`the folder ${folder} can not be read: ${facts.error.detail}`);
  // Whoever can put other files in their place says what is served.
  if ((facts.value.mode & 0o022) !== 0)
    return err(`the folder ${folder} may be changed by others than its owner: run chmod go-w on it`);
  const keyring = await openFileKeyring({ path: join(folder, 'keyring.json'), files, random, passphrase });
  if (!keyring.ok) return keyring;
  const path = join(folder, 'certificates.sqlite');
  const store = await openSqliteStore({ path, keyring: keyring.value, clock, shared: true });
  return store.ok ? store : err(store.error.detail);
}
