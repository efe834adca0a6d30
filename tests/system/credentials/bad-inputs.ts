import { BAD_LOOK_UPS, BAD_PROOFS } from './bad-bound.ts';
import { BAD_CLAIMS } from './bad-claims.ts';
import type { BadInput } from './bad-input.ts';
import { BAD_SESSIONS } from './bad-sessions.ts';
import { BAD_FORMS, BAD_KEYS } from './bad-tokens.ts';
import { BAD_REQUESTS } from './bad-requests.ts';

/** All that is sent here. */
export const BAD_INPUTS: readonly BadInput[] = [
  ...BAD_FORMS,
  ...BAD_KEYS,
  ...BAD_CLAIMS,
  ...BAD_PROOFS,
  ...BAD_LOOK_UPS,
  ...BAD_REQUESTS,
  ...BAD_SESSIONS,
];
