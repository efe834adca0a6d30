import type { Issue, Place } from '../base/index.ts';
import { createIssueLog, quoted } from './issue-log.ts';

/** What of a sound description will surprise its authors once it is enforced. */
export interface Surprise {
  readonly message: string;
  readonly fix: string;
}

/** Gathers surprises: each is told once, with the operations it concerns. */
export class Surprises {
  readonly #found = new Map<string, Surprise & { readonly operations: string[] }>();
  /** Many operations share a part, and nearly all parts are clear. */
  readonly #clear = new Set<string>();

  /** Notes what the part of an operation at a pointer has; it is looked at once, whatever operations share it. */
  note(operation: string, pointer: string, surpriseOf: () => Surprise | null): void {
    if (this.#clear.has(pointer)) return;
    const before = this.#found.get(pointer);
    const surprise = before === undefined ? surpriseOf() : null;
    if (before !== undefined) {
      if (before.operations.at(-1) !== operation) before.operations.push(operation);
    } else if (surprise === null) this.#clear.add(pointer);
    else this.#found.set(pointer, { ...surprise, operations: [operation] });
  }

  /** The warnings; `place` gives the line of a pointer. */
  told(place: (pointer: string) => Place | null): readonly Issue[] {
    const log = createIssueLog(place);
    for (const [pointer, { operations, message, fix }] of this.#found) {
      log.warn(pointer, `${message} (${namesOf(operations)})`, fix);
    }
    return log.finish().issues;
  }
}

const EXAMPLE_LIMIT = 3;

function namesOf(operations: readonly string[]): string {
  const names = operations.slice(0, EXAMPLE_LIMIT).map(quoted).join(', ');
  const more = operations.length - EXAMPLE_LIMIT;
  return more > 0 ? `${names} and ${more} more` : names;
}
