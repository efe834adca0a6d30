import { err, ok, type Result } from '../base/index.ts';
import type { SecretReference, VaultReference } from '../ports/index.ts';
import { resolvePath } from './path.ts';

const SCHEMES = ['env', 'file', 'vault'] as const;
const LENGTH_LIMIT = 4096;

/**
 * Reads `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`. A relative path of a file starts at `folder`; without one it is refused.
 * The words of an error never hold the text: where a reference is wanted, it may be the secret itself.
 */
export function parseSecretReference(text: string, folder: string | null = null): Result<SecretReference, string> {
  if (text.length > LENGTH_LIMIT) return err('is too long for a reference');
  const found = /^\$\{([^:}]*):(.*)\}$/s.exec(text);
  if (found === null)
    return err(
      'must be a reference, ${env:NAME}, ${file:PATH} or ${vault:PATH#FIELD}; a secret is never written here itself',
    );
  const [, scheme = '', name = ''] = found;
  switch (SCHEMES.find((known) => known === scheme)) {
    case 'env':
      return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)
        ? ok({ scheme: 'env', name })
        : err('must name a variable in ${env:NAME}: letters, digits and `_`, no digit first');
    case 'file':
      return parseFile(name, folder);
    case 'vault':
      return parseVault(name);
    case undefined:
      return err(`is a reference of an unknown kind; known are ${SCHEMES.map((known) => `\${${known}:…}`).join(', ')}`);
  }
}

function parseFile(path: string, folder: string | null): Result<SecretReference, string> {
  const resolved = resolvePath(path, folder);
  return resolved.ok ? ok({ scheme: 'file', path: resolved.value }) : err(`holds a path that ${resolved.error}`);
}

/** Names of Vault are taken as they stand: one that would be encoded, or lead elsewhere, is a slip or an attack. */
const VAULT = /^([A-Za-z0-9_.@:+=-]{1,128}(?:\/[A-Za-z0-9_.@:+=-]{1,128}){1,15})#([A-Za-z0-9_.@:+=-]{1,256})$/;

function parseVault(text: string): Result<VaultReference, string> {
  const [, path = '', field = ''] = VAULT.exec(text) ?? [];
  const isPath = path !== '' && !path.split('/').some((name) => name === '.' || name === '..');
  return isPath
    ? ok({ scheme: 'vault', path, field })
    : err('must name a secret in ${vault:PATH#FIELD}, such as ${vault:secret/orders/db#password}');
}
