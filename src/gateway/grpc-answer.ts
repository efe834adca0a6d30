import { type Problem, problemCatalogue, problemCloses } from '../base/index.ts';
import { checkedHeaders } from './edits.ts';
import { numberOfStatus, statusOfProblem } from './grpc-status.ts';
import type { Answer } from './reply.ts';

const NO_BODY: Buffer = Buffer.alloc(0);

/**
 * A refusal as a client of gRPC sees it (gRPC over HTTP/2, Trailers-Only): a head that is all of the reply, with a status,
 * the problem's title and nothing internal. Throws where the problem's headers are none that a policy may write.
 */
export function grpcAnswer(problem: Problem): Answer {
  const headers = checkedHeaders(problem.headers ?? []);
  const added = ['content-type', 'application/grpc', ...endOf(problem), ...headers, ...pushback(headers)];
  return { refusal: true, closes: problemCloses(problem.code), status: 200, added, body: NO_BODY };
}

/** What ends a reply that has begun and may not go on: trailers, names and values in turn. */
export function endOf({ code }: Problem): readonly string[] {
  const status = numberOfStatus(statusOfProblem(code));
  return ['grpc-status', status, 'grpc-message', encodeMessage(problemCatalogue[code].title)];
}

/** Percent-encodes what is not printable ASCII, and `%` (gRPC over HTTP/2, Status-Message). */
export function encodeMessage(text: string): string {
  let encoded = '';
  for (const octet of Buffer.from(text))
    encoded +=
      octet >= 0x20 && octet <= 0x7e && octet !== PERCENT
        ? String.fromCharCode(octet)
        : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}

const PERCENT = 0x25;

/** Libraries of gRPC that try again by themselves read how long to wait from a field of their own, in milliseconds. */
function pushback(headers: readonly string[]): readonly string[] {
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at], headers[at + 1] ?? ''];
    if (name?.toLowerCase() === 'retry-after' && /^[0-9]{1,6}$/.test(value))
      return ['grpc-retry-pushback-ms', String(Number(value) * 1_000)];
  }
  return [];
}
