import type { Problem } from '../base/index.ts';
import type { ReplyHead } from '../wire/index.ts';
import type { BodyAccess } from './body-access.ts';
import { isWhole } from './body-need.ts';
import { isEventStream } from './event-stream.ts';
import type { PlannedStep } from './planned-step.ts';
import type { Walk } from './walk.ts';

/** A reply that a policy must read may be this large. */
export const READ_LIMIT_BYTES = 10 * 1024 * 1024;

/** It would be collected for ever. */
const ENDLESS: Problem = {
  code: 'upstream-refused-body',
  internal: 'a stream of events, which has no end, and a policy must read it whole',
};

/** The configuration refuses such a plan; should one be there, nothing passes it unread. */
export const NO_BODY_TO_READ: Problem = {
  code: 'upstream-refused-body',
  internal: 'a policy must read the reply, and an upgrade has none',
};

/** It would take too much memory. */
export const TOO_LARGE: Problem = {
  code: 'upstream-refused-body',
  internal: `more than ${READ_LIMIT_BYTES} bytes, and a policy must read them`,
};

/** Why a reply can't be read whole, as far as its head tells; null where it can. */
export function unreadable(head: ReplyHead): Problem | null {
  if (isEventStream(head)) return ENDLESS;
  return head.framing.kind === 'length' && head.framing.bytes > READ_LIMIT_BYTES ? TOO_LARGE : null;
}

/** What is told of a reply that can't be read, for what is wrong with its body or for want of memory. */
export function toldUnreadable({ code, internal = '' }: Problem): Problem {
  return { code: code === 'gateway-overloaded' ? code : 'upstream-refused-body', internal };
}

/** Refuses a reply that can't be passed on; one of the gateway's own is a policy's fault. */
export function refuseUnread(
  passage: Walk,
  given: { readonly source: 'upstream' | 'gateway'; readonly problem: Problem; readonly rule: string },
): void {
  const { source, problem, rule } = given;
  if (source === 'gateway')
    passage.fault(passage.decidedBy ?? 'gateway', new Error(`its reply can't be read: ${problem.internal}`));
  else passage.refuse(problem, null, rule);
}

/**
 * Whether a step of `respond` has nothing to read: a refusal of the gateway's has no foreign body to judge, and a request
 * that was refused or answered early may have none that is whole. `isUnread`: nobody reads this reply's body whole.
 */
export function isBlind(
  { step }: PlannedStep<'respond'>,
  requestBody: BodyAccess | null,
  replyBody: BodyAccess | null,
  isUnread: boolean,
): boolean {
  const { request, response } = step.reads;
  if (isWhole(response) && isUnread) return true;
  if (response === 'start' && (replyBody?.start ?? null) === null) return true;
  if (isWhole(request) && requestBody?.isLeft === true) return true;
  if (response === 'parsed' && replyBody?.isParsed !== true) return true;
  if (request === 'parsed' && requestBody?.isParsed !== true) return true;
  return request === 'raw' && (requestBody?.whole ?? null) === null;
}
