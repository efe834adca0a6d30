import type { Expression } from './expression.ts';

/** What a part costs each time it is run: its parts, but for the bodies of macros in it, which count by themselves. */
export function weightOf(expression: Expression): number {
  return 1 + partsOf(expression).reduce((sum, part) => sum + weightOf(part), 0);
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
      return [expression.of];
  }
}
