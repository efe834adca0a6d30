import type { HashSource, TargetConfig, UpstreamConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** How targets are chosen, in words. */
export function ruleWords({ balance }: UpstreamConfig): string {
  return balance.rule === 'hash' ? `a hash of ${sourceWords(balance.by)}` : balance.rule;
}

function sourceWords(by: HashSource): string {
  if (by.kind === 'address') return 'the address';
  return by.kind === 'claim' ? `the claim ${by.path.join('.')}` : `the ${by.kind} ${by.name}`;
}

/** What differs in where requests go besides the targets. `tell` makes a change of words. */
export function besideTargetsChanges(
  old: UpstreamConfig,
  next: UpstreamConfig,
  tell: (about: 'upstream', effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (!sameData(old.canary, next.canary)) changes.push(tell('upstream', 'changes', canaryWords(next)));
  // Whoever gets copies gets to know what they say.
  const newPlace = next.mirror !== null && !sameData(old.mirror?.target, next.mirror.target);
  if (!sameData(old.mirror, next.mirror))
    changes.push(tell('upstream', newPlace ? 'loosens' : 'changes', mirrorWords(next)));
  return changes;
}

function canaryWords({ canary }: UpstreamConfig): string {
  if (canary === null) return 'no requests go to a canary any more';
  const named = canary.when === null ? '' : `, and all that have ${canary.when.header}: ${canary.when.value}`;
  return `${canary.percent} % go to ${canary.targets.map(addressOf).join(', ')} by ${canary.by}${named}`;
}

function mirrorWords({ mirror }: UpstreamConfig): string {
  if (mirror === null) return 'no copies of requests are made any more';
  return `copies of ${mirror.percent} % of requests go to ${addressOf(mirror.target)} (${mirror.methods.join(', ')})`;
}

function addressOf({ host, port }: TargetConfig): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
