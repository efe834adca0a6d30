import type { Problem, ProblemCode, RecordedVerdict } from '../base/index.ts';
import type { BodyUse, BodyViews, Operation, Outcome, OwnReply, Principal, Slot } from '../policy/index.ts';
import type { CanonicalRequest, ExchangeEvents, HeaderFields, ServerExchange, UpstreamFailure } from '../wire/index.ts';
import type { Arrival, Matched, Phase } from './arrival.ts';
import { BodyAccess, viewOf } from './body-access.ts';
import { RequestEdits } from './edits.ts';
import { raiseFault, reportFailure } from './faults.ts';
import { replySourceOf } from './cached-source.ts';
import { GrpcCall } from './grpc-call.ts';
import { type IntentState, recordIntent } from './ledger-records.ts';
import { LooseEnds } from './loose-ends.ts';
import type { Plan } from './plan.ts';
import type { AnyStep } from './planned-step.ts';
import { recordEnd } from './record-steps.ts';
import { type Answer, asking, ownAnswer, problemAnswer } from './reply.ts';
import { reckonWallMs } from './reckoned-time.ts';
import { Reply } from './reply-passage.ts';
import { decided, deciderOf, observed, ObservedRules, PASSED, type Ruling } from './ruling.ts';
import { closeBody, runRequestSteps } from './run-steps.ts';
import { streamEndOf } from './stream-metrics.ts';
import type { Place, ReplySource, Standing, Walk, WalkContext } from './walk.ts';

/**
 * One request's walk through one Snapshot, from its head to the end of its reply. Whatever happens, it ends exactly
 * once: with a reply, with a cut, or with the client's leaving.
 */
export class Passage implements Walk, ExchangeEvents, Outcome {
  readonly id: string;
  request: CanonicalRequest;
  readonly startedAtMs: number;
  compiled: Walk['compiled'];
  context: WalkContext;
  readonly stream: ServerExchange;
  plan: Plan;
  readonly requestBody: BodyAccess | null;
  readonly grpc: GrpcCall | null;
  principal: Principal | null = null;
  callerTexts: Walk['callerTexts'] = null;
  reading: BodyUse = 'none';
  seat = -1;
  readonly #match: Matched;
  readonly sinceMs: number;
  /** Whether time has passed since the head came, as far as anybody here knows. */
  #waited = false;
  #phase: Phase = 'judging';
  #next = 0;
  #ruling: Ruling = PASSED;
  /** Why the request was refused, or its reply cut. */
  #problem: Problem | null = null;
  #intent: IntentState | 'due' = 'due';
  #intentRuling: Ruling = PASSED;
  observations: ObservedRules | null = null;
  #slots: unknown[] | null = null;
  #ends: LooseEnds | null = null;
  #edits: RequestEdits | null = null;
  #leg: ReplySource | null = null;
  #reply: Reply | null = null;
  #standing: Standing | null = null;
  /** 0 before a reply has begun. */
  status = 0;
  responseBytes = 0;
  #endMs: number | null = null;
  complete = false;
  grpcStatus: Outcome['grpcStatus'] = null;
  originalHash: string | null = null;
  cleaned: Outcome['cleaned'] = null;

  constructor(stream: ServerExchange, { context, plan }: Pick<Walk, 'context' | 'plan'>, arrival: Arrival) {
    this.id = arrival.id;
    this.request = arrival.request;
    this.#match = arrival.match;
    this.startedAtMs = arrival.startedAtMs;
    this.sinceMs = context.ports.clock.monotonic();
    this.compiled = arrival.match.target;
    this.context = context;
    this.stream = stream;
    this.plan = plan;
    this.requestBody = BodyAccess.of(plan.readsRequest);
    this.grpc = GrpcCall.of(this);
  }

  moment(): number {
    return this.#waited ? this.context.ports.clock.monotonic() : this.sinceMs;
  }

  get operation(): Operation {
    return this.compiled.operation;
  }

  /** Put together for whoever asks first; most requests are judged without. */
  get params(): Matched['params'] {
    return this.#match.params;
  }

  slot<T>(slot: Slot<T>): T {
    // A list that is empty would be given room for seventeen by its first value.
    this.#slots ??= [undefined, undefined, undefined, undefined];
    return (this.#slots[slot.number] ??= slot.initial()) as T;
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    return viewOf(this.requestBody, use, this.reading);
  }

  /** Whether a refusal may still take the place of whatever is on its way. */
  get open(): boolean {
    return this.#phase !== 'refusing' && this.#phase !== 'replying' && this.#phase !== 'over';
  }

  get decidedBy(): string | null {
    return this.#ruling.noted === null ? this.#ruling.policy : null;
  }

  get replying(): boolean {
    return this.#phase === 'replying';
  }

  get movable(): boolean {
    return this.replying || (this.#phase === 'forwarded' && this.#reply?.isIdle === true);
  }

  get ended(): boolean {
    return this.#phase === 'over';
  }

  proceed(): void {
    if (this.#phase !== 'judging' && this.#phase !== 'collecting') return;
    this.#phase = 'judging';
    if (runRequestSteps(this, this.#next)) this.#forward();
  }

  continueAt(step: number): void {
    this.#next = step;
  }

  collectBody(): void {
    this.#phase = 'collecting';
    this.#waited = true;
    this.stream.receive();
  }

  hold(pieces: readonly Buffer[]): boolean {
    if ((this.#ends ??= new LooseEnds()).hold(this, pieces)) return true;
    this.refuse({ code: 'gateway-overloaded', internal: 'too many bodies are being collected' }, null, 'body');
    return false;
  }

  wait(delayMs: number, callback: () => void): ReturnType<Walk['wait']> {
    this.#waited = true;
    this.#leg?.linger();
    return (this.#ends ??= new LooseEnds()).wait(this.context.ports.clock, delayMs, callback);
  }

  enter(planned: AnyStep): void {
    (this.#ends ??= new LooseEnds()).enter(planned);
  }

  get edits(): RequestEdits {
    return (this.#edits ??= new RequestEdits(this.request.headers as HeaderFields));
  }

  get edited(): RequestEdits | null {
    return this.#edits;
  }

  refuse(problem: Problem, policy: string | null = null, rule: string | null = null): void {
    if (!this.open) return;
    this.#ruling = decided('deny', policy, rule);
    this.#answer(() => this.#refusal(asking(problem, this)), policy);
  }

  observe(problem: Problem, policy: string, rule: string | null): void {
    const note = { policy, rule, noted: problem };
    (this.observations ??= new ObservedRules()).add(note);
    this.#ruling = observed(this.#ruling, this.#intentRuling, note);
    this.context.ports.metrics.observed(problem.code);
  }

  reply(own: OwnReply, policy: string, rule: string | null): void {
    if (!this.open) return;
    this.#ruling = decided('reply', policy, rule);
    this.#answer(() => this.grpc?.ownAnswer(own) ?? ownAnswer(own), policy);
  }

  fault(policy: string, what: unknown): void {
    if (this.ended) return;
    const internal = raiseFault(this.context.ports, { policy, operation: this.operation.id, request: this.id }, what);
    if (this.open) this.refuse({ code: 'gateway-fault', internal }, policy);
    else this.cut('gateway-fault');
  }

  stop(problem: Problem, policy: string | null = null, rule: string | null = null): void {
    if (this.open) this.refuse(problem, policy, rule);
    // A refusal that waits to be sent can be sent still; a reply that has begun would be one to half a request.
    else if (this.#phase !== 'refusing') this.cut(problem.code, policy === null ? null : decided('deny', policy, rule));
  }

  #refusal(problem: Problem): Answer {
    const answer = this.grpc?.answer(problem) ?? problemAnswer(problem, this.id);
    this.#problem = problem;
    this.context.ports.metrics.refused(problem.code, problem.internal);
    return answer;
  }

  /** Sends an answer of the gateway's own, through the steps that see every reply. */
  #answer(make: () => Answer, policy: string | null): void {
    let answer: Answer;
    try {
      answer = make();
    } catch (fault) {
      this.fault(policy ?? 'gateway', fault);
      return;
    }
    if (this.#recordIntent()) this.#answerNow(answer);
  }

  #answerNow(answer: Answer): void {
    this.abandon();
    this.#phase = answer.refusal ? 'refusing' : 'answering';
    this.#reply = new Reply(this);
    this.#reply.answer(answer);
  }

  /** Records who, what and the verdict; false when that can't be done, and then the request has been refused for it. */
  #recordIntent(): boolean {
    if (this.#intent !== 'due') return true;
    this.#intentRuling = this.#ruling;
    this.#intent = recordIntent(this, this, this.#leg !== null);
    if (this.#intent !== 'refused') return true;
    this.#ruling = decided('deny', null, null);
    this.#answerNow(this.#refusal({ code: 'not-recorded' }));
    return false;
  }

  /** All steps have passed: the request goes upstream, now or with the first of its body. */
  #forward(): void {
    if (!this.#recordIntent()) return;
    this.#phase = 'forwarded';
    this.#reply = new Reply(this);
    const leg = replySourceOf(this, this.#reply);
    this.#leg = leg;
    leg.start();
    this.#waited = true;
    if (!leg.isSent) this.stream.receive(this.grpc?.isStream);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    // Behind a refusal that waits to be sent nothing is judged any more, and nothing kept that no memory was found for.
    if (this.#phase === 'refusing') return true;
    const passed = this.grpc?.sends(pieces) ?? pieces;
    if (passed.length === 0 || (this.#phase === 'collecting' && !this.hold(passed))) return true;
    this.requestBody?.add(passed);
    // A reply may begin while the request still comes; what nobody wants any more is taken and thrown away.
    return this.#phase === 'collecting' || this.#leg === null || this.#leg.sendPieces(passed);
  }

  bodyEnd(): void {
    if (this.grpc !== null && !this.grpc.sendsEnd()) return;
    if (this.#phase !== 'collecting') this.#leg?.sendEnd();
    else if (this.requestBody !== null) closeBody(this, this.requestBody);
  }

  bodyFailed(code: ProblemCode): void {
    this.stop({ code });
  }

  drained(): void {
    this.#leg?.resume();
  }

  gone(code: ProblemCode | null): void {
    if (code !== null && !this.ended) this.note({ code });
    this.abandon();
    this.#end(false);
  }

  failed(failure: UpstreamFailure): void {
    if (this.ended) return;
    const problem = reportFailure(this, failure);
    // What the gateway decided of the request stands.
    if (this.open) this.#answer(() => this.#refusal(problem), null);
    else this.cut(problem.code);
  }

  stand(stream: Standing): void {
    if (this.ended) return;
    this.#standing = stream;
    this.#leg?.allowIdle(this.compiled.api.upstream.streamTimeoutMs);
    this.context.standing.add(stream);
  }

  adopt(place: Place): void {
    ({ context: this.context, compiled: this.compiled, plan: this.plan, principal: this.principal } = place);
    if (this.#standing !== null) this.#leg?.allowIdle(place.compiled.api.upstream.streamTimeoutMs);
  }

  conclude(problem: Problem | null): void {
    if (!this.replying) return;
    if (problem !== null) this.note(problem);
    this.abandon();
    this.#end(false);
    this.stream.finish();
  }

  cut(code: ProblemCode, ruling: Ruling | null = null): void {
    if (this.ended) return;
    this.#ruling = ruling ?? this.#ruling;
    this.note({ code });
    this.abandon();
    const begun = this.replying;
    this.#end(false);
    if (!begun || this.grpc?.breakOff(this.#problem?.code ?? code) !== true) this.stream.cut();
  }

  abandon(): void {
    this.#leg?.abandon();
    this.#reply?.abandon();
  }

  begun(status: number): void {
    this.#phase = 'replying';
    this.status = status;
  }

  sent(bytes: number): void {
    this.responseBytes += bytes;
  }

  finished(complete = true): void {
    this.#end(complete);
  }

  note(problem: Problem): void {
    if (this.#problem !== null) return;
    this.#problem = problem;
    this.context.ports.metrics.refused(problem.code);
  }

  #end(complete: boolean): void {
    if (this.ended) return;
    this.#phase = 'over';
    this.complete = complete;
    this.#endMs = this.#repliedMs() ?? this.context.ports.clock.monotonic();
    this.#ends?.settle(this);
    if (this.#standing !== null) this.context.standing.remove(this.#standing, streamEndOf(this));
    const since = this.#intent === 'due' || this.#ruling === this.#intentRuling ? PASSED : this;
    if (this.#intent === 'due') this.#intent = recordIntent(this, this, this.#leg !== null);
    if (this.grpc !== null) this.grpcStatus = this.grpc.over(this.#problem, complete);
    recordEnd(this, this, this.#intent, since);
    this.#ends?.release(this);
    this.context.over(this);
  }

  /** When a whole reply came whose body no step reads, for it goes out in the same moment; null where that is not known. */
  #repliedMs(): number | null {
    return this.#leg === null || this.plan.respond.reads.whole ? null : this.#leg.wholeAtMs;
  }

  wallMs(): number {
    return reckonWallMs(this.context.ports.clock, this.startedAtMs, this.sinceMs, this.#repliedMs());
  }

  get verdict(): RecordedVerdict {
    return this.#ruling.verdict;
  }

  get policy(): string | null {
    return deciderOf(this.#ruling, this.#problem).policy;
  }

  get rule(): string | null {
    return deciderOf(this.#ruling, this.#problem).rule;
  }

  get problem(): Problem | null {
    return this.#problem ?? this.#ruling.noted;
  }

  get problemCode(): ProblemCode | null {
    return this.problem?.code ?? null;
  }

  get upstreamStatus(): number | null {
    return this.#leg === null ? null : this.#leg.status;
  }

  get upstreamUs(): number | null {
    return this.#leg === null ? null : this.#leg.elapsedUs;
  }

  get requestBytes(): number {
    return this.stream.receivedBytes;
  }

  /** From a whole head to the end of the reply; 0 before that. */
  get durationUs(): number {
    return this.#endMs === null ? 0 : Math.round((this.#endMs - this.sinceMs) * 1_000);
  }
}
