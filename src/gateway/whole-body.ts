import type { Problem } from '../base/index.ts';
import { ACCEPTED_CODINGS, contentCodingOf, decodedLimitOf } from '../body/index.ts';
import type { HeaderFields, HeaderMap } from '../wire/index.ts';
import { awaitVerdict } from './await-verdict.ts';
import type { BodyAccess } from './body-access.ts';
import type { DecodingFault } from './decoding.ts';
import { ONE_BODY_FIELDS } from './edits.ts';
import type { Walk } from './walk.ts';

/** A collected body, and the head that says what it is. */
export interface CollectedBody {
  readonly body: BodyAccess;
  readonly headers: HeaderMap;
  /** The fields that are forwarded with it; null for an answer of the gateway's own, whose coding is never undone. */
  readonly forwarded: HeaderFields | null;
  /** How many bytes it may hold when it is decoded. */
  readonly limitBytes: number;
}

/** Why a whole body can't be read. `observer`: the policy that only observes, where no other must read it; else null. */
export interface WholeFault {
  readonly problem: Problem;
  readonly observer: string | null;
}

/**
 * Ends the collection of a body: undoes its content coding, so that steps judge what whoever unpacks it would see, and
 * parses it. `then` is told at once, or later where decoding takes long; never when the walk has ended, or was refused
 * for want of memory. What was decoded is forwarded decoded, without what was true of the coded bytes only.
 */
export function closeWhole(passage: Walk, given: CollectedBody, then: (fault: WholeFault | null) => void): void {
  const { body, headers, forwarded } = given;
  const coded = body.gather();
  const coding = contentCodingOf(headers.get('content-encoding'));
  if (coding === 'none' || coded.length === 0) {
    // No bytes are in no coding, whatever the field says; whoever reads them behind the gateway must not look for one.
    if (coding !== 'none') forwarded?.drop('content-encoding');
    parse(given, coded, then);
    return;
  }
  const settled = (fault: DecodingFault | null, decoded: Buffer): void => {
    if (fault !== null) fail(body, coded, CODING_PROBLEMS[fault], then);
    else if (passage.hold([decoded])) {
      for (const name of CODED_ONLY) forwarded?.drop(name);
      parse(given, decoded, then);
    }
  };
  if (coding === 'unknown' || forwarded === null) {
    fail(body, coded, UNKNOWN_CODING, then);
    return;
  }
  if (headers.get('content-range') !== null) {
    fail(body, coded, CODED_PART, then);
    return;
  }
  const limitBytes = Math.min(given.limitBytes, decodedLimitOf(coded.length));
  const requester = { peer: passage.request.peer, wanted: () => !passage.ended };
  const decoded = passage.context.decoding.decode({ bytes: coded, coding, limitBytes }, requester);
  if (!(decoded instanceof Promise)) {
    settled(decoded.ok ? null : decoded.error, decoded.ok ? decoded.value : coded);
    return;
  }
  awaitVerdict(passage, decoded, {
    settled: (result) => settled(result.ok ? null : result.error, result.ok ? result.value : coded),
    failed: () => settled('busy', coded),
  });
}

function parse({ body, headers }: CollectedBody, whole: Buffer, then: (fault: WholeFault | null) => void): void {
  const fault = body.close(headers, whole);
  if (fault === null) then(null);
  else then({ problem: { code: fault.problem, internal: fault.internal }, observer: body.need.parsedObserver });
}

function fail(body: BodyAccess, coded: Buffer, problem: Problem, then: (fault: WholeFault | null) => void): void {
  body.leave(coded);
  then({ problem, observer: body.need.wholeObserver });
}

/** What is true of the coded bytes alone. */
const CODED_ONLY: readonly string[] = ['content-encoding', ...ONE_BODY_FIELDS];

/** RFC 7694 §3: that a coding was the reason is told by naming those that would do. */
const UNKNOWN_CODING: Problem = {
  code: 'unsupported-media-type',
  internal: 'content-encoding: not one that is decoded',
  headers: [['accept-encoding', ACCEPTED_CODINGS]],
};

/** The range counts coded bytes, so what was decoded would be put in another place (RFC 9110 §14.4). */
const CODED_PART: Problem = { code: 'malformed-body', internal: 'content-range: a part of a coded body' };

const CODING_PROBLEMS: Readonly<Record<DecodingFault, Problem>> = {
  malformed: { code: 'malformed-body', internal: 'the body is not what its content-encoding says' },
  'too-large': { code: 'body-too-large', internal: 'the body holds more than it may when it is decoded' },
  busy: { code: 'gateway-overloaded', internal: 'too many coded bodies wait to be decoded' },
};
