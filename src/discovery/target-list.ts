import { canonicalAddress, upstreamAddressFault, type AddressSet } from '../base/index.ts';
import { type FoundTarget, TARGET_LIMIT } from '../ports/index.ts';

const WEIGHT_LIMIT = 1_000;
/** Refused addresses that are told of one by one. */
const TOLD_LIMIT = 5;

/** What is left of targets that something outside has named. */
export interface JudgedTargets {
  readonly targets: readonly FoundTarget[];
  /** Why addresses are refused, in words; the first few of them. */
  readonly refused: readonly string[];
}

/** Takes away the targets at addresses that no upstream may have. A host that is no address can't be judged, and is refused. */
export function judgeTargets(targets: readonly FoundTarget[], allowed: AddressSet | null): JudgedTargets {
  const kept: FoundTarget[] = [];
  const refused = new Set<string>();
  for (const target of targets) {
    const fault = upstreamAddressFault(target.host, allowed);
    if (fault === null) kept.push(target);
    else if (refused.size < TOLD_LIMIT) refused.add(`${target.host} ${fault}`);
  }
  return { targets: kept, refused: [...refused] };
}

/**
 * The same targets in order, each once, and as many as there may be: the first ones, whoever lists them. Where a target stands
 * twice, it has both weights.
 */
export function settleTargets(targets: readonly FoundTarget[]): readonly FoundTarget[] {
  const byName = new Map<string, FoundTarget>();
  for (const { host, port, weight } of targets) {
    const plain = canonicalAddress(host) ?? host;
    const name = `${plain} ${port}`;
    const before = byName.get(name)?.weight ?? 0;
    byName.set(name, { host: plain, port, weight: Math.min(before + weight, WEIGHT_LIMIT) });
  }
  return [...byName]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .slice(0, TARGET_LIMIT)
    .map(([, target]) => target);
}

/** Weights from 0 to 65,535 as weights from 1 to 1,000: in proportion where one is larger, and nothing for none (RFC 2782). */
export function scaleWeight(weight: number, largest: number): number {
  const scaled = largest > WEIGHT_LIMIT ? (weight * WEIGHT_LIMIT) / largest : weight;
  return Math.max(1, Math.min(WEIGHT_LIMIT, Math.round(scaled)));
}

/** Whether two lists in order are the same. */
export function sameTargets(one: readonly FoundTarget[], other: readonly FoundTarget[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ host, port, weight }, at) => {
      const against = other[at];
      return against?.host === host && against.port === port && against.weight === weight;
    })
  );
}
