import type { UpstreamConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { BreakerConfig, RetryConfig } from './failing-config.ts';

type Tell = (about: 'upstream', effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in what is done where an upstream fails or is late. `tell` makes a change of words. */
export function failingChanges(old: UpstreamConfig, next: UpstreamConfig, tell: Tell): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (!sameData(old.retries, next.retries))
    changes.push(tell('upstream', 'changes', `a request is ${retryWords(next.retries)}`));
  if (!sameData(old.breaker, next.breaker))
    changes.push(tell('upstream', 'changes', `the upstream ${breakerWords(next.breaker)}`));
  changes.push(...deadlineChanges(old, next, tell));
  if (old.deadlineField !== next.deadlineField) {
    const words = next.deadlineField === null ? 'no longer told' : `told in ${next.deadlineField}`;
    changes.push(tell('upstream', 'changes', `the upstream is ${words} what is left of the deadline`));
  }
  return changes;
}

/** What differs in a deadline, of an upstream or of an operation. */
export function deadlineChanges(
  old: Pick<UpstreamConfig, 'deadlineMs'>,
  next: Pick<UpstreamConfig, 'deadlineMs'>,
  tell: Tell,
): readonly ConfigChange[] {
  if (old.deadlineMs === next.deadlineMs) return [];
  const words =
    next.deadlineMs === null ? 'there is no deadline any more' : `a reply must begin within ${next.deadlineMs} ms`;
  return [tell('upstream', 'changes', words)];
}

function retryWords({ attempts, on, budgetPercent }: RetryConfig): string {
  if (attempts === 0) return 'never sent again';
  return `sent again ${attempts === 1 ? 'once' : `${attempts} times`} at most, on ${on.join(', ')}, never more than ${budgetPercent} % of them`;
}

function breakerWords(breaker: BreakerConfig | null): string {
  if (breaker === null) return 'is asked however much of it fails';
  const { failurePercent, least, windowMs, openMs } = breaker;
  return `is let be for ${openMs} ms where ${failurePercent} % of ${least} requests or more fail within ${windowMs} ms`;
}
