import type { RateDecision } from '../../../ports/index.ts';
import type { LimitRule } from './config.ts';

/** A rule as replies call it; no two rules of an operation have the same name. */
export interface NamedRule {
  readonly name: string;
  readonly rule: LimitRule;
}

/** The quota of each rule and its window (draft-ietf-httpapi-ratelimit-headers): `"100/min per user";q=100;w=60`. */
export function policyField(rules: readonly NamedRule[]): string {
  return rules
    .map(({ name, rule }) => `${quoted(name)};q=${rule.rate.count};w=${rule.rate.periodMs / 1000}`)
    .join(', ');
}

/**
 * What is left of each rule, and in how many seconds all of it is there again: `"100/min per user";r=99;t=1`. The names
 * stand as `labelsOf` made them, once for all replies.
 */
export function limitField(labels: readonly string[], decisions: readonly RateDecision[]): string {
  let text = '';
  for (let index = 0; index < labels.length; index++) {
    const { remaining, resetMs } = decisions[index] as RateDecision;
    text += `${index === 0 ? '' : ', '}${labels[index]};r=${remaining};t=${Math.ceil(resetMs / 1000)}`;
  }
  return text;
}

/** The rules' names as fields hold them. */
export function labelsOf(rules: readonly NamedRule[]): readonly string[] {
  return rules.map(({ name }) => quoted(name));
}

/** A String of structured fields (RFC 9651 §3.3.3), which holds visible ASCII and spaces alone. */
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
