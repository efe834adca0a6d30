import type { Problem, ProblemCode } from '../base/index.ts';
import type { BodyUse, Exchange, Outcome, OwnReply, Principal, RepliedHead } from '../policy/index.ts';
import type { Timer } from '../ports/index.ts';
import type { CanonicalRequest, ServerExchange, UpstreamFailure } from '../wire/index.ts';
import type { BodyAccess } from './body-access.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Decoding } from './decoding.ts';
import type { RequestEdits } from './edits.ts';
import type { GrpcLeg } from './grpc-leg.ts';
import type { CallerTexts } from './identity-fields.ts';
import type { Plan } from './plan.ts';
import type { AnyStep } from './planned-step.ts';
import type { RefusalSums } from './refusal-sums.ts';
import type { GatewayPorts, Installed } from './runtime.ts';
import type { ObservedRules } from './ruling.ts';
import type { CompiledOperation } from './snapshot.ts';
import type { StreamEnd, StreamKind } from './stream-metrics.ts';

/** A request that stays open for as long as both sides like. None of its methods may throw. */
export interface Standing {
  readonly kind: StreamKind;
  readonly walk: Walk;
  /** The head of the reply, where that is what stands: steps that are not about it do not end it. */
  readonly replied?: RepliedHead;
  /** It may not go on: says why in the way of its protocol, and lets the upstream go. Nothing more of it is passed on. */
  close(problem: Problem): void;
  /**
   * The thread ends: asks the client to come again, now. Where it is not there the stream has the time that is given to
   * the others, and is judged as before.
   */
  drain?(): void;
  /** Whether this operation offers such a stream at all; where it is not there, each does. */
  fits?(compiled: CompiledOperation): boolean;
}

/** Where streams say that they stand, and that they do no more. */
export interface StreamRegister {
  /** A stream has begun. Where the thread ends already it is drained at once, after this call. */
  add(stream: Standing): void;
  /** A stream is over; `end` says why, where the gateway did not end it itself. Once is enough, more do no harm. */
  remove(stream: Standing, end: StreamEnd): void;
}

/** What a request goes by: a Snapshot, its operation and plan there, and who calls. */
export interface Place {
  readonly context: WalkContext;
  readonly compiled: CompiledOperation;
  readonly plan: Plan;
  readonly principal: Principal | null;
}

/** What all requests that walk through one Snapshot share. */
export interface WalkContext {
  readonly ports: GatewayPorts;
  readonly installed: Installed;
  /** The first field lines of a reply that has no date, up to the value of the id (see `createReplyOpening`). */
  readonly opening: (atMs: number) => string;
  readonly bodies: BodyBudget;
  /** The streams of this thread that stand, whatever their Snapshot. */
  readonly standing: StreamRegister;
  readonly decoding: Decoding;
  readonly refusals: RefusalSums;
  readonly callerTexts: (principal: Principal) => CallerTexts;
  /** Runs once for each request, when its walk is over. */
  readonly over: (walk: Walk) => void;
}

/** What gives a passage its reply: the upstream, or what is stored of its replies. */
export interface ReplySource {
  /** The upstream's status, once it is known; null where it was not asked. */
  readonly status: number | null;
  /** Whether all of the request was at hand. */
  readonly isSent: boolean;
  /** When the upstream's reply was there whole, where it came in one read and nothing was waited for since; else null. */
  readonly wholeAtMs: number | null;
  /** From the call to the end of the upstream's reply, in microseconds; null while there is none. */
  readonly elapsedUs: number | null;
  /** Begins with a body that is at hand, or with none; the passage has recorded what it decided. */
  start(): void;
  /** Sends on what came of a streaming body; false asks for a pause. */
  sendPieces(pieces: readonly Buffer[]): boolean;
  sendEnd(): void;
  /** Nobody wants the reply any more; nothing more of it is heard. */
  abandon(): void;
  /** Something is waited for: what has come does not go out in the moment in which it came. */
  linger(): void;
  /** The client takes more again. */
  resume(): void;
  /** So long the upstream may be silent from now on. */
  allowIdle(idleMs: number): void;
}

/** A request on its way, as the parts see it that judge it, forward it and answer it. */
export interface Walk extends Exchange {
  /** As it was sent, until it was cleaned. */
  request: CanonicalRequest;
  readonly compiled: CompiledOperation;
  readonly context: WalkContext;
  readonly stream: ServerExchange;
  readonly plan: Plan;
  /** What is gRPC about it; null where the operation is no gRPC method. */
  readonly grpc: GrpcLeg | null;
  /** Null where no step reads the request's body. */
  readonly requestBody: BodyAccess | null;
  /** When its head came, of the monotonic clock. */
  readonly sinceMs: number;
  /** Where it stands among the walks of its Snapshot; the gateway's own to know. */
  seat: number;
  principal: Principal | null;
  /** What is said of the principal; null where there is none. */
  callerTexts: CallerTexts | null;
  /** What the step that runs now may read of the request's body. */
  reading: BodyUse;
  /** Whether the head of a reply is out and its body on the way. */
  readonly replying: boolean;
  /** Whether no step is at it: it waits for the head of a reply, or that is out. Then it may `adopt`. */
  readonly movable: boolean;
  /** Whether the walk is over. */
  readonly ended: boolean;
  /** What policies that only observe would have refused, as far as no record has told it; null where none would. */
  readonly observations: ObservedRules | null;
  /** The policy that decided, or null. */
  readonly decidedBy: string | null;
  /** The SHA-256 of what was kept of an upstream's reply that was replaced; null where nothing was. */
  originalHash: string | null;
  /** What of the request was cleaned; null where it is as it was sent. */
  cleaned: Outcome['cleaned'];
  /** The editor of the request that goes upstream. */
  readonly edits: RequestEdits;
  /** What steps changed of the request; null where none did anything. */
  readonly edited: RequestEdits | null;
  /** Monotonic time of what is being done now: when the head came, where nothing has been waited for since. */
  moment(): number;
  /** Wall time at which the reply goes out, in milliseconds: reckoned from when the request came where that is known to hold. */
  wallMs(): number;
  /** Judges the request from the next step on, and sends it upstream when all steps pass. */
  proceed(): void;
  /** Says with which step `proceed` goes on. */
  continueAt(step: number): void;
  /** Waits for the whole body, then goes on with the same step. */
  collectBody(): void;
  /** Makes room for pieces that are to be collected. False where there is none: then the request has been refused. */
  hold(pieces: readonly Buffer[]): boolean;
  /** Calls back after a while, unless the walk ends before. */
  wait(delayMs: number, callback: () => void): Timer;
  /** Notes that a step with a release is about to run. */
  enter(planned: AnyStep): void;
  /** Refuses, where nothing has been sent yet. */
  refuse(problem: Problem, policy?: string | null, rule?: string | null): void;
  /** Refuses, or breaks off a reply that has begun. A refusal that waits to be sent stands. */
  stop(problem: Problem, policy?: string | null, rule?: string | null): void;
  /** Notes what a policy that only observes would have refused; the request goes on. */
  observe(problem: Problem, policy: string, rule: string | null): void;
  /** A policy answers in the upstream's place. */
  reply(own: OwnReply, policy: string, rule: string | null): void;
  /**
   * A step threw or broke its word: somebody is told, and the request refused; a refusal that fails is cut, so that
   * nothing goes round in circles.
   */
  fault(policy: string, what: unknown): void;
  /** Its reply stays open: it is judged again from time to time, and the upstream may be silent for the API's `streamTimeout`. */
  stand(stream: Standing): void;
  /** Goes on by another Snapshot, when it was judged again. Whatever is to be released is as it was. */
  adopt(place: Place): void;
  /** Ends a reply that has begun where it is, for a kind of body that has no end of its own. */
  conclude(problem: Problem | null): void;
  /** Nothing more is heard of the upstream, and nothing of its reply goes out by itself. */
  abandon(): void;
  /** Nothing whole can be given any more: the client sees a broken connection. */
  cut(code: ProblemCode): void;
  /** The upstream gave no whole reply. */
  failed(failure: UpstreamFailure): void;
  /** The head of a reply is about to go out; from here on there can be no other. */
  begun(status: number): void;
  /** Counts bytes of body on their way to the client. */
  sent(bytes: number): void;
  /** Nothing more will be said. Called before the last of the reply is written, since a client's next request may begin with that. */
  finished(complete?: boolean): void;
  /** Notes why what has begun ends before its end; the first is what is recorded. */
  note(problem: Problem): void;
  /** The client takes more of the reply. */
  drained(): void;
}
