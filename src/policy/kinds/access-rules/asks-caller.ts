import { type Expression, presenceAsked, readsOf } from '../../../rules/index.ts';

const OF_CALLER = /^(?:principal|tenant|assurance)(?:\.|$)/;

/**
 * Whether a rule can't be worked out where nobody is known: it names something of the caller, and does not ask by `has`
 * whether that is there. One that asks says itself what is so of nobody.
 */
export function needsCaller({ expression }: { readonly expression: Expression }): boolean {
  if (![...readsOf(expression)].some((name) => OF_CALLER.test(name))) return false;
  return ![...presenceAsked(expression)].some((name) => OF_CALLER.test(name));
}
