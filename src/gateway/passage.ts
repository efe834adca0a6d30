import { type Problem, type ProblemCode, RECORD_VERSION, type RecordedVerdict } from '../base/index.ts';
import type { BodyUse, BodyViews, Exchange, Operation, Outcome, Principal, Slot, Stage } from '../policy/index.ts';
import type { CanonicalRequest, ExchangeEvents, HeaderFields, OutgoingHead, ServerExchange, UpstreamFailure } from '../wire/index.ts';
import { BodyAccess } from './body-access.ts';
import { HeaderEdits } from './edits.ts';
import { Leg } from './leg.ts';
import { Reply } from './reply-passage.ts';
import type { Plan, PlannedStep, RequestStep } from './plan.ts';
import { type Answer, completionOf, ownAnswer, problemAnswer } from './reply.ts';
import type { GatewayPorts, Installed } from './runtime.ts';
import type { CompiledOperation } from './snapshot.ts';
import { runRequestSteps } from './run-steps.ts';

/** What a passage is made of besides its request. */
export interface PassageContext {
  readonly ports: GatewayPorts;
  readonly installed: Installed;
  readonly date: () => string;
  /** Runs once, when the passage is over. */
  readonly over: (passage: Passage) => void;
}

/** What the router and the id source gave a request. */
export interface PassageParts {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly plan: Plan;
  readonly context: PassageContext;
}

type Phase = 'judging' | 'collecting' | 'forwarded' | 'replying' | 'over';

/** Who decided, for the record. */
interface Decision {
  verdict: RecordedVerdict;
  problem: Problem | null;
  policy: string | null;
  rule: string | null;
}

/**
 * One request's walk through one Snapshot, from its head to the end of its reply. Whatever happens, it ends exactly
 * once: with a reply, with a cut, or with the client's leaving.
 */
export class Passage implements Exchange, ExchangeEvents {
  readonly id: string;
  readonly request: CanonicalRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
  readonly compiled: CompiledOperation;
  readonly context: PassageContext;
  readonly stream: ServerExchange;
  readonly plan: Plan;
  readonly requestBody: BodyAccess;
  principal: Principal | null = null;
  /** What the step that runs now may read of the body. */
  reading: BodyUse = 'none';
  readonly #startedMs: number;
  readonly #decision: Decision = { verdict: 'pass', problem: null, policy: null, rule: null };
  #phase: Phase = 'judging';
  #next = 0;
  #slots: Map<Slot<unknown>, unknown> | null = null;
  #entered: PlannedStep<Stage>[] | null = null;
  #leg: Leg | null = null;
  #reply: Reply | null = null;
  #recorded = false;
  #status = 0;
  #responseBytes = 0;
  #edits: HeaderEdits | null = null;

  constructor(stream: ServerExchange, compiled: CompiledOperation, more: PassageParts) {
    const { clock } = more.context.ports;
    this.id = more.id;
    this.request = stream.request;
    this.params = more.params;
    this.startedAtMs = clock.now();
    this.#startedMs = clock.monotonic();
    this.compiled = compiled;
    this.context = more.context;
    this.stream = stream;
    this.plan = more.plan;
    this.requestBody = new BodyAccess(more.plan.readsRequest);
  }

  get operation(): Operation {
    return this.compiled.operation;
  }

  slot<T>(slot: Slot<T>): T {
    this.#slots ??= new Map();
    if (!this.#slots.has(slot)) this.#slots.set(slot, slot.initial());
    return this.#slots.get(slot) as T;
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    return this.requestBody.view(use, this.reading);
  }

  /** Whether a reply may still be begun. */
  get open(): boolean {
    return this.#phase !== 'replying' && this.#phase !== 'over';
  }

  /** Judges the request from the next step on, and sends it upstream when all steps pass. */
  proceed(): void {
    if (this.#phase === 'over' || this.#phase === 'replying') return;
    this.#phase = 'judging';
    if (runRequestSteps(this, this.#next) && this.open) this.#forward();
  }

  /** Says with which step `proceed` goes on. */
  continueAt(step: number): void {
    this.#next = step;
  }

  /** Waits for the whole body, then goes on with the same step. */
  collectBody(): void {
    this.#phase = 'collecting';
    this.stream.receive();
  }

  /** Notes that a step is about to run, so that its release runs too. */
  enter(planned: PlannedStep<Stage> | RequestStep): void {
    if (planned.step.release === undefined) return;
    this.#entered ??= [];
    if (!this.#entered.some((entered) => entered.step === planned.step)) this.#entered.push(planned as PlannedStep<Stage>);
  }

  /** Whether the passage is over. */
  get ended(): boolean {
    return this.#phase === 'over';
  }

  /** The fields that steps added to the request, names and values in turn; null where none did. */
  get edited(): readonly string[] | null {
    return this.#edits === null ? null : this.#edits.added;
  }

  /** The editor of the request that goes upstream. */
  get edits(): HeaderEdits {
    this.#edits ??= new HeaderEdits(this.request.headers as HeaderFields, []);
    return this.#edits;
  }

  refuse(problem: Problem, policy: string | null = null, rule: string | null = null): void {
    if (!this.open) return;
    this.#decide('deny', { problem, policy, rule });
    this.answer(problemAnswer(problem, this.id));
  }

  /** A policy answers in the upstream's place. */
  reply(answer: Parameters<typeof ownAnswer>[0], policy: string, rule: string | null): void {
    if (!this.open) return;
    this.#decide('reply', { problem: null, policy, rule });
    this.answer(ownAnswer(answer));
  }

  /** A step threw or broke its word: refused, and somebody is told. */
  fault(policy: string, what: unknown): void {
    const detail = what instanceof Error ? `${what.name}: ${what.message}` : 'a value that is no error was thrown';
    const { alerts, log } = this.context.ports;
    log.write('error', 'gateway.fault', 'a policy failed; the request was refused', { policy, operation: this.operation.id, request: this.id, detail });
    alerts({ kind: 'gateway.fault', key: policy, severity: 'critical', message: `policy ${policy} failed`, fields: { operation: this.operation.id, detail } });
    this.refuse({ code: 'gateway-fault', internal: detail }, policy);
  }

  /** Sends an answer of the gateway's own, through the steps that see every reply. */
  answer(answer: Answer): void {
    if (!this.#record()) return;
    this.#answerNow(answer);
  }

  #answerNow(answer: Answer): void {
    this.#leg?.abandon();
    this.#phase = 'replying';
    this.#reply = new Reply(this);
    this.#reply.answer(answer);
  }

  /** Records the intent; false when that can't be done, and then the request has been refused for it. */
  #record(): boolean {
    if (this.#recorded) return true;
    const { problem, verdict, policy, rule } = this.#decision;
    this.#recorded = true;
    const taken = this.context.ports.ledger.append({
      version: RECORD_VERSION,
      kind: 'intent',
      id: this.id,
      at: this.startedAtMs,
      revision: this.context.installed.snapshot.revision,
      api: this.operation.api,
      operation: this.operation.id,
      method: this.request.method,
      subject: this.principal?.subject ?? null,
      address: this.request.peer.address,
      verdict,
      problem: problem?.code ?? null,
      policy,
      rule,
    });
    if (taken) return true;
    const unrecorded: Problem = { code: 'not-recorded' };
    this.#decide('deny', { problem: unrecorded, policy: null, rule: null });
    this.#answerNow(problemAnswer(unrecorded, this.id));
    return false;
  }

  #decide(verdict: RecordedVerdict, why: { problem: Problem | null; policy: string | null; rule: string | null }): void {
    Object.assign(this.#decision, { verdict, ...why });
    if (why.problem !== null) this.context.ports.metrics.refused(why.problem.code);
  }

  /** All steps have passed: the request goes upstream, now or with the first of its body. */
  #forward(): void {
    if (!this.#record()) return;
    this.#phase = 'forwarded';
    this.#reply = new Reply(this);
    this.#leg = new Leg(this, this.#reply);
    const whole = this.requestBody.whole;
    if (whole !== null) this.#leg.sendWhole(whole);
    else if (this.stream.framing.kind === 'none') this.#leg.sendWhole(null);
    else this.stream.receive();
  }

  pieces(pieces: readonly Buffer[]): boolean {
    this.requestBody.add(pieces);
    if (this.#phase === 'forwarded' && this.#leg !== null) return this.#leg.sendPieces(pieces);
    return this.#phase === 'collecting';
  }

  bodyEnd(): void {
    if (this.#phase === 'forwarded') this.#leg?.sendEnd();
    else if (this.#phase === 'collecting') this.#collected();
  }

  #collected(): void {
    const parse = this.plan.request.some(({ step }) => step.reads.request === 'parsed');
    const parsed = this.requestBody.close(this.request.headers.get('content-type'), parse);
    if (parsed !== null && !parsed.ok) this.refuse({ code: parsed.error.problem, internal: parsed.error.internal }, 'body');
    else this.proceed();
  }

  bodyFailed(code: ProblemCode): void {
    if (this.#phase === 'over') return;
    if (this.open) this.refuse({ code });
    else this.stream.cut();
  }

  drained(): void {
    this.#leg?.resume();
  }

  gone(): void {
    if (this.#phase === 'over') return;
    this.#leg?.abandon();
    this.#end(false);
  }

  /** The upstream gave no whole reply. */
  failed(failure: UpstreamFailure): void {
    if (this.#phase === 'over') return;
    const { log } = this.context.ports;
    log.write('warn', 'upstream.failed', failure.detail, { api: this.operation.api, operation: this.operation.id, request: this.id, code: failure.code });
    if (this.open) this.refuse({ code: failure.code, internal: failure.detail });
    else this.cut(failure.code);
  }

  /** Nothing whole can be given any more: the client must see that. */
  cut(code: ProblemCode | null): void {
    if (this.#phase === 'over') return;
    if (code !== null && this.#decision.problem === null) this.#decision.problem = { code };
    this.#leg?.abandon();
    this.stream.cut();
    this.#end(false);
  }

  /** A reply is about to begin; from here on there can be no other. */
  begun(head: OutgoingHead): void {
    this.#phase = 'replying';
    this.#status = head.status;
  }

  sent(bytes: number): void {
    this.#responseBytes += bytes;
  }

  /** The reply is out. */
  finished(): void {
    if (this.#phase !== 'over') this.#end(true);
  }

  #end(complete: boolean): void {
    this.#phase = 'over';
    const { clock, ledger, metrics } = this.context.ports;
    const durationUs = Math.round((clock.monotonic() - this.#startedMs) * 1_000);
    const { verdict, problem, policy, rule } = this.#decision;
    const outcome: Outcome = {
      verdict,
      problem,
      problemCode: problem?.code ?? null,
      policy,
      rule,
      status: this.#status,
      upstreamStatus: this.#leg?.status ?? null,
      requestBytes: this.stream.receivedBytes,
      responseBytes: this.#responseBytes,
      durationUs,
      upstreamUs: this.#leg?.elapsedUs ?? null,
      complete,
    };
    this.#runRecord(outcome);
    this.#release();
    metrics.finished(this.operation.api, this.#status, durationUs);
    ledger.append({ version: RECORD_VERSION, kind: 'completion', id: this.id, at: clock.now(), ...completionOf(outcome) });
    this.context.over(this);
  }

  #runRecord(outcome: Outcome): void {
    for (const planned of this.plan.record) {
      this.enter(planned);
      this.reading = planned.step.reads.request;
      try {
        planned.step.run(this, outcome);
      } catch (fault) {
        this.#lateFault(planned.policy, fault);
      }
    }
  }

  #release(): void {
    const entered = this.#entered ?? [];
    this.#entered = null;
    for (const { policy, step } of entered) {
      try {
        step.release?.(this);
      } catch (fault) {
        this.#lateFault(policy, fault);
      }
    }
  }

  #lateFault(policy: string, fault: unknown): void {
    const detail = fault instanceof Error ? fault.message : 'unknown fault';
    this.context.ports.alerts({ kind: 'gateway.fault', key: policy, severity: 'critical', message: `policy ${policy} failed after the reply`, fields: { detail } });
  }
}
