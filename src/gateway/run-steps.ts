import {
  type AuthenticateVerdict,
  type BodyUse,
  type CleaningVerdict,
  PASS,
  type Principal,
  type Verdict,
} from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { awaitVerdict } from './await-verdict.ts';
import type { BodyAccess } from './body-access.ts';
import { NO_EDITS } from './edits.ts';
import { takeCleaned } from './take-cleaned.ts';
import { THREW } from './faults.ts';
import { METHOD_OVERRIDE, overridesInForm } from './method-override.ts';
import { isWhole } from './body-need.ts';
import type { RequestStep } from './planned-step.ts';
import type { Walk } from './walk.ts';
import { closeWhole } from './whole-body.ts';

/** The longest a step may let a request wait. */
const WAIT_LIMIT_MS = 60_000;

/**
 * Runs the steps before the upstream, from number `from` on. True when all have passed. False when the request was
 * decided, or waits for its body, for time or for a promise; then the passage goes on by itself with the step it was told.
 */
export function runRequestSteps(passage: Walk, from: number): boolean {
  const steps = passage.plan.request;
  for (let at = from; at < steps.length; at++) {
    const planned = steps[at] as RequestStep;
    if (!mayEnter(passage, planned)) return false;
    const { reads } = planned;
    if (isWhole(reads) && !bodyIsWhole(passage, at)) return false;
    if (planned.observed && isUnread(passage, reads)) continue;
    passage.continueAt(at + 1);
    const verdict = runStep(passage, planned);
    if (verdict === PASS) continue;
    if (verdict === THREW) return false;
    if (verdict instanceof Promise) {
      awaitVerdict(passage, verdict, {
        settled: (settled) => applyVerdict(passage, planned, settled) && passage.proceed(),
        failed: (fault) => passage.fault(planned.policy, fault),
      });
      return false;
    }
    if (!applyVerdict(passage, planned, verdict)) return false;
  }
  // A step of `respond` may want the request's body: it is whole before anything of it goes upstream.
  return signedIn(passage) && (!passage.plan.readsRequest.whole || bodyIsWhole(passage, steps.length));
}

/** Behind the last step of `authenticate` a caller must be known, where the operation is not public. */
function mayEnter(passage: Walk, { stage }: RequestStep): boolean {
  return stage === 'admit' || stage === 'authenticate' || signedIn(passage);
}

function signedIn(passage: Walk): boolean {
  if (!passage.plan.signInNeeded || passage.principal !== null) return true;
  // No credential was sent, so the challenges, one for each way to sign in, say nothing of an error.
  passage.refuse({ code: 'unauthenticated' }, null, 'sign-in');
  return false;
}

/** Whether a body that only observers want could not be decoded or parsed: that is noted, and they see nothing of it. */
function isUnread({ requestBody }: Walk, reads: BodyUse): boolean {
  if (requestBody === null || !isWhole(reads)) return false;
  return requestBody.isLeft || (reads === 'parsed' && !requestBody.isParsed);
}

/** Whether the body is there; else it is collected, and the passage goes on at step `at`. */
function bodyIsWhole(passage: Walk, at: number): boolean {
  if (passage.requestBody === null || passage.requestBody.whole !== null) return true;
  passage.continueAt(at);
  passage.collectBody();
  return false;
}

/** Closes the collected body and goes on. Where it can't be read and not only observers want it, the request is refused. */
export function closeBody(passage: Walk, body: BodyAccess): void {
  const { headers } = passage.request;
  const limitBytes = passage.compiled.bodyLimitBytes;
  closeWhole(passage, { body, headers, forwarded: headers as HeaderFields, limitBytes }, (fault) => {
    if (fault !== null && fault.observer === null) {
      passage.refuse(fault.problem, null, 'body');
      return;
    }
    if (body.isParsed && passage.compiled.api.party === null && overridesInForm(body.view('parsed'))) {
      passage.refuse(METHOD_OVERRIDE, null, 'body');
      return;
    }
    if (fault !== null) passage.observe(fault.problem, fault.observer as string, 'body');
    passage.proceed();
  });
}

/** Whatever a step before the upstream may say. */
type StepVerdict = AuthenticateVerdict | CleaningVerdict;

/** A step's verdict; where it threw, the request has been refused for it. */
function runStep(passage: Walk, planned: RequestStep): StepVerdict | Promise<StepVerdict> | typeof THREW {
  if (planned.releases) passage.enter(planned);
  passage.reading = planned.reads;
  try {
    if (planned.stage !== 'transform') return planned.step.run(passage);
    return planned.step.run(passage, planned.observed ? NO_EDITS : passage.edits);
  } catch (fault) {
    passage.fault(planned.policy, fault);
    return THREW;
  }
}

/** True when the request may go on now. */
function applyVerdict(passage: Walk, planned: RequestStep, verdict: StepVerdict): boolean {
  switch (verdict?.kind) {
    case 'pass':
      return true;
    case 'abstain':
      return stageMaySay(passage, planned);
    case 'identified':
      return stageMaySay(passage, planned) && identify(passage, planned, verdict.principal);
    case 'adjusted':
      return stageMaySay(passage, planned) && adjust(passage, planned, verdict.principal);
    case 'deny':
      return stopped(passage, planned, verdict);
    case 'reply':
      // Whoever only observes does not answer in the upstream's place.
      if (planned.observed) return true;
      passage.reply(verdict.response, planned.policy, verdict.rule ?? null);
      return false;
    case 'wait':
      if (planned.observed) return true;
      waitUntil(passage, planned, verdict.untilMs);
      return false;
    case 'cleaned':
      return takeCleaned(passage, planned, verdict);
    default:
      // The types forbid it, and it must not pass for a verdict all the same.
      passage.fault(planned.policy, new Error('a step gave no verdict'));
      return false;
  }
}

type Refusal = Pick<Extract<Verdict, { kind: 'deny' }>, 'problem' | 'rule' | 'policy' | 'also'>;

/** A refusal: false, and true where its policy only observes. */
function stopped(passage: Walk, { policy: own, observed }: RequestStep, refusal: Refusal): boolean {
  const { problem, rule = null, policy = own } = refusal;
  if (!observed) {
    passage.refuse(problem, policy, rule);
    return false;
  }
  passage.observe(problem, policy, rule);
  for (const each of refusal.also ?? []) passage.observe(each.problem, policy, each.rule);
  return true;
}

/** Two credentials that both hold leave open who is calling. */
function identify(passage: Walk, planned: RequestStep, principal: Principal): boolean {
  if (passage.principal === null) {
    passage.principal = principal;
    passage.callerTexts = passage.context.callerTexts(principal);
    return true;
  }
  return stopped(passage, planned, { problem: { code: 'several-credentials' } });
}

/** Who calls stays who it is: whoever adjusts anything else has mistaken one caller for another. */
function adjust(passage: Walk, { policy }: RequestStep, principal: Principal): boolean {
  const before = passage.principal;
  if (before === null || before.issuer !== principal.issuer || before.subject !== principal.subject) {
    passage.fault(policy, new Error('a step adjusted another caller than the one who was identified'));
    return false;
  }
  passage.principal = principal;
  passage.callerTexts = passage.context.callerTexts(principal);
  return true;
}

function stageMaySay(passage: Walk, { stage, policy }: RequestStep): boolean {
  if (stage === 'authenticate') return true;
  passage.fault(policy, new Error(`a step of ${stage} spoke of who the caller is`));
  return false;
}

function waitUntil(passage: Walk, { policy }: RequestStep, untilMs: number): void {
  const delayMs = untilMs - passage.context.ports.clock.monotonic();
  if (!(delayMs <= WAIT_LIMIT_MS)) passage.fault(policy, new Error(`a wait of ${delayMs} ms`));
  else passage.wait(Math.max(0, delayMs), () => passage.proceed());
}
