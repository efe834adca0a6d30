import { LOOK_STEPS } from './limits.ts';
import { judge } from './members.ts';
import { fail, goesOn, holdsQuietly, type Run, type Seen } from './run.ts';
import type { Part, SchemaNode } from './schema-node.ts';

/** Judges the elements of an array. */
export type ElementsCheck = (elements: readonly unknown[], run: Run, seen: Seen | null) => boolean;

/** The check of `prefixItems` and `items` (JSON Schema 2020-12 §10.3.1). */
export function elementsCheck(first: readonly Part[], rest: Part | null): ElementsCheck {
  return (elements, run, seen) => {
    let holds = true;
    const end = rest === null ? Math.min(first.length, elements.length) : elements.length;
    for (let index = 0; index < end; index += 1) {
      const part = first[index] ?? rest;
      if (part === null || judge(part, elements[index], index, run)) continue;
      if (!goesOn(run)) return false;
      holds = false;
    }
    if (seen !== null) seen.items = Math.max(seen.items, end);
    return holds;
  };
}

/** The check of `contains` with its bounds (JSON Schema 2020-12 §10.3.1.3, §6.4.4, §6.4.5). */
export function containsCheck(node: SchemaNode, least: number, most: number | null): ElementsCheck {
  return (elements, run, seen) => {
    let found = 0;
    for (let index = 0; index < elements.length; index += 1) {
      run.steps += LOOK_STEPS;
      if (!holdsQuietly(node.check, elements[index], run, null)) continue;
      found += 1;
      seen?.indexes.add(index);
      if (most === null && seen === null && found >= least) return true;
    }
    if (found < least) return fail(run, `must have at least ${least} of the items described`);
    return most === null || found <= most || fail(run, `must have at most ${most} of the items described`);
  };
}

/** Judges the elements that nothing else has evaluated (JSON Schema 2020-12 §11.2), and counts them as evaluated. */
export function judgeRestOfElements(rest: Part, elements: readonly unknown[], run: Run, seen: Seen): boolean {
  let holds = true;
  for (let index = seen.items; index < elements.length; index += 1) {
    if (seen.indexes.has(index) || judge(rest, elements[index], index, run)) continue;
    if (!goesOn(run)) return false;
    holds = false;
  }
  seen.items = Math.max(seen.items, elements.length);
  return holds;
}
