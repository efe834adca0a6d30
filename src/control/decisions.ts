import { problemCatalogue } from '../base/index.ts';
import type { Log } from '../ports/index.ts';
import type { AdminRequest } from './admin-operation.ts';
import type { RecordedChange } from './conductor-options.ts';
import type { DecisionAnswer, DecisionsBackend } from './decision-operations.ts';
import { decide, type Decision, type DecisionScene, undecided } from './decision-point.ts';
import type { Evaluation, Semantic } from './decision-request.ts';

/** What the decision point works with. */
export interface DecisionsOptions {
  /** What is in force; null where nothing is, or it can't be built here. */
  readonly scene: () => Promise<DecisionScene | null>;
  /** Null where requests are not recorded; false where the ledger takes nothing. */
  readonly record: ((change: RecordedChange) => Promise<boolean>) | null;
  readonly pseudonym: (who: { readonly issuer: string; readonly subject: string }) => string;
  readonly nextId: () => string;
  readonly log: Log;
  /** Awaited before each decision: whoever else uses the control side is served between two, of all batches together. */
  readonly pause: () => Promise<void>;
}

/** Answers questions about what is in force, and records each answer before it is given. */
export function createDecisions(options: DecisionsOptions): DecisionsBackend {
  return {
    async ask(evaluations, semantic, asker) {
      const answers: DecisionAnswer[] = [];
      for (const evaluation of evaluations) {
        await options.pause();
        // What has come into force meanwhile counts.
        const scene = await options.scene();
        if (scene === null) return null;
        const decision = await decideOr(evaluation, scene, options.log);
        const id = options.nextId();
        if (!(await recorded(decision, { id, asker, scene }, options))) return null;
        answers.push(answerOf(decision, id, scene));
        if (ends(semantic, decision.permitted)) break;
      }
      return answers;
    },
  };
}

/** A fault of ours is no permission. */
async function decideOr(evaluation: Evaluation, scene: DecisionScene, log: Log): Promise<Decision> {
  try {
    return await decide(evaluation, scene);
  } catch (fault) {
    const detail = fault instanceof Error ? fault.message : 'unknown fault';
    log.write('error', 'decision.fault', 'a decision could not be made', { detail });
    return undecided("it can't be decided: a fault of the gateway, which its log tells of");
  }
}

interface Answered {
  readonly id: string;
  readonly asker: AdminRequest['asker'];
  readonly scene: DecisionScene;
}

async function recorded(
  decision: Decision,
  { id, asker, scene }: Answered,
  { record, pseudonym }: DecisionsOptions,
): Promise<boolean> {
  if (record === null) return true;
  const { permitted, method, operation, subject, code, policy, rule, observed } = decision;
  const said = { id, revision: scene.snapshot.revision, code, policy, rule, observed };
  const told = Object.entries(said).filter(([, value]) => value !== null);
  return await record({
    author: asker === 'admin' ? 'admin' : 'decision point',
    action: permitted ? 'decision.permit' : 'decision.deny',
    target: operation === null ? (method ?? 'unknown') : `${method} ${operation}`,
    before: subject === null ? null : pseudonym(subject),
    after: JSON.stringify(Object.fromEntries(told)),
  });
}

function answerOf(decision: Decision, id: string, { snapshot }: DecisionScene): DecisionAnswer {
  const { permitted, operation, status, code, policy, rule, sentence, observed } = decision;
  const known = { operation, code, policy, rule, observed };
  const told = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  // Reasons stand below what a request would be answered with.
  const under = String(status ?? (permitted ? 200 : 403));
  const context = { id, revision: snapshot.revision, ...told, reason_admin: { [under]: sentence } };
  const reason = code === null ? UNDECIDED : problemCatalogue[code].title;
  return { decision: permitted, context: permitted ? context : { ...context, reason_user: { [under]: reason } } };
}

const UNDECIDED = 'This could not be decided';

function ends(semantic: Semantic, permitted: boolean): boolean {
  return semantic === (permitted ? 'permit_on_first_permit' : 'deny_on_first_deny');
}
