import { isHeldToSignature, signatureFault } from '../../../body/index.ts';
import type { SentMediaType } from '../../../openapi/index.ts';
import type { RepliedHead } from '../../exchange.ts';
import { isPart, lengthSaid } from './described-head.ts';
import { REPLY_REFUSALS, type ReplyRefusal } from './refusals.ts';

/** Larger files stream by: waiting for all of them would cost their clients more than a look at them is worth. */
const SEEN_LIMIT_BYTES = 1024 * 1024;

/**
 * Whether a body that is not read is looked at: of a type that tells how its bytes begin, all of it, in no coding, and of
 * a length that is said and small.
 */
export function isLookedAt(mediaType: SentMediaType, head: RepliedHead): boolean {
  const length = lengthSaid(head) ?? 0;
  if (length === 0 || length > SEEN_LIMIT_BYTES || isPart(head)) return false;
  return !head.headers.has('content-encoding') && isHeldToSignature(mediaType);
}

/**
 * The refusal of bytes that do not begin as their type says; null where they do. What browsers may run inside of a
 * picture is not asked for here: what an API gives out itself is its own to say, and it is a picture all the same.
 */
export function formatRefusal(mediaType: SentMediaType, bytes: Uint8Array): ReplyRefusal | null {
  const fault = signatureFault(mediaType, { bytes, whole: true });
  return fault === 'other-format' || fault === 'executable' ? REPLY_REFUSALS.otherFormat : null;
}
