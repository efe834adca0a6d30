import type { ParsedBody } from '../body/index.ts';
import type { Problem } from '../base/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';

/** Fields by which frameworks let a request be of another method than it is. */
const FIELDS = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-httpmethod-override'] as const;

/** `_method` as the name of a field of a form, also in the spellings that PHP and readers of nested names take for it. */
const NAME = /^[ .!_[]*_?method(?:$|[\][. ])/i;

/** What a request is refused with that asks for another method in the place of its own: that was never judged. */
export const METHOD_OVERRIDE: Problem = { code: 'method-override' };

/** Whether the head asks for another method. Whatever it asks for, also its own, is refused: servers differ on what counts. */
export function overridesMethod({ headers }: Pick<CanonicalRequest, 'headers'>): boolean {
  return FIELDS.some((name) => headers.has(name));
}

/** Whether a form does, which servers obey in a POST. */
export function overridesInForm(body: ParsedBody): boolean {
  if (body.kind === 'form') return [...body.fields.keys()].some(isOverride);
  return body.kind === 'multipart' && body.parts.some(({ name }) => name !== null && isOverride(name));
}

function isOverride(name: string): boolean {
  const text = name.trimStart();
  // Without a mark before it, it is a name like any other.
  return !/^method/i.test(text) && NAME.test(text);
}
