export { type CompilePattern, type Pattern } from './builder.ts';
export { alternativesOf, alwaysHolds, neverHolds } from './certain.ts';
export { compileRule, type Rule, type RuleContext, stepBudget } from './compile.ts';
export { type Declaration, groupOf, type Missing } from './declaration.ts';
export type { Expression, RuleFault } from './expression.ts';
// What a declaration reads that is there and can't be told, such as a parameter that was sent twice.
export { FAULT as UNREADABLE } from './frame.ts';
export { namedList, type NamedValues } from './named-values.ts';
export { namesBehind, presenceAsked, readsOf } from './parts.ts';
export { literalsIn } from './written-literals.ts';
export { timestampOf } from './time.ts';
export type { Type } from './type.ts';
