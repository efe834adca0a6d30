import type { Expression } from './expression.ts';

/** What a part costs each time it is run: its parts, but for the bodies of macros in it, which count by themselves. */
export function weightOf(expression: Expression): number {
  const parts = expression.kind === 'macro' ? [expression.of] : partsOf(expression);
  return 1 + parts.reduce((sum, part) => sum + weightOf(part), 0);
}

/**
 * What a condition may read, as it is written: the names that stand by themselves, each with the field behind it
 * (`request.body`). The elements of macros are among them.
 */
export function readsOf(expression: Expression): ReadonlySet<string> {
  const reads = new Set<string>();
  const visit = (part: Expression): void => {
    const isField = part.kind === 'field' || part.kind === 'has';
    if (part.kind === 'name') reads.add(part.name);
    else if (isField && part.of.kind === 'name') reads.add(`${part.of.name}.${part.name}`);
    else for (const inner of partsOf(part)) visit(inner);
  };
  visit(expression);
  return reads;
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'field':
    case 'has':
      return [expression.of];
    case 'index':
      return [expression.of, expression.index];
    case 'not':
    case 'minus':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'choice':
      return [expression.condition, expression.yes, expression.no];
    case 'list':
      return expression.elements;
    case 'call':
      return expression.of === null ? expression.args : [expression.of, ...expression.args];
    case 'macro':
      return [expression.of, ...(expression.where === null ? [] : [expression.where]), expression.body];
  }
}
