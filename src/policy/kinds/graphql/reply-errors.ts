import type { MediaType } from '../../../body/index.ts';
import { createSlot, type Exchange, type RepliedHead } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { createMediaTypes } from '../../media-types.ts';
import { deny, PASS, type ReplyVerdict } from '../../verdict.ts';
import type { GraphqlRulesConfig } from './config.ts';
import { maskErrors } from './mask-errors.ts';

/** Whether what was asked for is answered in parts. */
export const MAY_STREAM = createSlot<{ value: boolean }>('graphql streams', () => ({ value: false }));

/**
 * The step that sees replies. What streams is let through only where subscriptions are: it can have no errors that
 * anybody masks. So it must also be what was asked for: else clients would choose by `accept` what is masked. JSON is read
 * whole, for errors stand wherever the server writes them.
 */
export function errorsStep({ errors, subscriptions }: GraphqlRulesConfig): Step<'respond'> {
  const mediaTypes = createMediaTypes();
  const masks = errors === 'mask';
  const formatOf = ({ headers }: RepliedHead): Format => {
    const field = headers.get('content-type');
    return field === null ? 'json' : formatNamed(field, mediaTypes.read(field));
  };
  const replyHead = (exchange: Exchange, reply: RepliedHead): ReplyVerdict => {
    const format = formatOf(reply);
    if (format === 'unclear') return masks ? UNCLEAR : PASS;
    if (format !== 'stream') return PASS;
    if (subscriptions === 'refuse') return STREAMS;
    return masks && !exchange.slot(MAY_STREAM).value ? UNASKED : PASS;
  };
  // A stream that stands is judged by its head alone, and so by other words than those it began with.
  const head = { replyHead, standing: true };
  if (!masks) return { ...head, reads: READS_NOTHING, concerns: () => false, run: () => PASS };
  return {
    ...head,
    reads: { request: 'none', response: 'raw' },
    // Where replies may stream, those that do go on although JSON is read.
    rare: subscriptions === 'pass',
    concerns: (_exchange, reply) => reply.source === 'upstream' && formatOf(reply) === 'json',
    run(_exchange, reply, editor) {
      if (reply.status === PARTIAL_CONTENT) return UNREADABLE;
      const masked = maskErrors(reply.body('raw'));
      if (masked.kind === 'plain') return PASS;
      if (masked.kind === 'unreadable') return UNREADABLE;
      editor.replaceBody(masked.bytes);
      return PASS;
    },
  };
}

/** Errors may begin before it, and nobody could tell. */
const PARTIAL_CONTENT = 206;

/** What a reply says that it is. `unclear`: JSON, in a way that not all read alike, or in a charset that is not looked into. */
type Format = 'json' | 'stream' | 'unclear' | 'other';

function formatNamed(field: string, type: MediaType | null): Format {
  if (type === null)
    return /event-stream|multipart/i.test(field) ? 'stream' : /json/i.test(field) ? 'unclear' : 'other';
  if (type.essence === 'text/event-stream' || type.type === 'multipart') return 'stream';
  return type.subtype === 'json' || type.suffix === 'json' ? 'json' : 'other';
}

const STREAMS = deny(
  { code: 'upstream-reply-undescribed', internal: 'content-type: a reply that streams, and subscriptions are refused' },
  'content-type',
);
const UNASKED = deny(
  { code: 'upstream-reply-undescribed', internal: 'content-type: a reply that streams to what asks for none' },
  'content-type',
);
const UNCLEAR = deny(
  { code: 'upstream-reply-invalid', internal: 'content-type: it is not clear how the reply is to be read' },
  'content-type',
);
const UNREADABLE = deny(
  { code: 'upstream-reply-invalid', internal: 'body: its errors tell of the inside and can not be masked' },
  'errors',
);
