import type { TableDeclaration } from '../ports/index.ts';

/**
 * What the checks of targets say, filled by the control side. Only those that failed stand in it: a target without a row
 * is up. Where nobody fills it any more, what was last known holds.
 */
export const UPSTREAM_HEALTH: TableDeclaration = {
  name: 'upstream-health',
  rowLimit: 50_000,
  staleAfterMs: 3_600_000,
  whenStale: 'serve',
};

/** A target that fails its checks, why, and since when (wall time in milliseconds). */
export interface UpstreamHealthRow {
  readonly up: false;
  readonly reason: string;
  readonly sinceMs: number;
}

/** The row of a target of an upstream. `upstream`: the API's name, with ` canary` behind it for a target of its canary. */
export function healthKey(upstream: string, target: string): string {
  return `${upstream} ${target}`;
}
