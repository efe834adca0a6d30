import { writeBareItem } from '../../../base/index.ts';
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
 * What is left of each rule, and in how many seconds all of it is there again: `"100/min per user";r=99;t=1`. As long as
 * replies are to say the same they get one text.
 */
export class LimitField {
  readonly #labels: readonly string[];
  #said: readonly RateDecision[] = [];
  #text = '';

  constructor(rules: readonly NamedRule[]) {
    this.#labels = rules.map(({ name }) => quoted(name));
  }

  /** The text for these decisions, one for each rule, which nobody changes any more. */
  textOf(decisions: readonly RateDecision[]): string {
    if (decisions === this.#said) return this.#text;
    if (!this.#saysTheSame(decisions)) {
      this.#text = this.#labels.map((label, at) => label + numbersOf(decisions[at] as RateDecision)).join(', ');
    }
    this.#said = decisions;
    return this.#text;
  }

  #saysTheSame(decisions: readonly RateDecision[]): boolean {
    if (decisions.length !== this.#said.length) return false;
    for (let at = 0; at < decisions.length; at++) {
      const [now, before] = [decisions[at] as RateDecision, this.#said[at] as RateDecision];
      if (now.remaining !== before.remaining || secondsOf(now) !== secondsOf(before)) return false;
    }
    return true;
  }
}

function numbersOf(decision: RateDecision): string {
  return ';r=' + decision.remaining + ';t=' + secondsOf(decision);
}

function secondsOf({ resetMs }: RateDecision): number {
  return Math.ceil(resetMs / 1000);
}

/** A String of structured fields (RFC 9651 §3.3.3), which holds visible ASCII and spaces alone. */
function quoted(name: string): string {
  return writeBareItem({ kind: 'string', value: name.replaceAll(/[^\x20-\x7e]/g, '?') }) ?? '""';
}
