import type { RetryCause } from '../config/compiled.ts';
import type { Meter } from '../ports/index.ts';
import { seriesBy } from './series.ts';

/**
 * What became of a retry: `answered` with another status than 502, 503 and 504, or `failed` again; `left`, where the
 * client did not wait for it; `no-budget` where none was made, since there have been too many.
 */
export type RetryOutcome = 'answered' | 'failed' | 'left' | 'no-budget';

/** What is counted of upstreams that fail. */
export interface FailingMetrics {
  retried(cause: RetryCause, outcome: RetryOutcome): void;
  /** A circuit breaker of this API lets nothing through any more, or (false) all again. */
  breakerOpen(api: string, isOpen: boolean): void;
}

/** Makes the series, each with its first count. */
export function createFailingMetrics(meter: Meter): FailingMetrics {
  const retriesHelp = 'Requests sent to an upstream again, by why, and by what became of that.';
  const retries = seriesBy((cause: RetryCause) =>
    seriesBy((outcome: RetryOutcome) =>
      meter.counter('portcullis_upstream_retries_total', retriesHelp, { why: String(cause), outcome }),
    ),
  );
  const openHelp = 'Circuit breakers that are not closed, by API, summed over threads.';
  const open = seriesBy((api: string) => {
    const gauge = meter.gauge('portcullis_upstream_breakers_open', openHelp, { api });
    let count = 0;
    return (change: number): void => gauge.set((count += change));
  });
  return {
    retried: (cause, outcome) => retries(cause)(outcome).add(1),
    breakerOpen: (api, isOpen) => open(api)(isOpen ? 1 : -1),
  };
}
