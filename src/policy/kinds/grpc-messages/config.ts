import type { ReplyRules } from '../openapi-response/config.ts';

/** What becomes of what is not described in messages of the upstream's. */
export type MessageRules = Pick<ReplyRules, 'undescribed'>;

/** The rules for replies of an API, and of those of its operations that have others; null where only requests are judged. */
export interface GrpcMessagesConfig {
  readonly replies: MessageRules | null;
  /** By operation name. */
  readonly operations: Readonly<Record<string, MessageRules | null>>;
}
