import { READS_NOTHING, type Step } from '../../kind.ts';
import { PASS } from '../../verdict.ts';
import { KNOWN_BEFORE } from './known-before.ts';

/** What makes an upstream answer without the body that a rule has to see, and tell of the object all the same (RFC 9110 §13.1, RFC 3229). */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'a-im'];

/** Takes conditions of the client's out of requests whose replies are to be judged. */
export function unconditionalStep(): Step<'transform'> {
  return {
    reads: READS_NOTHING,
    run(exchange, editor) {
      const { headers } = exchange.request;
      if (exchange.slot(KNOWN_BEFORE).settled) return PASS;
      for (const name of CONDITIONS) if (headers.has(name)) editor.removeHeader(name);
      return PASS;
    },
  };
}
