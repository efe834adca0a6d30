import { z } from 'zod';
import type { PartySecret } from './egress-config.ts';
import { parseSecretReference } from './secret-reference.ts';
import { words } from './words.ts';

/** A text with one reference to a secret in it. */
export const secretTemplate = z.string().transform(readTemplate).meta({
  title: 'text with a reference',
  description: 'What is written, such as `Bearer ${env:STRIPE_KEY}`: with one reference to a secret in it.',
});

/** Someone may have put the secret itself here: nothing of the text is repeated. */
function readTemplate(
  text: string,
  context: z.RefinementCtx<string>,
): Pick<PartySecret, 'before' | 'reference' | 'after'> {
  const [, before = '', reference = '', after = ''] = /^([^$]*)(\$\{[^}]*\})([^$]*)$/.exec(text) ?? [];
  const read = parseSecretReference(reference, '/');
  const plain = /^[\x20-\x7e]*$/.test(before + after) && !before.startsWith(' ') && !after.endsWith(' ');
  if (read.ok && plain) return { before, reference, after };
  const fault = read.ok
    ? words('what stands around the reference is plain ASCII without blanks at its ends')
    : read.error;
  context.issues.push({ code: 'custom', message: fault, input: '' });
  return z.NEVER;
}
