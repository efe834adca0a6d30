export { Breaker, type BreakerRules, type BreakerState, type CallOutcome, NOT_LET_THROUGH } from './breaker.ts';
export { RetryBudget } from './retry-budget.ts';
