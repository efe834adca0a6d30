import type { Alerts, Clock, Log } from '../ports/index.ts';
import type { FailingMetrics } from './failing-metrics.ts';

/** What is done where an upstream fails works with these. */
export interface FailingPorts {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly chance: () => number;
  readonly log: Log;
  readonly alerts: Alerts['raise'];
  readonly metrics: FailingMetrics;
}
