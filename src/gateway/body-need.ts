import type { BodyUse } from '../policy/index.ts';
import type { AnyStep } from './planned-step.ts';

/** What steps together want of a body. */
export interface BodyNeed {
  /** It must be there whole before a step runs. */
  readonly whole: boolean;
  readonly parsed: boolean;
  /** The policy that asks for it parsed, where all that do only observe: then one that can't be read passes. Else null. */
  readonly parsedObserver: string | null;
  /** The policy that asks for it whole, where all that do only observe: then one whose coding can't be undone passes. Else null. */
  readonly wholeObserver: string | null;
  readonly tap: boolean;
  /** Its beginning is read, before any of it goes on. */
  readonly start: boolean;
}

/** Whether this use of a body needs all of it. */
export function isWhole(use: BodyUse): boolean {
  return use === 'parsed' || use === 'raw';
}

/** What these steps want of the body of one side. */
export function needOf(planned: readonly AnyStep[], side: 'request' | 'response'): BodyNeed {
  let tap = false;
  let start = false;
  let parsing: AnyStep | null = null;
  let binding = false;
  let reading: AnyStep | null = null;
  let readingBinds = false;
  for (const each of planned) {
    const use = each.step.reads[side];
    if (isWhole(use)) {
      reading ??= each;
      readingBinds ||= !each.observed;
    }
    tap ||= use === 'tap';
    start ||= use === 'start';
    if (use !== 'parsed') continue;
    parsing ??= each;
    binding ||= !each.observed;
  }
  const parsedObserver = parsing === null || binding ? null : parsing.policy;
  const wholeObserver = reading === null || readingBinds ? null : reading.policy;
  return { whole: reading !== null, parsed: parsing !== null, parsedObserver, wholeObserver, tap, start };
}
