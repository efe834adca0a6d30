import { getConformanceSuite, type IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { compilePattern } from '../../src/openapi/index.ts';
import {
  compileRule,
  type Declaration,
  type Expression,
  groupOf,
  type Rule,
  stepBudget,
  type Type,
} from '../../src/rules/index.ts';
import { readExpression } from '../../src/rules/text.ts';
import { createTally, type SuiteTally } from './suite-tally.ts';

type Case = IncrementalTestSuite['tests'][number]['original'];
type Bound = Case['bindings'][string];
type Value = Extract<NonNullable<Bound['kind']>, { readonly case: 'value' }>['value'];
type Literal = Extract<Expression, { readonly kind: 'literal' }>['value'];
type Bindings = ReadonlyMap<string, { readonly type: Type; readonly value: unknown }>;

const AT = 0;

/**
 * Holds conditions against the conformance cases of CEL. A case is allowed where its expression is one of this language,
 * its bindings are values of JSON, and what it wants can be written: `total` without those that were `refused`.
 */
export function runCelSuite(): SuiteTally {
  const tally = createTally('cel');
  for (const [name, one] of casesOf(getConformanceSuite(), '')) {
    tally.total += 1;
    const outcome = outcomeOf(one);
    if (outcome.kind === 'ok') tally.ok += 1;
    else if (outcome.kind === 'wrong') tally.wrong.push(`${name}: ${one.expr}: ${outcome.words}`);
    else tally.refused.set(outcome.words, (tally.refused.get(outcome.words) ?? 0) + 1);
  }
  return tally;
}

function casesOf(suite: IncrementalTestSuite, above: string): readonly (readonly [name: string, one: Case])[] {
  const path = `${above}/${suite.name}`;
  return [
    ...suite.tests.map(({ name, original }) => [`${path}/${name}`, original] as const),
    ...suite.suites.flatMap((inner) => casesOf(inner, path)),
  ];
}

type Outcome = { readonly kind: 'ok' } | { readonly kind: 'wrong' | 'refused'; readonly words: string };

function outcomeOf(one: Case): Outcome {
  const read = readExpression(one.expr);
  if (!read.ok) return { kind: 'refused', words: 'is not written in this language' };
  const bindings = bindingsOf(one);
  if (bindings === null) return { kind: 'refused', words: 'is asked of what is no value of JSON' };
  const asked = read.value;
  // A value is equal to itself, so this has an answer wherever the expression has a value.
  const itself = ruleOf(same(asked, asked), bindings);
  if (itself === null) return { kind: 'refused', words: 'asks what this language does not have' };
  const wanted = wantedOf(one);
  if (wanted === null) return { kind: 'refused', words: 'wants a value that is not written here, or none' };
  const words = itself.judge(bindings, stepBudget());
  const isFault = words !== null && words !== FALSE;
  if (wanted === 'error') return isFault ? { kind: 'ok' } : { kind: 'wrong', words: 'has a value' };
  if (isFault) return { kind: 'wrong', words };
  return saysTrue(wantedSame(asked, wanted), bindings) ? { kind: 'ok' } : { kind: 'wrong', words: 'has another value' };
}

const FALSE = 'is not so';

function same(left: Expression, right: Expression): Expression {
  return { kind: 'binary', at: AT, operator: '==', left, right };
}

/** A number is of the wanted kind too: of two kinds there is no difference. */
function wantedSame(asked: Expression, wanted: Expression): Expression {
  if (wanted.kind !== 'literal' || (wanted.value.type !== 'int' && wanted.value.type !== 'double'))
    return same(asked, wanted);
  if (Number.isNaN(wanted.value.value)) return { kind: 'not', at: AT, operand: same(asked, asked) };
  if (!Number.isFinite(wanted.value.value)) return same(asked, wanted);
  const zero = literalOf({ type: wanted.value.type, value: 0 });
  return same({ kind: 'binary', at: AT, operator: '-', left: asked, right: wanted }, zero);
}

function saysTrue(expression: Expression, bindings: Bindings): boolean {
  return ruleOf(expression, bindings)?.judge(bindings, stepBudget()) === null;
}

function ruleOf(expression: Expression, bindings: Bindings): Rule<Bindings> | null {
  const declarations = groupOf<Bindings>(
    Object.fromEntries(
      [...bindings].map(([name, { type }]): [string, Declaration<Bindings>] => [
        name,
        { kind: 'value', type, read: (bound) => bound.get(name)?.value },
      ]),
    ),
  );
  const rule = compileRule(expression, { declarations, compilePattern });
  return rule.ok ? rule.value : null;
}

function bindingsOf({ bindings }: Case): Bindings | null {
  const made = new Map<string, { readonly type: Type; readonly value: unknown }>();
  for (const [name, { kind }] of Object.entries(bindings)) {
    const bound = kind.case === 'value' && !name.includes('.') ? boundOf(kind.value) : null;
    if (bound === null) return null;
    made.set(name, bound);
  }
  return made;
}

function boundOf(value: Value): { readonly type: Type; readonly value: unknown } | null {
  const json = value.kind.case === 'doubleValue' ? value.kind.value : jsonOf(value);
  if (json === undefined) return null;
  const { case: kind } = value.kind;
  if (kind === 'boolValue') return { type: 'bool', value: json };
  if (kind === 'stringValue') return { type: 'string', value: json };
  if (kind === 'doubleValue') return { type: 'double', value: json };
  return { type: kind === 'int64Value' ? 'int' : 'any', value: json };
}

/** A value as JSON has it; undefined for one that it does not have. A double that is a whole number is none of JSON. */
function jsonOf({ kind }: Value): unknown {
  if (kind.case === 'nullValue') return null;
  if (kind.case === 'boolValue' || kind.case === 'stringValue') return kind.value;
  if (kind.case === 'doubleValue') return Number.isSafeInteger(kind.value) ? undefined : kind.value;
  if (kind.case === 'int64Value') return Number.isSafeInteger(Number(kind.value)) ? Number(kind.value) : undefined;
  if (kind.case === 'listValue') {
    const values = kind.value.values.map(jsonOf);
    return values.includes(undefined) ? undefined : values;
  }
  if (kind.case !== 'mapValue') return undefined;
  const members = kind.value.entries.map(({ key, value }) => [
    key?.kind.case === 'stringValue' ? key.kind.value : undefined,
    value === undefined ? undefined : jsonOf(value),
  ]);
  return members.flat().includes(undefined) ? undefined : (Object.fromEntries(members) as unknown);
}

/** What a case wants: a value, or that there is none; null for what is no matter of values, or not written here. */
function wantedOf({ resultMatcher, checkOnly }: Case): Expression | 'error' | null {
  if (checkOnly) return null;
  if (resultMatcher.case === undefined) return literalOf({ type: 'bool', value: true });
  if (resultMatcher.case === 'evalError') return 'error';
  if (resultMatcher.case === 'value') return writtenOf(resultMatcher.value);
  const { result } = resultMatcher.case === 'typedResult' ? resultMatcher.value : { result: undefined };
  return result === undefined ? null : writtenOf(result);
}

/** A value as a condition writes it; null for one that it does not write. */
function writtenOf(value: Value): Expression | null {
  const { kind } = value;
  if (kind.case === 'doubleValue') return literalOf({ type: 'double', value: kind.value });
  if (kind.case === 'boolValue') return literalOf({ type: 'bool', value: kind.value });
  if (kind.case === 'stringValue') return literalOf({ type: 'string', value: kind.value });
  if (kind.case === 'nullValue') return literalOf({ type: 'null' });
  if (kind.case === 'int64Value') {
    const whole = Number(kind.value);
    return Number.isSafeInteger(whole) ? literalOf({ type: 'int', value: whole }) : null;
  }
  if (kind.case !== 'listValue') return null;
  const elements = kind.value.values.map(writtenOf);
  return elements.includes(null) ? null : { kind: 'list', at: AT, elements: elements as readonly Expression[] };
}

function literalOf(value: Literal): Expression {
  return { kind: 'literal', at: AT, value };
}
