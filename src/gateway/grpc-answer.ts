import { type GrpcStatus, type Problem, problemCatalogue, problemCloses } from '../base/index.ts';
import type { OwnReply } from '../policy/index.ts';
import { isGrpcType } from '../wire/index.ts';
import { AddedFields } from './added-fields.ts';
import { checkedHeaders } from './edits.ts';
import { numberOfStatus, readStatus, statusOfHttp, statusOfProblem } from './grpc-status.ts';
import { type Answer, ownAnswer } from './reply.ts';

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

/**
 * A policy's own reply as a client of gRPC sees it: what it says of itself where it is one of gRPC, else the status that
 * its HTTP status stands for, without its body. Never OK unless it says so: no message is in it. Throws where it is of
 * gRPC and no head alone, and where its status or its headers can't be sent.
 */
export function grpcOwnAnswer(own: OwnReply): { readonly answer: Answer; readonly status: GrpcStatus } {
  const plain = ownAnswer(own);
  const said = new AddedFields(plain.added);
  if (isGrpcType(said.get('content-type'))) {
    const status = readStatus(said.get('grpc-status'));
    if (plain.status !== 200 || status === null || plain.body.length > 0)
      throw new RangeError('a policy replies by gRPC with something else than a status');
    return { answer: plain, status };
  }
  const status = statusOfHttp(own.status);
  const kept = plain.added.filter((_, at) => isKept(plain.added[at - (at % 2)] ?? ''));
  const message = `HTTP status ${own.status}`;
  const added = [...kept, 'content-type', 'application/grpc', ...statusFields(status, message), ...pushback(kept)];
  return { answer: { ...plain, status: 200, added, body: NO_BODY }, status };
}

/** Fields about a body are not kept without it, and of a status there is one. */
function isKept(name: string): boolean {
  return !/^(?:content-|grpc-)/i.test(name);
}

/** What ends a reply that has begun and may not go on: trailers, names and values in turn. */
export function endOf({ code }: Problem): readonly string[] {
  return statusFields(statusOfProblem(code), problemCatalogue[code].title);
}

function statusFields(status: GrpcStatus, message: string): readonly string[] {
  return ['grpc-status', numberOfStatus(status), 'grpc-message', encodeMessage(message)];
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
