import type { Expression } from './expression.ts';

/** What a part costs each time it is run: its parts, but for the bodies of macros in it, which count by themselves. */
export function weightOf(expression: Expression): number {
  const parts = expression.kind === 'macro' ? [expression.of] : partsOf(expression);
  return 1 + parts.reduce((sum, part) => sum + weightOf(part), 0);
}

/**
 * What a condition may read: the names that stand by themselves, each with the name behind it (`request.body`), be that
 * written with a point or in brackets. The elements of macros are not among them.
 */
export function readsOf(expression: Expression): ReadonlySet<string> {
  const reads = new Set<string>();
  const visit = (part: Expression, elements: readonly string[]): void => {
    const [root, name] = pathOf(part);
    if (root !== null) {
      if (!elements.includes(root)) reads.add(name === null ? root : `${root}.${name}`);
    } else if (part.kind === 'macro') {
      visit(part.of, elements);
      for (const inner of bodiesOf(part)) visit(inner, [...elements, part.variable]);
    } else for (const inner of partsOf(part)) visit(inner, elements);
  };
  visit(expression, []);
  return reads;
}

/** The names of which a condition asks by `has` whether they are there, such as `principal.subject`, as `readsOf` has them. */
export function presenceAsked(expression: Expression): ReadonlySet<string> {
  const asked = new Set<string>();
  const visit = (part: Expression): void => {
    if (part.kind === 'has' && part.of.kind === 'name') for (const name of readsOf(part)) asked.add(name);
    for (const inner of partsOf(part)) visit(inner);
  };
  visit(expression);
  return asked;
}

/**
 * The names that a condition asks for behind a path (`request.body`), however deep, of elements of macros too. Of what is
 * put together of them, such as by `map`, none is known.
 */
export function namesBehind(path: string, expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  // Gives whether a part lies behind the path; `elements` are the names of macros that do.
  const visit = (part: Expression, elements: readonly string[]): boolean => {
    if (part.kind === 'name') return elements.includes(part.name);
    if (pathOf(part).join('.') === path) return true;
    if (part.kind === 'macro') {
      const lies = visit(part.of, elements);
      const others = elements.filter((name) => name !== part.variable);
      for (const inner of bodiesOf(part)) visit(inner, lies ? [...others, part.variable] : others);
      return lies && part.macro === 'filter';
    }
    const [lies = false] = partsOf(part).map((inner) => visit(inner, elements));
    const name = memberOf(part);
    if (lies && name !== null) names.add(name);
    return lies && (name !== null || part.kind === 'index');
  };
  visit(expression, []);
  return names;
}

/** A name that stands by itself, and the one behind it, where a part is no more than that. */
function pathOf(part: Expression): readonly [root: string | null, name: string | null] {
  if (part.kind === 'name') return [part.name, null];
  const name = memberOf(part);
  const isPath = name !== null && 'of' in part && part.of?.kind === 'name';
  return isPath ? [part.of.name, name] : [null, null];
}

/** The name of the member that a part asks an object for; null where it asks for none, or by what is worked out. */
export function memberOf(part: Expression): string | null {
  if (part.kind === 'field' || part.kind === 'has') return part.name;
  if (part.kind !== 'index' || part.index.kind !== 'literal') return null;
  const { value } = part.index;
  return value.type === 'string' ? value.value : null;
}

/** A condition and all parts of it, however deep. */
export function* everyPart(expression: Expression): Generator<Expression, void> {
  yield expression;
  for (const part of partsOf(expression)) yield* everyPart(part);
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
      return [expression.of, ...bodiesOf(expression)];
  }
}

function bodiesOf({ where, body }: Extract<Expression, { readonly kind: 'macro' }>): readonly Expression[] {
  return where === null ? [body] : [where, body];
}
