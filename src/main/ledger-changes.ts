import { join } from 'node:path';
import { createIdSource, RECORD_VERSION } from '../base/index.ts';
import type { ConductorOptions } from '../control/index.ts';
import type { Keyring, Ledger } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';

/** Records changes of configuration, and the gateway's own start and stop; false when the ledger takes nothing. */
export function changeRecorder(
  ledger: Pick<Ledger, 'append'>,
  { clock, random }: Pick<HostPorts, 'clock' | 'random'>,
): ConductorOptions['record'] {
  const now = (): number => clock.now();
  const nextId = createIdSource((bytes) => random.fill(bytes), now);
  return (change) => ledger.append({ version: RECORD_VERSION, kind: 'change', id: nextId(), at: now(), ...change });
}

/** Where the ledger lies. */
export function ledgerFolder(dataFolder: string): string {
  return join(dataFolder, 'ledger');
}

/** The key under which callers get their names in the ledger; the same for the life of the keyring. */
export function pseudonymKey(keyring: Keyring): Uint8Array {
  return keyring.mac('ledger-subject', Buffer.from('key of pseudonyms'));
}
