import type { Problem, ProblemCode, RecordedVerdict } from '../base/index.ts';
import type { BodyUse, BodyViews, Operation, Outcome, OwnReply, Principal, Slot } from '../policy/index.ts';
import type { Timer } from '../ports/index.ts';
import type { CanonicalRequest, ExchangeEvents, HeaderFields, ServerExchange, UpstreamFailure } from '../wire/index.ts';
import { BodyAccess, viewOf } from './body-access.ts';
import { RequestEdits } from './edits.ts';
import { EnteredSteps, runRecordSteps } from './entered-steps.ts';
import { raiseFault } from './faults.ts';
import { Leg } from './leg.ts';
import { completionOf, type Decision, passageIntent } from './ledger-records.ts';
import type { AnyStep, Plan } from './plan.ts';
import { type Answer, ownAnswer, problemAnswer } from './reply.ts';
import { Reply } from './reply-passage.ts';
import { runRequestSteps } from './run-steps.ts';
import type { CompiledOperation } from './snapshot.ts';
import type { Walk, WalkContext } from './walk.ts';

/** What a policy that only observes would have refused, and by which of its rules. */
interface Observation {
  readonly problem: Problem;
  readonly policy: string;
  readonly rule: string | null;
}

/** What the router and the id source gave a request. */
export interface PassageParts {
  readonly id: string;
  readonly match: { readonly params: Readonly<Record<string, string>> };
  readonly plan: Plan;
  readonly context: WalkContext;
}

/**
 * Where a passage stands. `answering`: a policy's own reply, and `refusing`: a refusal, is on its way through `respond`;
 * `replying`: the head of a reply is out.
 */
type Phase = 'judging' | 'collecting' | 'forwarded' | 'answering' | 'refusing' | 'replying' | 'over';

/**
 * One request's walk through one Snapshot, from its head to the end of its reply. Whatever happens, it ends exactly
 * once: with a reply, with a cut, or with the client's leaving.
 */
export class Passage implements Walk, ExchangeEvents {
  readonly id: string;
  readonly request: CanonicalRequest;
  readonly startedAtMs: number;
  readonly compiled: CompiledOperation;
  readonly context: WalkContext;
  readonly stream: ServerExchange;
  readonly plan: Plan;
  readonly requestBody: BodyAccess | null;
  principal: Principal | null = null;
  reading: BodyUse = 'none';
  seat = -1;
  readonly #match: PassageParts['match'];
  readonly #startedMs: number;
  /** Whether time has passed since the head came, as far as anybody here knows. */
  #waited = false;
  #phase: Phase = 'judging';
  #next = 0;
  #verdict: RecordedVerdict = 'pass';
  #problem: Problem | null = null;
  #policy: string | null = null;
  #rule: string | null = null;
  /** The first that a policy in observe mode would have refused. */
  #observed: Observation | null = null;
  #intent: 'due' | 'taken' | 'refused' = 'due';
  #slots: unknown[] | null = null;
  #entered: EnteredSteps | null = null;
  #edits: RequestEdits | null = null;
  #timer: Timer | null = null;
  #leg: Leg | null = null;
  #reply: Reply | null = null;
  #status = 0;
  #replyBytes = 0;
  /** What of its bodies counts against the budget of all. */
  #heldBytes = 0;

  constructor(stream: ServerExchange, compiled: CompiledOperation, more: PassageParts) {
    const { clock } = more.context.ports;
    this.id = more.id;
    this.request = stream.request;
    this.#match = more.match;
    this.startedAtMs = clock.now();
    this.#startedMs = clock.monotonic();
    this.compiled = compiled;
    this.context = more.context;
    this.stream = stream;
    this.plan = more.plan;
    this.requestBody = BodyAccess.of(more.plan.readsRequest);
  }

  get params(): Readonly<Record<string, string>> {
    return this.#match.params;
  }

  moment(): number {
    return this.#waited ? this.context.ports.clock.monotonic() : this.#startedMs;
  }

  get operation(): Operation {
    return this.compiled.operation;
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
    return this.#policy;
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
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    if (!this.context.bodies.take(this.request.peer, bytes)) {
      this.refuse({ code: 'gateway-overloaded', internal: 'too many bodies are being collected' }, null, 'body');
      return false;
    }
    this.#heldBytes += bytes;
    return true;
  }

  wait(delayMs: number, callback: () => void): Timer {
    this.#waited = true;
    this.#timer?.cancel();
    this.#timer = this.context.ports.clock.after(delayMs, callback);
    return this.#timer;
  }

  enter(planned: AnyStep): void {
    if (planned.step.release === undefined) return;
    this.#entered ??= new EnteredSteps();
    this.#entered.note(planned);
  }

  get edits(): RequestEdits {
    this.#edits ??= new RequestEdits(this.request.headers as HeaderFields);
    return this.#edits;
  }

  get addedFields(): readonly string[] | null {
    return this.#edits === null ? null : this.#edits.added;
  }

  refuse(problem: Problem, policy: string | null = null, rule: string | null = null): void {
    if (!this.open) return;
    this.#decide('deny', policy, rule);
    this.#answer(() => this.#refusal(problem), policy);
  }

  observe(problem: Problem, policy: string, rule: string | null): void {
    this.#observed ??= { problem, policy, rule };
    this.context.ports.metrics.observed(problem.code);
  }

  reply(own: OwnReply, policy: string, rule: string | null): void {
    if (!this.open) return;
    this.#decide('reply', policy, rule);
    this.#answer(() => ownAnswer(own), policy);
  }

  fault(policy: string, what: unknown): void {
    if (this.ended) return;
    const internal = raiseFault(this.context.ports, { policy, operation: this.operation.id, request: this.id }, what);
    if (this.open) this.refuse({ code: 'gateway-fault', internal }, policy);
    else this.cut('gateway-fault');
  }

  #decide(verdict: RecordedVerdict, policy: string | null, rule: string | null): void {
    this.#verdict = verdict;
    this.#policy = policy;
    this.#rule = rule;
  }

  #refusal(problem: Problem): Answer {
    const answer = problemAnswer(problem, this.id);
    this.#problem = problem;
    this.context.ports.metrics.refused(problem.code);
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
    this.#leg?.abandon();
    this.#reply?.abandon();
    this.#phase = answer.refusal ? 'refusing' : 'answering';
    this.#reply = new Reply(this);
    this.#reply.answer(answer);
  }

  /** Records who, what and the verdict; false when that can't be done, and then the request has been refused for it. */
  #recordIntent(): boolean {
    if (this.#intent !== 'due') return true;
    if (this.#appendIntent()) return true;
    this.#decide('deny', null, null);
    this.#answerNow(this.#refusal({ code: 'not-recorded' }));
    return false;
  }

  #appendIntent(): boolean {
    const taken = this.context.ports.ledger.append(passageIntent(this, this.#decision()));
    this.#intent = taken ? 'taken' : 'refused';
    return taken;
  }

  /** Who decided what, and why; a request that passed may have been noted by a policy that observes. */
  #decision(): Decision {
    const observed = this.#verdict === 'pass' ? this.#observed : null;
    if (observed === null)
      return { verdict: this.#verdict, problem: this.#problem, policy: this.#policy, rule: this.#rule };
    const { problem, policy, rule } = observed;
    return { verdict: 'observed', problem: this.#problem ?? problem, policy, rule };
  }

  /** All steps have passed: the request goes upstream, now or with the first of its body. */
  #forward(): void {
    if (!this.#recordIntent()) return;
    this.#phase = 'forwarded';
    const reply = new Reply(this);
    const leg = new Leg(this, reply);
    this.#reply = reply;
    this.#leg = leg;
    const whole = this.requestBody === null ? null : this.requestBody.whole;
    if (whole !== null || this.stream.framing.kind === 'none') leg.sendWhole(whole);
    else {
      this.#waited = true;
      this.stream.receive();
    }
  }

  pieces(pieces: readonly Buffer[]): boolean {
    if (this.#phase === 'collecting' && !this.hold(pieces)) return true;
    this.requestBody?.add(pieces);
    // A reply may begin while the request still comes; what nobody wants any more is taken and thrown away.
    return this.#phase === 'collecting' || this.#leg === null || this.#leg.sendPieces(pieces);
  }

  bodyEnd(): void {
    if (this.#phase === 'collecting') this.#collected();
    else this.#leg?.sendEnd();
  }

  #collected(): void {
    const fault = this.requestBody === null ? null : this.requestBody.close(this.request.headers);
    if (fault !== null) {
      const problem: Problem = { code: fault.problem, internal: fault.internal };
      const { observer } = this.plan.readsRequest;
      if (observer === null) {
        this.refuse(problem, null, 'body');
        return;
      }
      this.observe(problem, observer, 'body');
    }
    this.proceed();
  }

  bodyFailed(code: ProblemCode): void {
    if (this.open) this.refuse({ code });
    // A refusal that waits to be sent can be sent still; a reply that has begun is one to half a request.
    else if (this.#phase === 'replying') this.cut(code);
  }

  drained(): void {
    this.#leg?.resume();
  }

  gone(): void {
    this.#abandon();
    this.#end(false);
  }

  failed({ code, detail }: UpstreamFailure): void {
    if (this.ended) return;
    const { alerts, log } = this.context.ports;
    const { id, api } = this.operation;
    log.write('warn', 'upstream.failed', detail, { api, operation: id, request: this.id, code });
    if (code === 'upstream-tls') {
      const message = `the upstream of ${api} can't prove who it is`;
      alerts({ kind: 'upstream.untrusted', key: api, severity: 'high', message, fields: { detail } });
    }
    // What the gateway decided of the request stands.
    if (this.open) this.#answer(() => this.#refusal({ code, internal: detail }), null);
    else this.cut(code);
  }

  cut(code: ProblemCode): void {
    if (this.ended) return;
    if (this.#problem === null) {
      this.#problem = { code };
      this.context.ports.metrics.refused(code);
    }
    this.#abandon();
    this.#end(false);
    this.stream.cut();
  }

  #abandon(): void {
    this.#leg?.abandon();
    this.#reply?.abandon();
  }

  begun(status: number): void {
    this.#phase = 'replying';
    this.#status = status;
  }

  sent(bytes: number): void {
    this.#replyBytes += bytes;
  }

  finished(): void {
    this.#end(true);
  }

  #end(complete: boolean): void {
    if (this.ended) return;
    this.#phase = 'over';
    this.#timer?.cancel();
    if (this.#heldBytes > 0) this.context.bodies.giveBack(this.request.peer, this.#heldBytes);
    const { clock, ledger, metrics } = this.context.ports;
    const outcome = this.#outcome(complete);
    if (this.#intent === 'due') this.#appendIntent();
    if (this.plan.record.length > 0) runRecordSteps(this, outcome);
    this.#entered?.release(this);
    metrics.finished(this.compiled.operation.api, outcome.status, outcome.durationUs);
    if (this.#intent === 'taken') ledger.append(completionOf(this.id, clock.now(), outcome));
    this.context.over(this);
  }

  /** A whole reply that no step judges goes out in the moment in which it came. */
  #endMs(): number {
    const wholeAtMs = this.#leg === null || this.plan.respond.length > 0 ? null : this.#leg.wholeAtMs;
    return wholeAtMs ?? this.context.ports.clock.monotonic();
  }

  #outcome(complete: boolean): Outcome {
    const { verdict, problem, policy, rule } = this.#decision();
    return {
      verdict,
      problem,
      problemCode: problem === null ? null : problem.code,
      policy,
      rule,
      status: this.#status,
      upstreamStatus: this.#leg === null ? null : this.#leg.status,
      requestBytes: this.stream.receivedBytes,
      responseBytes: this.#replyBytes,
      durationUs: Math.round((this.#endMs() - this.#startedMs) * 1_000),
      upstreamUs: this.#leg === null ? null : this.#leg.elapsedUs,
      complete,
    };
  }
}
