import type { Problem } from '../base/index.ts';
import {
  ASKED_OPERATIONS,
  type AuthenticateVerdict,
  type BodyViews,
  type Exchange,
  type Operation,
  PASS,
  type Principal,
  type RepliedHead,
  type Slot,
  type Verdict,
} from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import type { Matched } from './arrival.ts';
import { STEP_LIMIT_MS } from './await-verdict.ts';
import { judgeChildrenAgain } from './children.ts';
import { routerFor } from './egress-routes.ts';
import { enter, entryFault } from './entrance.ts';
import { raiseFault } from './faults.ts';
import { mustReadReply, type Plan } from './plan.ts';
import type { RequestStep } from './planned-step.ts';
import { offerAgain } from './offer-websocket.ts';
import type { GatewayPorts } from './runtime.ts';
import type { CompiledOperation } from './snapshot.ts';
import type { StreamEnd } from './stream-metrics.ts';
import type { Place, Walk, WalkContext } from './walk.ts';

/** What is said of a request that has long begun: by what it goes on, or why it may not, and what is counted for that. */
export type Judgement =
  | { readonly kind: 'stands'; readonly place: Place }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly end: StreamEnd };

/** By what a request is judged once more. */
export interface Again {
  readonly context: WalkContext;
  /** Of the wall clock. */
  readonly atMs: number;
  /** The head of its reply, where that stands open and may be none that a step reads whole; null where nobody knows of it. */
  readonly replied: RepliedHead | null;
}

/**
 * Judges a request that has gone upstream once more, by the Snapshot of `context` and as of `atMs`:
 * whether it would lead to the same operation and upstream, and be let in for the same caller. Only the steps that say
 * who calls and what they may do run, so that no limit is charged twice. Whatever is in doubt is refused: a step that
 * throws, that is late, or that says anything else than that the request may pass. `heed` is told once, now or later.
 */
export function judgeAgain(walk: Walk, again: Again, heed: (judgement: Judgement) => void): void {
  let judgement: Judgement | Promise<Judgement>;
  try {
    judgement = judge(walk, again);
  } catch (fault) {
    judgement = broken(walk, fault);
  }
  if (judgement instanceof Promise) void judgement.catch((fault: unknown) => broken(walk, fault)).then(heed);
  else heed(judgement);
}

function judge(walk: Walk, { context, atMs, replied }: Again): Judgement | Promise<Judgement> {
  const { snapshot, pools } = context.installed;
  // A call of a third party came in by another door, at which nobody is asked for more than its key.
  const outbound = walk.compiled.api.party !== null;
  const request = outbound ? walk.stream.request : enter(walk.stream, snapshot);
  if ('code' in request) return refused(request, 'refused');
  const fault = outbound ? null : entryFault(request, snapshot);
  if (fault !== null) return refused(fault.problem, 'refused');
  const match = routerFor(walk.compiled.api, snapshot).find(request.host, request.path, request.method);
  if (match.kind !== 'matched' || match.target.operation.id !== walk.operation.id) return ELSEWHERE;
  const compiled = match.target;
  if (pools[compiled.api.index] !== walk.context.installed.pools[walk.compiled.api.index]) return ELSEWHERE;
  const offer = offerAgain(walk, request, compiled.websocket);
  if (offer !== 'stands') return offer === 'changed' ? ELSEWHERE : refused(offer, 'refused');
  const plan = compiled.plan();
  if (!plan.ok || (replied === null && mustReadReply(plan.value.respond.reads))) return ELSEWHERE;
  const last = childrenAgain(walk, compiled);
  if (last === null) return ELSEWHERE;
  const exchange = new LaterExchange(walk, { request, match, startedAtMs: atMs });
  const trial = new Trial(exchange, plan.value, context.ports);
  const conclude = (problem: Problem | null): Judgement => {
    trial.release();
    if (problem !== null) return refused(problem, hasExpired(walk, walk.principal, atMs) ? 'expired' : 'refused');
    if (replied !== null && isRead(plan.value, exchange, replied)) return ELSEWHERE;
    return standing(walk, { context, compiled, plan: plan.value, principal: exchange.principal }, atMs);
  };
  const verdict = trial.run(0, last);
  return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict);
}

/** Whether a step would read such a reply whole, by what the others have just found out of the request. */
function isRead({ respond }: Plan, exchange: Exchange, replied: RepliedHead): boolean {
  return mustReadReply(respond.reads) && mustReadReply(respond.for(exchange, replied).reads);
}

function broken({ id, context, operation }: Walk, fault: unknown): Judgement {
  const place = { policy: 'gateway', operation: operation.id, request: id };
  return refused({ code: 'gateway-fault', internal: raiseFault(context.ports, place, fault) }, 'refused');
}

function refused(problem: Problem, end: StreamEnd): Judgement {
  return { kind: 'refused', problem, end };
}

/** Whoever comes again is served by what is in force now. */
const ELSEWHERE = refused(
  { code: 'gateway-overloaded', internal: 'the configuration in force does not serve this stream' },
  'reload',
);
const OTHER_CALLER: Problem = { code: 'invalid-token', internal: 'the credential now stands for somebody else' };
const EXPIRED: Problem = { code: 'invalid-token', internal: 'the credential has expired' };

/** It may pass; is it still the same caller, and has the credential not expired? */
function standing(walk: Walk, place: Place, atMs: number): Judgement {
  const { principal } = place;
  if (!isSame(walk.principal, principal)) return refused(OTHER_CALLER, 'refused');
  return hasExpired(walk, principal, atMs) ? refused(EXPIRED, 'expired') : { kind: 'stands', place };
}

/** A tolerance for clocks lets a late request begin; it does not prolong what began in time. */
function hasExpired({ startedAtMs }: Walk, principal: Principal | null, atMs: number): boolean {
  return principal !== null && principal.expiresAtMs <= atMs && startedAtMs < principal.expiresAtMs;
}

function isSame(one: Principal | null, other: Principal | null): boolean {
  if (one === null || other === null) return one === other;
  return one.kind === other.kind && one.issuer === other.issuer && one.subject === other.subject;
}

/** The request as its steps see it: as it came, with slots of its own, at another time. */
class LaterExchange implements Exchange {
  readonly id: string;
  readonly request: CanonicalRequest;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
  readonly #clock: Clock;
  readonly #slots: unknown[] = [];
  principal: Principal | null = null;

  constructor(
    walk: Walk,
    given: { readonly request: CanonicalRequest; readonly match: Matched; readonly startedAtMs: number },
  ) {
    this.id = walk.id;
    this.request = given.request;
    this.operation = given.match.target.operation;
    this.params = given.match.params;
    this.startedAtMs = given.startedAtMs;
    this.#clock = walk.context.ports.clock;
  }

  moment(): number {
    return this.#clock.monotonic();
  }

  slot<T>(slot: Slot<T>): T {
    return (this.#slots[slot.number] ??= slot.initial()) as T;
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    throw new Error(`a step that runs before the body asked for it: ${use}`);
  }
}

/** What is asked of the body of a request that has long begun. */
type LastAsked = (exchange: Exchange) => Verdict | Promise<Verdict>;

const NOTHING_ASKED: LastAsked = () => PASS;

/**
 * The operations that its body named must be ones that its caller may still ask for. Null where nobody can say: its body was
 * not read for such when it came, or names what is there no more.
 */
function childrenAgain(walk: Walk, { children }: CompiledOperation): LastAsked | null {
  if (children === null) return NOTHING_ASKED;
  const { value: asked } = walk.slot(ASKED_OPERATIONS);
  if (asked === null || !asked.every(({ name }) => children.has(name))) return null;
  return (exchange) => judgeChildrenAgain(exchange, asked, children);
}

/** A step that threw or was late. */
interface Failed {
  readonly kind: 'failed';
  readonly problem: Problem;
}

/** The steps of one judgement. */
class Trial {
  readonly #exchange: LaterExchange;
  readonly #plan: Plan;
  readonly #ports: GatewayPorts;
  readonly #entered: RequestStep[] = [];

  constructor(exchange: LaterExchange, plan: Plan, ports: GatewayPorts) {
    this.#exchange = exchange;
    this.#plan = plan;
    this.#ports = ports;
  }

  /** Runs the steps from number `from` on, then what is asked of the body: why the request may not go on, or null. */
  run(from: number, last: LastAsked): Problem | null | Promise<Problem | null> {
    const { request } = this.#plan;
    for (let at = from; at < request.length; at++) {
      const planned = request[at] as RequestStep;
      if (!isJudgedAgain(planned)) continue;
      if (planned.stage === 'authorize' && !this.#signedIn) return NOT_SIGNED_IN;
      const verdict = this.#runStep(planned);
      if (verdict instanceof Promise) {
        return this.#inTime(planned, verdict).then(
          (settled) => this.#judge(planned, settled) ?? this.run(at + 1, last),
        );
      }
      const problem = this.#judge(planned, verdict);
      if (problem !== null) return problem;
    }
    if (!this.#signedIn) return NOT_SIGNED_IN;
    const whole = {
      stage: 'authorize',
      policy: `${this.#exchange.operation.api}/operations`,
      observed: false,
    } as const;
    const verdict = last(this.#exchange);
    return verdict instanceof Promise
      ? this.#inTime(whole, verdict).then((settled) => this.#judge(whole, settled))
      : this.#judge(whole, verdict);
  }

  /** Releases what was entered, whatever each of them throws. */
  release(): void {
    for (const planned of this.#entered.splice(0)) {
      try {
        planned.step.release?.(this.#exchange);
      } catch (fault) {
        this.#failed(planned, fault);
      }
    }
  }

  get #signedIn(): boolean {
    return !this.#plan.signInNeeded || this.#exchange.principal !== null;
  }

  #runStep(planned: EarlyStep): AuthenticateVerdict | Promise<AuthenticateVerdict> | Failed {
    if (planned.releases) this.#entered.push(planned);
    try {
      return planned.step.run(this.#exchange);
    } catch (fault) {
      return this.#failed(planned, fault);
    }
  }

  /** A verdict in time, whatever the step does. */
  #inTime(planned: JudgedStep, pending: Promise<AuthenticateVerdict>): Promise<AuthenticateVerdict | Failed> {
    return new Promise((resolve) => {
      const late = (): void => resolve(this.#failed(planned, new Error(`no verdict within ${STEP_LIMIT_MS} ms`)));
      const timer = this.#ports.clock.after(STEP_LIMIT_MS, late);
      const settle = (verdict: AuthenticateVerdict | Failed): void => {
        timer.cancel();
        resolve(verdict);
      };
      pending.then(settle, (fault: unknown) => settle(this.#failed(planned, fault)));
    });
  }

  /** Why the request may not go on behind this step, or null. Who only observes refuses nothing. */
  #judge({ stage, observed }: JudgedStep, verdict: AuthenticateVerdict | Failed): Problem | null {
    switch (verdict?.kind) {
      case 'pass':
        return null;
      case 'abstain':
        return stage === 'authenticate' ? null : UNCLEAR;
      case 'identified':
        if (stage !== 'authenticate') return UNCLEAR;
        if (this.#exchange.principal === null) this.#exchange.principal = verdict.principal;
        else if (!observed) return { code: 'several-credentials' };
        return null;
      case 'adjusted':
        return stage === 'authenticate' ? this.#adjust(verdict.principal) : UNCLEAR;
      case 'deny':
        return observed ? null : verdict.problem;
      case 'failed':
        return verdict.problem;
      case 'reply':
      case 'wait':
        // Where it only observes it says nothing else to a request either.
        return observed ? null : UNCLEAR;
      default:
        return UNCLEAR;
    }
  }

  #adjust(principal: Principal): Problem | null {
    if (!isSame(this.#exchange.principal, principal)) return UNCLEAR;
    this.#exchange.principal = principal;
    return null;
  }

  #failed({ policy }: Pick<JudgedStep, 'policy'>, fault: unknown): Failed {
    const { id, operation } = this.#exchange;
    const internal = raiseFault(this.#ports, { policy, operation: operation.id, request: id }, fault);
    return { kind: 'failed', problem: { code: 'gateway-fault', internal } };
  }
}

/** What of a step is told with its verdict. */
type JudgedStep = Pick<EarlyStep, 'stage' | 'policy' | 'observed'>;

type EarlyStep = Extract<RequestStep, { stage: 'admit' | 'authenticate' | 'authorize' }>;

/** What says who calls, from where, and what they may do. */
function isJudgedAgain(planned: RequestStep): planned is EarlyStep {
  const { stage } = planned;
  const { standing } = planned.step;
  if (stage === 'admit') return standing === true;
  return (stage === 'authenticate' || stage === 'authorize') && standing !== false;
}

const NOT_SIGNED_IN: Problem = { code: 'unauthenticated' };
const UNCLEAR: Problem = { code: 'gateway-fault', internal: 'a policy gave no clear verdict on a stream that stands' };
