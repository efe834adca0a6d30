import {
  type Problem,
  type ProblemError,
  PROBLEM_MEDIA_TYPE,
  problemBody,
  problemCloses,
  problemStatus,
} from '../base/index.ts';
import type { OwnReply } from '../policy/index.ts';
import { type BodyFraming, NO_LINES, type OutgoingHead, type ReplyHead } from '../wire/index.ts';
import type { Challenges, Refused } from './challenges.ts';
import { checkedHeaders } from './edits.ts';

/** A reply the gateway gives by itself, ready to be sent or edited. */
export interface Answer {
  /** Whether it is a refusal rather than a policy's own reply. */
  readonly refusal: boolean;
  /** Whether no request may follow on the client's connection. */
  readonly closes: boolean;
  readonly status: number;
  /** Names in lower case and values, in turn. */
  readonly added: string[];
  readonly body: Buffer;
}

/**
 * A refusal as a client sees it (RFC 9457). Refusals are never stored: what is refused now may be allowed next.
 * Throws where the problem's headers are none that a policy may write.
 */
export function problemAnswer(problem: Problem, requestId: string): Answer {
  const headers = checkedHeaders(problem.headers ?? []);
  const added = ['content-type', PROBLEM_MEDIA_TYPE, 'cache-control', 'no-store', ...headers];
  const body = Buffer.from(problemBody(bounded(problem), requestId));
  return { refusal: true, closes: problemCloses(problem.code), status: problemStatus(problem.code), added, body };
}

/** So many of the things that are wrong a client is told at once; the rest it finds when these are mended. */
const ERRORS_LIMIT = 32;
/** Pointers and names lead into what a client sent, which may be long; longer ones are left out, for a part would mislead. */
const PLACE_LIMIT_CHARACTERS = 512;
const DETAIL_LIMIT_CHARACTERS = 1_024;

/** What is told of a problem, no larger than a reply should be. */
function bounded(problem: Problem): Problem {
  const { detail, errors } = problem;
  return {
    ...problem,
    ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_LIMIT_CHARACTERS) }),
    ...(errors === undefined ? {} : { errors: errors.slice(0, ERRORS_LIMIT).map(boundedError) }),
  };
}

function boundedError({ detail, pointer, parameter }: ProblemError): ProblemError {
  return {
    detail: detail.slice(0, DETAIL_LIMIT_CHARACTERS),
    ...(pointer === undefined || pointer.length > PLACE_LIMIT_CHARACTERS ? {} : { pointer }),
    ...(parameter === undefined || parameter.length > PLACE_LIMIT_CHARACTERS ? {} : { parameter }),
  };
}

/** A policy's own reply. Throws where its status or its headers can't be sent. */
export function ownAnswer({ status, headers, body }: OwnReply): Answer {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new RangeError(`no status for a reply: ${status}`);
  const bytes =
    typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { refusal: false, closes: false, status, added: checkedHeaders(headers), body: bytes };
}

/** The head of such an answer. */
export function answerHead({ status, added, body, closes }: Answer): OutgoingHead {
  return {
    ...NO_LINES,
    status,
    fields: null,
    added,
    framing: lengthOf(body.length),
    announcedLength: body.length,
    closes,
  };
}

/** Framing of a body whose length is known. */
export function lengthOf(bytes: number): BodyFraming {
  return bytes === 0 ? NO_BODY : { kind: 'length', bytes };
}

/** The upstream's own framing of a whole body, where that is as long as it says. */
export function framingOf(head: ReplyHead | null, bytes: number): BodyFraming {
  const framing = head === null ? NO_BODY : head.framing;
  return framing.kind === 'length' && framing.bytes === bytes ? framing : lengthOf(bytes);
}

/** The framing of no body at all. */
export const NO_BODY: BodyFraming = Object.freeze({ kind: 'none' });

/** Whether a final reply has no body, whatever its head says (RFC 9112 §6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** The Date field's value (RFC 9110 §5.6.7), made once a second at most. */
export function createDateSource(nowMs: () => number): () => string {
  let second = -1;
  let text = '';
  return () => {
    const now = Math.floor(nowMs() / 1_000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1_000).toUTCString();
    }
    return text;
  };
}

/** What stands before the id where a reply has a date already. */
export const ID_OPENING = 'x-request-id: ';

/** Begins the gateway's field lines: the Date field and the name of the id, as one text, made once a second at most. */
export function createReplyOpening(): (atMs: number) => string {
  let second = Number.NaN;
  let text = '';
  return (atMs) => {
    const now = Math.floor(atMs / 1_000);
    if (now !== second) {
      second = now;
      const date = new Date(now * 1_000).toUTCString();
      text = Buffer.from(`date: ${date}\r\n${ID_OPENING}`, 'latin1').toString('latin1');
    }
    return text;
  };
}

/** A refusal with all that its reply asks for. */
export function asking(problem: Problem, { compiled, request, principal }: RefusedRequest): Problem {
  const { api, operation, children } = compiled;
  const refused = { operation, request, hasChildren: children !== null, principal };
  return api.challenges?.complete(problem, refused) ?? problem;
}

/** A request that is refused, as far as it says what is asked of its client. */
interface RefusedRequest {
  readonly request: Refused['request'];
  readonly principal: Refused['principal'];
  readonly compiled: {
    readonly operation: Refused['operation'];
    readonly api: { readonly challenges: Challenges | null };
    readonly children: ReadonlyMap<string, unknown> | null;
  };
}
