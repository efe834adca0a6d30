import type { SecretsConfig } from './secrets-config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** What differs in where secrets come from, and in which texts of the file are taken for none. */
export function secretsChanges(before: SecretsConfig, after: SecretsConfig): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  const add = (effect: ChangeEffect, message: string): void => {
    changes.push({ api: null, operation: null, about: 'server', effect, message });
  };
  const [was, is] = [before.vault, after.vault];
  if (was === null && is !== null) add('changes', `secrets are read of Vault at ${is.source.address}`);
  if (was !== null && is === null) add('changes', 'secrets are no longer read of Vault');
  if (was !== null && is !== null) {
    // Whoever answers there says which keys and passwords count.
    if (was.source.address !== is.source.address) add('loosens', `another Vault is believed: ${is.source.address}`);
    if (was.source.caFile !== is.source.caFile) add('loosens', 'other CAs vouch for Vault');
    if (was.source.namespace !== is.source.namespace) add('changes', 'Vault is asked in another namespace');
    if (!sameData(was.source.auth, is.source.auth)) add('changes', 'the gateway signs in to Vault in another way');
    if (!sameData(was.source.mounts, is.source.mounts)) add('changes', 'engines of Vault are of other versions');
    if (was.intervalMs !== is.intervalMs) add('changes', `secrets are read anew every ${is.intervalMs / 1_000} s`);
  }
  for (const path of after.notSecrets.filter((each) => !before.notSecrets.includes(each)))
    add('loosens', `${path} may look like a secret`);
  for (const path of before.notSecrets.filter((each) => !after.notSecrets.includes(each)))
    add('tightens', `${path} may no longer look like a secret`);
  return changes;
}
