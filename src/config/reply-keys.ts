import type { ReplyRules } from '../policy/index.ts';

/** What an API or an operation says of its replies; null means nothing. */
export interface ReplyKeys {
  readonly undescribed: ReplyRules['undescribed'] | null;
  readonly responseHeaders: ReplyRules['headers'] | null;
}
