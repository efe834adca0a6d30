import type { Exchange, MessageVerdict, Stage } from '../policy/index.ts';
import type { AnyStep } from './planned-step.ts';

/** A step that judges messages, with the policy that it belongs to. */
export interface MessageStep {
  readonly stage: Stage;
  readonly policy: string;
  /** Whether its refusals are only noted. */
  readonly observed: boolean;
  judge(exchange: Exchange, message: Uint8Array): MessageVerdict;
}

/** What judges the messages of each side of a gRPC call. */
export interface MessageSteps {
  readonly request: readonly MessageStep[];
  readonly response: readonly MessageStep[];
}

/** What an operation has that is no gRPC method. */
export const NO_MESSAGES: MessageSteps = { request: [], response: [] };

/** Those of these steps that judge messages, in their order. */
export function messageStepsOf(planned: readonly AnyStep[]): MessageSteps {
  const judging = planned.filter(({ head, step }) => !head && step.message !== undefined);
  if (judging.length === 0) return NO_MESSAGES;
  const made = (all: readonly AnyStep[]): readonly MessageStep[] =>
    all.map(({ stage, policy, observed, step }) => ({
      ...{ stage, policy, observed },
      judge: (exchange, message) => step.message?.(exchange, message) ?? { kind: 'pass' },
    }));
  return {
    request: made(judging.filter(({ stage }) => stage !== 'respond')),
    response: made(judging.filter(({ stage }) => stage === 'respond')),
  };
}
