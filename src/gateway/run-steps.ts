import type { AuthenticateVerdict, Verdict } from '../policy/index.ts';
import type { Passage } from './passage.ts';
import { isWhole, type RequestStep } from './plan.ts';

/** A policy that takes longer than this to make up its mind has failed. */
const STEP_LIMIT_MS = 10_000;
/** The longest a step may let a request wait. */
const WAIT_LIMIT_MS = 60_000;

/**
 * Runs the steps before the upstream, from number `from` on. True when all have passed. False when the request was
 * decided, or waits for its body, for time or for a promise; then the passage goes on by itself with the step it was told.
 */
export function runRequestSteps(passage: Passage, from: number): boolean {
  const steps = passage.plan.request;
  for (let at = from; at < steps.length; at++) {
    const planned = steps[at] as RequestStep;
    if (!mayEnter(passage, planned)) return false;
    if (isWhole(planned.step.reads.request) && passage.requestBody.whole === null) {
      passage.continueAt(at);
      passage.collectBody();
      return false;
    }
    passage.continueAt(at + 1);
    const verdict = runStep(passage, planned);
    if (verdict === null) return false;
    if (verdict instanceof Promise) {
      awaitVerdict(passage, planned, verdict);
      return false;
    }
    if (verdict.kind === 'wait') {
      waitUntil(passage, planned, verdict.untilMs);
      return false;
    }
    if (!applyVerdict(passage, planned, verdict)) return false;
  }
  return signedIn(passage);
}

/** Behind the last step of `authenticate` a caller must be known, where the operation is not public. */
function mayEnter(passage: Passage, { stage }: RequestStep): boolean {
  return stage === 'admit' || stage === 'authenticate' || signedIn(passage);
}

function signedIn(passage: Passage): boolean {
  if (!passage.plan.signInNeeded || passage.principal !== null) return true;
  passage.refuse({ code: 'unauthenticated' }, null, 'sign-in');
  return false;
}

/** A step's verdict; null when it threw, and the request has been refused for it. */
function runStep(passage: Passage, planned: RequestStep): AuthenticateVerdict | Promise<AuthenticateVerdict> | null {
  passage.enter(planned);
  passage.reading = planned.step.reads.request;
  try {
    return planned.stage === 'transform' ? planned.step.run(passage, passage.edits) : planned.step.run(passage);
  } catch (fault) {
    passage.fault(planned.policy, fault);
    return null;
  }
}

/** True when the request may go on. */
function applyVerdict(passage: Passage, planned: RequestStep, verdict: AuthenticateVerdict): boolean {
  switch (verdict.kind) {
    case 'pass':
      return passage.open;
    case 'abstain':
      return stageMaySay(passage, planned);
    case 'identified':
      if (!stageMaySay(passage, planned)) return false;
      if (passage.principal !== null) {
        passage.refuse({ code: 'several-credentials' }, planned.policy);
        return false;
      }
      passage.principal = verdict.principal;
      return true;
    case 'deny':
      passage.refuse(verdict.problem, planned.policy, verdict.rule ?? null);
      return false;
    case 'reply':
      passage.reply(verdict.response, planned.policy, verdict.rule ?? null);
      return false;
    case 'wait':
      passage.fault(planned.policy, new Error('waited twice in one step'));
      return false;
  }
}

function stageMaySay(passage: Passage, planned: RequestStep): boolean {
  if (planned.stage === 'authenticate') return true;
  passage.fault(planned.policy, new Error(`a step of ${planned.stage} spoke of who the caller is`));
  return false;
}

function awaitVerdict(passage: Passage, planned: RequestStep, pending: Promise<Verdict | AuthenticateVerdict>): void {
  let settled = false;
  const once = (then: () => void): void => {
    if (settled) return;
    settled = true;
    timer.cancel();
    then();
  };
  const timer = passage.context.ports.clock.after(STEP_LIMIT_MS, () =>
    once(() => passage.fault(planned.policy, new Error(`no verdict within ${STEP_LIMIT_MS} ms`))),
  );
  pending.then(
    (verdict) =>
      once(() => {
        if (verdict.kind === 'wait') waitUntil(passage, planned, verdict.untilMs);
        else if (applyVerdict(passage, planned, verdict)) passage.proceed();
      }),
    (fault: unknown) => once(() => passage.fault(planned.policy, fault)),
  );
}

function waitUntil(passage: Passage, planned: RequestStep, untilMs: number): void {
  const { clock } = passage.context.ports;
  const delayMs = untilMs - clock.monotonic();
  if (!(delayMs <= WAIT_LIMIT_MS)) passage.fault(planned.policy, new Error(`a wait of ${delayMs} ms`));
  else clock.after(Math.max(0, delayMs), () => passage.proceed());
}
