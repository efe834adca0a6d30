import type { Expression } from './expression.ts';
import { everyPart } from './parts.ts';

/** The texts that a condition looks for in a list by its path, such as `principal.roles`, written as texts. */
export function literalsIn(path: string, expression: Expression): readonly string[] {
  const found = new Set<string>();
  for (const part of everyPart(expression)) {
    if (part.kind !== 'binary' || part.operator !== 'in' || part.left.kind !== 'literal') continue;
    const { value } = part.left;
    if (value.type === 'string' && pathText(part.right) === path) found.add(value.value);
  }
  return [...found];
}

/** Null for what is no path. */
function pathText(part: Expression): string | null {
  if (part.kind === 'name') return part.name;
  if (part.kind !== 'field') return null;
  const of = pathText(part.of);
  return of === null ? null : `${of}.${part.name}`;
}
