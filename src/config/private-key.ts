import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { SecretReference } from '../ports/index.ts';
import { absolute, resolvePath } from './path.ts';
import { parseSecretReference } from './secret-reference.ts';
import { words } from './words.ts';

/** The key that says where a private key is: a path or a reference. Someone may have put the key itself there: nothing of the text is repeated. `host`: it lies on this machine. */
export function privateKey(description: string, readFrom: 'host' | 'anywhere' = 'anywhere') {
  return z
    .string()
    .transform((value, context) => {
      const result = value.startsWith('$') ? keySecret(value, readFrom) : keyPath(value);
      if (result.ok) return value;
      context.issues.push({ code: 'custom', message: result.error, input: '' });
      return z.NEVER;
    })
    .meta({ title: 'FILE or reference', description });
}

function keySecret(value: string, readFrom: 'host' | 'anywhere'): Result<SecretReference, string> {
  const read = parseSecretReference(value, '/');
  if (!read.ok || read.value.scheme !== 'vault' || readFrom === 'anywhere') return read;
  return err(
    words('this key is watched beside its certificate, so it lies in a file', 'let an agent of Vault write both'),
  );
}

function keyPath(value: string): Result<string, string> {
  if (/[\r\n]|-----BEGIN/.test(value)) {
    const fix = 'put it into a file and write its path, or use ${env:NAME}';
    return err(words('a private key is never written into the configuration', fix));
  }
  const result = resolvePath(value, '/');
  return result.ok ? ok(value) : err(`this path ${result.error}`);
}

/** A plain path as a reference too, so that its bytes are treated as a secret; `file` is the configuration file. */
export function keyReference(written: string, file: string): string {
  return written.startsWith('$') ? written : `\${file:${absolute(written, file)}}`;
}
