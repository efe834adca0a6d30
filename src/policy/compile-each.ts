import { err, type Issue, ok, type Result } from '../base/index.ts';
import type { Steps } from './kind.ts';
import type { Operation, OperationId } from './operation.ts';

/** The steps that `make` gives each of these operations, or the issues of all. */
export function compileEach(
  operations: readonly Operation[],
  make: (operation: Operation) => Result<Steps, readonly Issue[]>,
): Result<ReadonlyMap<OperationId, Steps>, readonly Issue[]> {
  const steps = new Map<OperationId, Steps>();
  const issues: Issue[] = [];
  for (const operation of operations) {
    const made = make(operation);
    if (made.ok) steps.set(operation.id, made.value);
    else issues.push(...made.error);
  }
  return issues.length > 0 ? err(issues) : ok(steps);
}

/** What is said of one operation by its name, which is its author's own; null where nothing is. */
export function saidOf<T>(operations: Readonly<Record<string, T>>, { name }: Operation): T | null {
  return Object.hasOwn(operations, name) ? (operations[name] ?? null) : null;
}
