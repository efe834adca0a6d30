import assert from 'node:assert/strict';
import { type CelInput } from '@bufbuild/cel';
import { RE2JS } from 're2js';
import { err, ok } from '../base/index.ts';
import { type CompilePattern, compileRule, type Declaration, groupOf, type Rule } from './index.ts';
import { readExpression } from './text.ts';

/** RE2 itself, without a word on what a text may take. */
export const compilePattern: CompilePattern = (text) => {
  try {
    const pattern = RE2JS.compile(text);
    return ok({ workOn: () => 0, matches: (value) => pattern.test(value) });
  } catch {
    return err({ message: 'is none of RE2' });
  }
};

/** What conditions of these tests are asked of. */
export interface Asked {
  readonly body?: unknown;
  readonly i?: number;
  readonly d?: number;
  readonly s?: string;
  readonly b?: boolean;
  readonly li?: readonly number[];
  readonly ls?: readonly string[];
}

const value = (type: 'int' | 'double' | 'string' | 'bool' | 'any', name: keyof Asked): Declaration<Asked> => ({
  kind: 'value',
  type,
  read: (asked) => asked[name],
});

/** A few names of every type. */
export const DECLARATIONS: Declaration<Asked> = groupOf<Asked>({
  body: value('any', 'body'),
  i: value('int', 'i'),
  d: value('double', 'd'),
  s: value('string', 's'),
  b: value('bool', 'b'),
  li: { kind: 'value', type: { list: 'int' }, read: ({ li }) => li },
  ls: { kind: 'value', type: { list: 'string' }, read: ({ ls }) => ls },
});

/** A condition, ready to be asked. */
export function ruleOf(text: string): Rule<Asked> {
  const compiled = compiledAs(text);
  if (typeof compiled === 'string') assert.fail(`${text}: ${compiled}`);
  return compiled;
}

/** The same, or what is wrong with it. */
export function compiledAs(text: string, declarations: Declaration<Asked> = DECLARATIONS): Rule<Asked> | string {
  const expression = readExpression(text);
  if (!expression.ok) return expression.error.message;
  const rule = compileRule(expression.value, { declarations, compilePattern });
  return rule.ok ? rule.value : rule.error.map(({ message, fix }) => `${message} (${fix ?? ''})`).join('; ');
}

/** A value of JSON as the oracle takes it: integers within ±2^53 are int, others double. */
export function celOf(given: unknown): CelInput {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : given;
  if (Array.isArray(given)) return (given as readonly unknown[]).map(celOf);
  if (typeof given === 'object' && given !== null)
    return new Map(Object.entries(given).map(([name, member]) => [name, celOf(member)]));
  return given as CelInput;
}

/** What is wrong with a condition, in words; `nothing` for one that can be used. */
export function faultOf(text: string): string {
  const compiled = compiledAs(text);
  return typeof compiled === 'string' ? compiled : 'nothing';
}
