export { Breaker, type BreakerRules, type BreakerState, type CallOutcome, NOT_LET_THROUGH } from './breaker.ts';
export { RetryBudget } from './retry-budget.ts';
export { createPicker } from './create-picker.ts';
export { hashText } from './hash-text.ts';
export type { Entry } from './entry.ts';
export type { BalanceRule, Picker } from './picker.ts';
