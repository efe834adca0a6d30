import type { RepliedHead } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { createMediaTypes } from '../../media-types.ts';
import { deny, PASS, type ReplyVerdict } from '../../verdict.ts';
import type { GraphqlRulesConfig } from './config.ts';
import { maskErrors } from './mask-errors.ts';

/**
 * The step that sees replies. What streams is let through only where subscriptions are: it can have no errors that
 * anybody masks. JSON is read whole, for errors stand wherever the server writes them.
 */
export function errorsStep({ errors, subscriptions }: GraphqlRulesConfig): Step<'respond'> {
  const mediaTypes = createMediaTypes();
  const typeOf = ({ headers }: RepliedHead) => mediaTypes.read(headers.get('content-type'));
  const replyHead = (_exchange: unknown, reply: RepliedHead): ReplyVerdict => {
    const type = typeOf(reply);
    const streams = type?.essence === 'text/event-stream' || type?.type === 'multipart';
    return streams && subscriptions === 'refuse' ? STREAMS : PASS;
  };
  if (errors === 'pass') return { reads: READS_NOTHING, replyHead, concerns: () => false, run: () => PASS };
  return {
    reads: { request: 'none', response: 'raw' },
    replyHead,
    // Where replies may stream, those that do go on although JSON is read.
    rare: subscriptions === 'pass',
    concerns(_exchange, reply) {
      if (reply.source !== 'upstream') return false;
      const type = typeOf(reply);
      return type?.suffix === 'json' || type?.essence === 'application/json';
    },
    run(_exchange, reply, editor) {
      const masked = maskErrors(reply.body('raw'));
      if (masked.kind === 'plain') return PASS;
      if (masked.kind === 'unreadable') return UNREADABLE;
      editor.replaceBody(masked.bytes);
      return PASS;
    },
  };
}

const STREAMS = deny(
  { code: 'upstream-reply-undescribed', internal: 'content-type: a reply that streams, and subscriptions are refused' },
  'content-type',
);
const UNREADABLE = deny(
  { code: 'upstream-reply-invalid', internal: 'body: its errors tell of the inside and can not be masked' },
  'errors',
);
