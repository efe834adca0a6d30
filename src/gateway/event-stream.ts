import type { Problem } from '../base/index.ts';
import type { RepliedHead } from '../policy/index.ts';
import type { ReplyHead } from '../wire/index.ts';
import { NO_EDITS } from './edits.ts';
import { raiseFault } from './faults.ts';
import type { Plan } from './plan.ts';
import type { PlannedStep } from './planned-step.ts';
import type { CompiledOperation } from './snapshot.ts';
import type { Standing, Walk } from './walk.ts';

const EVENTS = /^text\/event-stream(?:[\t ]*;|$)/i;

/** Whether an upstream's reply is a stream of server-sent events (HTML Living Standard §9.2), which has no end of its own. */
export function isEventStream({ fields }: ReplyHead): boolean {
  const type = fields.get('content-type');
  return type !== null && EVENTS.test(type);
}

const IN_PARTS = /^multipart\//i;

/**
 * Whether an upstream's reply may stand open: it is a stream of events, or comes in parts of which nobody says how many
 * (RFC 2046 §5.1) while a step judges streams, as of GraphQL over HTTP. Elsewhere parts are answers to batches, and end.
 */
export function isStanding(head: ReplyHead, { respond }: Pick<Plan, 'respond'>): boolean {
  if (isEventStream(head)) return true;
  const { framing, fields } = head;
  const isOpen = framing.kind === 'chunked' || framing.kind === 'until-close';
  if (!isOpen || !IN_PARTS.test(fields.get('content-type') ?? '')) return false;
  return respond.all.some(({ step }) => step.standing === true);
}

/** A stream of events or parts. Wherever it ends its client comes again by itself, so it always ends cleanly. */
export class EventStream implements Standing {
  readonly kind = 'events';
  readonly walk: Walk;
  readonly replied: RepliedHead;

  /** `head`: of the reply as it came. */
  constructor(walk: Walk, head: RepliedHead) {
    this.walk = walk;
    this.replied = head;
  }

  fits(compiled: CompiledOperation): boolean {
    const plan = compiled.plan();
    return plan.ok && plan.value.respond.all.every((planned) => this.#passes(planned));
  }

  #passes({ step, policy, observed, head }: PlannedStep<'respond'>): boolean {
    if (head || observed || step.standing !== true) return true;
    try {
      return step.replyHead?.(this.walk, this.replied, NO_EDITS).kind !== 'deny';
    } catch (fault) {
      const { id, context, operation } = this.walk;
      raiseFault(context.ports, { policy, operation: operation.id, request: id }, fault);
      return false;
    }
  }

  close(problem: Problem): void {
    this.walk.conclude(problem);
  }

  drain(): void {
    this.walk.conclude(null);
  }
}
