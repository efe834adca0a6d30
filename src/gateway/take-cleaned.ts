import { createHash } from 'node:crypto';
import type { Problem } from '../base/index.ts';
import type { CleaningVerdict } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { canonicalQuery, ONE_BODY_FIELDS } from './edits.ts';
import type { RequestStep } from './planned-step.ts';
import type { Walk } from './walk.ts';

type Cleaned = Extract<CleaningVerdict, { kind: 'cleaned' }>;

/**
 * The request goes on as it was cleaned. True where it may: else it was refused, since what came of it can't be read, is
 * too large, or was a part of something. Where a policy only observes, that is noted, and it goes on as it came.
 */
export function takeCleaned(passage: Walk, { policy, observed, cleans }: RequestStep, cleaned: Cleaned): boolean {
  const { query, body, rule } = cleaned;
  if (!cleans) {
    passage.fault(policy, new Error('a step that does not clean gave another request'));
    return false;
  }
  passage.context.ports.metrics.cleaned(passage.operation.api, observed ? 'observed' : 'enforced');
  if (observed) {
    passage.observe({ code: 'unclean-content', internal: 'it would have been cleaned' }, policy, rule);
    return true;
  }
  try {
    if (query !== undefined) takeQuery(passage, query);
    return body === undefined || takeBody(passage, policy, { body, rule });
  } catch (fault) {
    passage.fault(policy, fault);
    return false;
  }
}

/** Throws where it is not canonical: nobody has read such a one. */
function takeQuery(passage: Walk, query: string): void {
  passage.request = { ...passage.request, query: canonicalQuery(query) };
  passage.cleaned = { what: 'query', receivedHash: null };
}

type CleanedBody = Required<Pick<Cleaned, 'body' | 'rule'>>;

function takeBody(passage: Walk, policy: string, { body, rule }: CleanedBody): boolean {
  const { requestBody, request } = passage;
  const received = requestBody?.whole;
  if (requestBody === null || received === undefined || received === null) throw new Error('there is no body to clean');
  const whole = Buffer.from(body(received));
  const problem = faultOf(passage, whole);
  if (problem !== null) {
    passage.refuse(problem, policy, rule);
    return false;
  }
  if (!passage.hold([whole])) return false;
  const fault = requestBody.replace(request.headers, whole);
  if (fault !== null) {
    passage.refuse({ code: fault.problem, internal: `cleaned: ${fault.internal}` }, policy, rule);
    return false;
  }
  for (const name of ONE_BODY_FIELDS) (request.headers as HeaderFields).drop(name);
  const what = passage.cleaned === null ? 'body' : 'query and body';
  passage.cleaned = { what, receivedHash: createHash('sha256').update(received).digest('hex') };
  return true;
}

function faultOf({ compiled, request }: Walk, whole: Buffer): Problem | null {
  // A text may become longer: `&` is five characters of HTML.
  if (whole.length > compiled.bodyLimitBytes) {
    return { code: 'body-too-large', internal: 'the cleaned body is larger than it may be' };
  }
  // The range counts bytes of the body as it came (RFC 9110 §14.4).
  const isPart = request.headers.get('content-range') !== null;
  return isPart ? { code: 'malformed-body', internal: 'content-range: a part of a body that has to be cleaned' } : null;
}
