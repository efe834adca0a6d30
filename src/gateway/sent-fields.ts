import type { HeaderFields } from '../wire/index.ts';
import { dropUsedCredential } from './forwarded.ts';
import type { Walk } from './walk.ts';

/**
 * What makes an upstream send a body that can't be judged: one that is coded, or a part of one, which would let a client
 * fetch in parts what is refused as a whole. An upstream may ignore them (RFC 9110 §12.5.3, §14.2).
 */
const UNJUDGEABLE = ['accept-encoding', 'range', 'if-range', 'request-range'];

/** Takes out of a request's fields what its upstream is not to get. Once is enough, more do no harm. */
export function dropUnsent(walk: Walk, fields: HeaderFields): void {
  if (walk.plan.respond.reads.whole) for (const name of UNJUDGEABLE) fields.drop(name);
  dropUsedCredential(walk, fields);
}
