import { ok, Secret } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Log, Secrets } from '../ports/index.ts';

/**
 * Secrets for the configurations that follow the first: one of Vault that can not be read is the one in force, where that
 * came of the same Vault, so that a configuration can be changed also while Vault is down. The watch of secrets raises the
 * alert.
 */
export function holdSecrets(
  secrets: Secrets,
  { current, log }: { readonly current: () => Pick<Gathered, 'config' | 'secrets'> | null; readonly log: Log },
): Secrets {
  return {
    async resolve(reference, source = null) {
      const resolved = await secrets.resolve(reference, source);
      const before = resolved.ok || reference.scheme !== 'vault' ? null : current();
      if (resolved.ok || reference.scheme !== 'vault' || before === null) return resolved;
      const isSame = JSON.stringify(before.config.secrets.vault?.source ?? null) === JSON.stringify(source);
      const written = `\${vault:${reference.path}#${reference.field}}`;
      const held = isSame && Object.hasOwn(before.secrets, written) ? before.secrets[written] : undefined;
      if (held === undefined) return resolved;
      log.write('warn', 'secret.held', 'a secret can not be read; the one in force stays', { detail: resolved.error });
      return ok(new Secret(held));
    },
  };
}
