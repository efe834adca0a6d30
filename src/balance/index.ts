export { Breaker, type BreakerRules, type BreakerState, type CallOutcome, NOT_LET_THROUGH } from './breaker.ts';
export { isFailureStatus } from './failure-status.ts';
export { RetryBudget } from './retry-budget.ts';
export { createPicker } from './create-picker.ts';
export { hashText } from './hash-text.ts';
export type { Entry } from './entry.ts';
export type { BalanceRule, Picker } from './picker.ts';
export { CheckStreak } from './check-streak.ts';
export {
  type HealthChange,
  type HealthEntry,
  type HealthEvents,
  type HealthSettings,
  PoolHealth,
  type TargetReport,
} from './pool-health.ts';
export type { EjectionSettings, TargetState } from './target-health.ts';
