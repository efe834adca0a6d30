import { z } from 'zod';
import { parseSecretReference } from './secret-reference.ts';

/** Reads a reference to a secret. Someone may have put the secret itself here: nothing of the text is repeated. */
export function readSecretText(value: string, context: z.RefinementCtx<string>): string {
  const result = parseSecretReference(value, '/');
  if (result.ok) return value;
  context.issues.push({ code: 'custom', message: result.error, input: '' });
  return z.NEVER;
}
