import { err } from '../base/index.ts';
import { compileRule, stepBudget } from './compile.ts';
import { groupOf } from './declaration.ts';
import type { BinaryOperator, Expression, Literal } from './expression.ts';
import { readsOf } from './parts.ts';

/**
 * Whether a condition is certainly never true, whatever it is asked of. Where that is not certain the answer is no: who is
 * told that a rule is dead takes it away.
 */
export function neverHolds(expression: Expression): boolean {
  return never(expression, true);
}

/** Whether a condition is certainly true, whatever it is asked of: also where what it names is not there. */
export function alwaysHolds(expression: Expression): boolean {
  return always(expression, true);
}

/** The alternatives of a condition, each with its offset, where it has any. */
export function alternativesOf(expression: Expression): readonly Expression[] {
  if (expression.kind !== 'binary' || expression.operator !== '||') return [expression];
  return [...alternativesOf(expression.left), ...alternativesOf(expression.right)];
}

/** Whether it never comes to this truth value: it may come to the other one, or to a fault. */
function never(expression: Expression, value: boolean): boolean {
  const known = constantOf(expression);
  if (known !== 'open') return known !== value;
  switch (expression.kind) {
    case 'not':
      return never(expression.operand, !value);
    case 'binary':
      return neverOfBoth(expression, value);
    case 'choice': {
      const { condition, yes, no } = expression;
      return (never(condition, true) || never(yes, value)) && (never(condition, false) || never(no, value));
    }
    case 'macro': {
      // Of an empty list nothing exists, and all hold: one truth value alone is known of the elements.
      const { macro, body } = expression;
      if (macro === 'exists' || macro === 'exists_one') return value && never(body, true);
      return macro === 'all' && !value && never(body, false);
    }
    case 'literal':
    case 'name':
    case 'field':
    case 'index':
    case 'has':
    case 'minus':
    case 'list':
    case 'call':
      return false;
  }
}

type Binary = Extract<Expression, { readonly kind: 'binary' }>;

/** `&&` is true where both are, and `||` is false where both are; what faults is absorbed by the other alone. */
function neverOfBoth(expression: Binary, value: boolean): boolean {
  const { operator, left, right } = expression;
  if (operator !== '&&' && operator !== '||') return isContradiction([{ expression, value }]);
  const needsBoth = (operator === '&&') === value;
  if (!needsBoth) return never(left, value) && never(right, value);
  return never(left, value) || never(right, value) || isContradiction(partsOf(expression, value));
}

/** Whether it comes to this truth value in any case. */
function always(expression: Expression, value: boolean): boolean {
  const known = constantOf(expression);
  if (known !== 'open') return known === value;
  if (expression.kind === 'not') return always(expression.operand, !value);
  if (expression.kind !== 'binary') return false;
  const { operator, left, right } = expression;
  if (operator !== '&&' && operator !== '||') return false;
  const needsBoth = (operator === '&&') === value;
  return needsBoth ? always(left, value) && always(right, value) : always(left, value) || always(right, value);
}

const NOTHING_NAMED = groupOf<null>({});

/** What a part that names nothing comes to; `fault` for no truth value, `open` for one that names something. */
function constantOf(expression: Expression): boolean | 'fault' | 'open' {
  if (readsOf(expression).size > 0) return 'open';
  const compilePattern = () => err({ message: 'no pattern is compiled here' });
  const rule = compileRule(expression, { declarations: NOTHING_NAMED, compilePattern });
  if (!rule.ok) return 'open';
  const said = rule.value.answer(null, stepBudget());
  return typeof said === 'boolean' ? said : 'fault';
}

/** A part that must come to a truth value for the whole to come to its own. */
interface Part {
  readonly expression: Expression;
  readonly value: boolean;
}

function partsOf(expression: Expression, value: boolean): readonly Part[] {
  if (expression.kind === 'not') return partsOf(expression.operand, !value);
  if (expression.kind === 'binary' && expression.operator === (value ? '&&' : '||'))
    return [...partsOf(expression.left, value), ...partsOf(expression.right, value)];
  return [{ expression, value }];
}

type Scalar = Extract<Literal, { readonly value: unknown }>['value'] | null;

/** What parts demand of one thing that is read. */
interface Demands {
  /** What it may be; null for anything. */
  among: ReadonlySet<Scalar> | null;
  readonly not: Set<Scalar>;
  /** Bounds on a number, and whether the bound itself is beyond them. */
  least: { readonly value: number; readonly open: boolean } | null;
  most: { readonly value: number; readonly open: boolean } | null;
}

/** Whether parts can't all come to their values at once: each thing that they read is the same for all of them. */
function isContradiction(parts: readonly Part[]): boolean {
  const truths = new Map<string, boolean>();
  const demands = new Map<string, Demands>();
  for (const { expression, value } of parts) {
    const key = textOf(expression);
    if (truths.get(key) === !value) return true;
    truths.set(key, value);
    const demand = demandOf(expression, value);
    if (demand === null) continue;
    const of = textOf(demand.of);
    const all = demands.get(of) ?? { among: null, not: new Set(), least: null, most: null };
    demands.set(of, all);
    addDemand(all, demand);
  }
  return [...demands.values()].some(isEmpty);
}

interface Demand {
  readonly of: Expression;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly values: readonly Scalar[];
}

const MIRRORED: Partial<Record<BinaryOperator, Demand['operator']>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** What a part demands of something that is compared with what is written; null where it demands nothing so plain. */
function demandOf(expression: Expression, value: boolean): Demand | null {
  if (expression.kind !== 'binary') return { of: expression, operator: '==', values: [value] };
  const { operator, left, right } = expression;
  if (operator === 'in') {
    const values = right.kind === 'list' ? right.elements.map(scalarOf) : [undefined];
    return isKnown(values) ? { of: left, operator: value ? '==' : '!=', values } : null;
  }
  const mirrored = MIRRORED[operator];
  if (mirrored === undefined) return null;
  const [one, other] = [scalarOf(left), scalarOf(right)];
  const demand: Demand | null =
    other !== undefined
      ? { of: left, operator: operator as Demand['operator'], values: [other] }
      : one === undefined
        ? null
        : { of: right, operator: mirrored, values: [one] };
  return demand === null || value ? demand : denied(demand);
}

/** Of an order nothing follows where it does not hold: what is no number is neither less nor more. */
function denied(demand: Demand): Demand | null {
  if (demand.operator === '==') return { ...demand, operator: '!=' };
  return demand.operator === '!=' ? { ...demand, operator: '==' } : null;
}

/** Undefined for what is not written as one value. */
function scalarOf(expression: Expression): Scalar | undefined {
  if (expression.kind === 'minus') {
    const value = scalarOf(expression.operand);
    return typeof value === 'number' ? -value : undefined;
  }
  if (expression.kind !== 'literal') return undefined;
  return expression.value.type === 'null' ? null : expression.value.value;
}

function isKnown(values: readonly (Scalar | undefined)[]): values is readonly Scalar[] {
  return !values.includes(undefined);
}

function addDemand(all: Demands, { operator, values }: Demand): void {
  if (operator === '==') {
    const wanted = new Set(values);
    all.among = all.among === null ? wanted : all.among.intersection(wanted);
    return;
  }
  if (operator === '!=') {
    for (const value of values) all.not.add(value);
    return;
  }
  const [value] = values;
  if (typeof value !== 'number') return;
  const bound = { value, open: operator === '<' || operator === '>' };
  if (operator === '>' || operator === '>=') all.least = narrower(all.least, bound, 1);
  else all.most = narrower(all.most, bound, -1);
}

type Bound = NonNullable<Demands['least']>;

/** The one of two bounds that lets less through; `direction` is 1 for lower bounds. */
function narrower(one: Bound | null, other: Bound, direction: 1 | -1): Bound {
  if (one === null) return other;
  const difference = (other.value - one.value) * direction;
  return difference > 0 || (difference === 0 && other.open) ? other : one;
}

function isEmpty({ among, not, least, most }: Demands): boolean {
  if (among !== null) {
    const fits = (value: Scalar): boolean =>
      !not.has(value) && (least === null || isAbove(value, least, 1)) && (most === null || isAbove(value, most, -1));
    return ![...among].some(fits);
  }
  if (least === null || most === null) return false;
  return least.value > most.value || (least.value === most.value && (least.open || most.open));
}

/** What is compared with a number is a number, or the comparison does not hold. */
function isAbove(value: Scalar, bound: Bound, direction: 1 | -1): boolean {
  if (typeof value !== 'number') return false;
  const difference = (value - bound.value) * direction;
  return difference > 0 || (difference === 0 && !bound.open);
}

/** A part as a text that is the same for the same part, wherever it stands. */
function textOf(expression: Expression): string {
  return JSON.stringify(expression, (name, value: unknown) => (name === 'at' ? undefined : value));
}
