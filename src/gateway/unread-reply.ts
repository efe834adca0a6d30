import type { Problem } from '../base/index.ts';

/** A reply that a policy must read may be this large. */
export const READ_LIMIT_BYTES = 10 * 1024 * 1024;

/** It would be collected for ever. */
export const ENDLESS: Problem = {
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
