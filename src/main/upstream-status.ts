import type { TargetStatus } from '../control/index.ts';
import type { ThreadStatus, UpstreamReport } from '../gateway/index.ts';

/** Targets that the status tells of; those that get nothing stand first. */
const TOLD_LIMIT = 1_000;
/** The worse state stands before the better one. */
const STATE_RANK = { down: 0, ejected: 1, starting: 2, up: 3 } as const;

/** What all threads say of the targets of upstreams: of each target the worst state, and how many threads ask it. */
export function targetStatuses(threads: readonly (Pick<ThreadStatus, 'upstreams'> | null)[]): readonly TargetStatus[] {
  const merged = new Map<string, TargetStatus>();
  for (const thread of threads) {
    for (const upstream of thread?.upstreams ?? []) {
      for (const target of upstream.targets) add(merged, upstream, target);
    }
  }
  return [...merged.values()]
    .toSorted((one, other) => STATE_RANK[one.state] - STATE_RANK[other.state])
    .slice(0, TOLD_LIMIT);
}

function add(
  merged: Map<string, TargetStatus>,
  { name, scheme }: UpstreamReport,
  { name: target, state, sinceMs, untilMs, reason }: UpstreamReport['targets'][number],
): void {
  const key = `${name} ${target}`;
  const known = merged.get(key);
  const isAsked = state === 'up' || state === 'starting';
  const threads = (known?.threads ?? 0) + 1;
  const asking = (known?.asking ?? 0) + (isAsked ? 1 : 0);
  if (known !== undefined && STATE_RANK[known.state] <= STATE_RANK[state]) {
    merged.set(key, { ...known, threads, asking });
    return;
  }
  const told = { upstream: name, target: `${scheme}://${target}`, state, since: sinceMs, until: untilMs, reason };
  merged.set(key, { ...told, threads, asking });
}

/** A gauge of each target: which part of the threads asks it. Made at each scrape, so that no series stays of one that is gone. */
export function targetExposition(targets: readonly TargetStatus[]): string {
  if (targets.length === 0) return '';
  const name = 'portcullis_upstream_target_up';
  const lines = targets.map(({ upstream, target, threads, asking }) => {
    return `${name}{api="${upstream}",target="${target}"} ${asking / threads}`;
  });
  const help = 'The part of the gateway threads that send requests to a target, by API and target.';
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines, ''].join('\n');
}
