import type { GrpcStatus, Problem, ProblemCode } from '../base/index.ts';
import type { OwnReply } from '../policy/index.ts';
import type { GrpcStreams } from '../openapi/index.ts';
import type { Timer } from '../ports/index.ts';
import {
  type HeaderFields,
  type HeaderMap,
  isGrpcType,
  type MessageFault,
  MessageGate,
  type ReplyHead,
  readTimeout,
  type WholeBody,
  writeTimeout,
} from '../wire/index.ts';
import { endOf, grpcAnswer, grpcOwnAnswer } from './grpc-answer.ts';
import { LATE } from './deadline.ts';
import type { GrpcLeg } from './grpc-leg.ts';
import { JudgedMessages } from './judged-messages.ts';
import { readStatus, statusOfProblem } from './grpc-status.ts';
import type { Answer } from './reply.ts';
import { takesTrailers } from './takes-trailers.ts';
import type { Standing, Walk } from './walk.ts';

/** No stream stands for longer, whatever its client asks for: so that none is forgotten for ever. */
const STREAM_LIMIT_MS = 24 * 3_600_000;

/**
 * What is gRPC about a request to a gRPC method: its messages both ways, its deadline and its status. Messages are
 * judged before they are passed on; a reply never ends without a status of its upstream's or of ours.
 */
export class GrpcCall implements GrpcLeg, Standing {
  readonly kind = 'grpc';
  readonly walk: Walk;
  readonly #streams: GrpcStreams;
  readonly #sent: MessageGate;
  readonly #judgedSent: JudgedMessages;
  #received: MessageGate | null = null;
  #judgedReceived: JudgedMessages | null = null;
  /** In milliseconds of the monotonic clock; null where neither client nor operation names one and the call is no stream. */
  readonly #deadlineMs: number | null;
  readonly ownDeadlineMs: number;
  #timer: Timer | null = null;
  /** What the reply ends with, once that is known. */
  #status: GrpcStatus | null = null;

  /** Null where the operation is no gRPC method. */
  static of(walk: Walk): GrpcCall | null {
    const { grpc } = walk.compiled;
    return grpc === null ? null : new GrpcCall(walk, grpc);
  }

  private constructor(walk: Walk, streams: GrpcStreams) {
    const { compiled, request, sinceMs: nowMs } = walk;
    this.walk = walk;
    this.#streams = streams;
    const limitBytes = compiled.bodyLimitBytes;
    this.#sent = new MessageGate({ limitBytes, coded: isCoded(request.headers), single: this.#sendsOne });
    this.#judgedSent = new JudgedMessages(walk, 'request', request.headers.get(CODING));
    const asked = readTimeout(request.headers.get('grpc-timeout') ?? '');
    const own = streams === 'neither' ? compiled.deadlineMs : null;
    const timeoutMs = compiled.timeoutMs ?? compiled.api.upstream.responseTimeoutMs;
    const longest = streams === 'neither' ? (own ?? timeoutMs) : STREAM_LIMIT_MS;
    const isBound = asked !== null || own !== null || streams !== 'neither';
    this.#deadlineMs = isBound ? nowMs + Math.min(asked ?? longest, longest) : null;
    this.ownDeadlineMs = own === null ? Number.POSITIVE_INFINITY : nowMs + own;
  }

  get isStream(): boolean {
    return this.#streams !== 'neither';
  }

  begin(): boolean {
    const { context, stream } = this.walk;
    const { clock } = context.ports;
    if (this.#deadlineMs !== null) {
      const leftMs = this.#deadlineMs - clock.monotonic();
      if (leftMs <= 0) {
        this.close(LATE);
        return false;
      }
      this.#timer = clock.after(leftMs, () => this.close(LATE));
    }
    if (stream.framing.kind === 'none' && !this.sendsEnd()) return false;
    if (this.isStream) this.walk.stand(this);
    return true;
  }

  timeoutLine(nowMs: number): string {
    return this.#deadlineMs === null ? '' : `grpc-timeout: ${writeTimeout(this.#deadlineMs - nowMs)}\r\n`;
  }

  /**
   * Judges what the client sends next, and gives what may be passed on: messages that are whole. Nothing where
   * the call may not go on: then the walk has been stopped.
   */
  sends(pieces: readonly Buffer[]): readonly Buffer[] {
    return this.#isPassed(this.#sent.read(pieces)) ? this.#judgedSent.read(pieces) : NOTHING;
  }

  taken(): void {
    this.#judgedSent.taken();
  }

  /**
   * Judges the end of what the client sends. False where that may not be passed on: then the walk has been stopped. Who
   * sends one message sends it: without it there would be nothing to judge, and the upstream might make one up.
   */
  sendsEnd(): boolean {
    const isThere = this.#sent.messages > 0 || !this.#sendsOne;
    return this.#isPassed(this.#sent.isWhole && isThere ? null : 'malformed-message');
  }

  get #sendsOne(): boolean {
    return this.#streams === 'neither' || this.#streams === 'server';
  }

  #isPassed(code: MessageFault | null): boolean {
    if (code !== null) this.walk.stop({ code });
    return code === null;
  }

  head({ status, fields }: ReplyHead, body: WholeBody | null): string | null {
    if (status !== 200) return `no gRPC: status ${status}`;
    if (!isGrpcType(fields.get('content-type'))) return 'no gRPC: content-type';
    if (fields.get('content-encoding') !== null) return 'no gRPC: content-encoding';
    const single = this.#streams === 'neither' || this.#streams === 'client';
    const { bodyLimitBytes } = this.walk.compiled;
    this.#received = new MessageGate({ limitBytes: bodyLimitBytes, coded: isCoded(fields), single });
    this.#judgedReceived = new JudgedMessages(this.walk, 'response', fields.get(CODING));
    if (body === null) return null;
    if (body.length > 0) return 'messages without a status behind them';
    return this.#end(fields.get('grpc-status'));
  }

  receive(pieces: readonly Buffer[]): string | readonly Buffer[] {
    if (this.#received === null || this.#judgedReceived === null) return 'messages before a head';
    return this.#received.read(pieces) ?? this.#judgedReceived.read(pieces);
  }

  receiveEnd(trailers: HeaderFields | undefined): string | null {
    if (this.#received?.isWhole !== true) return 'the end inside of a message';
    return this.#end(trailers?.get('grpc-status') ?? null);
  }

  #end(status: string | null): string | null {
    this.#status = readStatus(status);
    return this.#status === null ? 'no grpc-status' : null;
  }

  close(problem: Problem): void {
    this.walk.stop(problem);
  }

  /** What a refusal says over gRPC; null where the client does not speak it. */
  answer(problem: Problem): Answer | null {
    return this.#isSpoken ? grpcAnswer(problem) : null;
  }

  /** What a policy's own reply says over gRPC; null where the client does not speak it. Throws where it can't be said. */
  ownAnswer(own: OwnReply): Answer | null {
    if (!this.#isSpoken) return null;
    const { answer, status } = grpcOwnAnswer(own);
    this.#status = status;
    return answer;
  }

  /**
   * Ends a reply that has begun, and will not be whole, with a status: no client takes one of ours for success. False
   * where the client does not speak gRPC.
   */
  breakOff(code: ProblemCode): boolean {
    if (this.#isSpoken) this.walk.stream.finish(endOf({ code }));
    return this.#isSpoken;
  }

  /**
   * The call is over; gives what it ended with. `problem`: what the gateway refused or broke it off for; `complete`: the
   * reply has its end.
   */
  over(problem: Problem | null, complete: boolean): GrpcStatus {
    const { compiled, context } = this.walk;
    this.#timer?.cancel();
    this.#judgedSent.close();
    this.#judgedReceived?.close();
    const own = problem === null ? null : statusOfProblem(problem.code);
    const status = own ?? (complete ? (this.#status ?? 'UNKNOWN') : 'CANCELLED');
    context.ports.metrics.grpcStatus(compiled.operation.api, status);
    return status;
  }

  /** It has called by gRPC, and gets trailers. */
  get #isSpoken(): boolean {
    const { request, stream } = this.walk;
    return takesTrailers(stream) && isGrpcType(request.headers.get('content-type'));
  }
}

const NOTHING: readonly Buffer[] = [];
const CODING = 'grpc-encoding';

/** Whether messages may be compressed. */
function isCoded(headers: HeaderMap): boolean {
  const coding = headers.get(CODING);
  return coding !== null && coding.toLowerCase() !== 'identity';
}
