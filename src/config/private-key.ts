import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { absolute, resolvePath } from './path.ts';
import { parseSecretReference } from './secret-reference.ts';
import { words } from './words.ts';

/** The key that says where a private key is: a path or a reference. Someone may have put the key itself there: nothing of the text is repeated. */
export function privateKey(description: string) {
  return z
    .string()
    .transform((value, context) => {
      const result = value.startsWith('$') ? parseSecretReference(value, '/') : keyPath(value);
      if (result.ok) return value;
      context.issues.push({ code: 'custom', message: result.error, input: '' });
      return z.NEVER;
    })
    .meta({ title: 'FILE or reference', description });
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
