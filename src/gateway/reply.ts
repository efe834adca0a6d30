import { type CompletionRecord, type Problem, PROBLEM_MEDIA_TYPE, problemBody, problemStatus } from '../base/index.ts';
import type { Outcome, OwnReply } from '../policy/index.ts';
import type { BodyFraming, OutgoingHead } from '../wire/index.ts';

/** A reply the gateway gives by itself, ready to be sent or edited. */
export interface Answer {
  readonly status: number;
  readonly added: string[];
  readonly body: Buffer | string;
}

/** A refusal as a client sees it (RFC 9457). Refusals are never stored: what is refused now may be allowed next. */
export function problemAnswer(problem: Problem, requestId: string): Answer {
  const added = ['content-type', PROBLEM_MEDIA_TYPE, 'cache-control', 'no-store'];
  for (const [name, value] of problem.headers ?? []) added.push(name, value);
  return { status: problemStatus(problem.code), added, body: problemBody(problem, requestId) };
}

/** A policy's own reply. */
export function ownAnswer(reply: OwnReply): Answer {
  const { body } = reply;
  return {
    status: reply.status,
    added: reply.headers.flatMap(([name, value]) => [name, value]),
    body: typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  };
}

/** The head of such an answer. */
export function answerHead(answer: Answer): OutgoingHead {
  const bytes = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length;
  return { status: answer.status, fields: null, added: answer.added, framing: lengthOf(bytes), announcedLength: bytes };
}

/** Framing of a body whose length is known. */
export function lengthOf(bytes: number): BodyFraming {
  return bytes === 0 ? { kind: 'none' } : { kind: 'length', bytes };
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

/** The part of a completion record that an outcome tells. */
export function completionOf(outcome: Outcome): Omit<CompletionRecord, 'version' | 'kind' | 'id' | 'at'> {
  return {
    status: outcome.status,
    upstreamStatus: outcome.upstreamStatus,
    problem: outcome.problemCode,
    requestBytes: outcome.requestBytes,
    responseBytes: outcome.responseBytes,
    durationUs: outcome.durationUs,
    upstreamUs: outcome.upstreamUs,
    complete: outcome.complete,
  };
}
