import { networkOf } from '../../../base/index.ts';
import type { KindPorts } from '../../kind-ports.ts';

/** So many keys that open nothing, of one network in a minute, are no slip any more. */
const TRIES = 30;
const MINUTE_MS = 60_000;
/** Networks that are told apart; the one that came first makes room. */
const NETWORKS_HELD = 1_024;

/** Counts keys that opened nothing, by the network they came from. */
export type FailedTries = (address: string) => void;

/**
 * Raises an alert where one network tries many keys. A secret of 256 bits is not found by trying; whoever tries has found
 * old keys somewhere, or has one of its own that was revoked, and the operator should know.
 */
export function createFailedTries({ clock, alerts }: Pick<KindPorts, 'clock' | 'alerts'>): FailedTries {
  const held = new Map<string, { readonly sinceMs: number; count: number }>();
  return (address) => {
    const network = networkOf(address);
    const nowMs = clock.monotonic();
    const before = held.get(network);
    if (before === undefined || nowMs - before.sinceMs >= MINUTE_MS) {
      held.delete(network);
      const [first] = held.keys();
      if (first !== undefined && held.size >= NETWORKS_HELD) held.delete(first);
      held.set(network, { sinceMs: nowMs, count: 1 });
      return;
    }
    before.count++;
    if (before.count !== TRIES) return;
    alerts({
      kind: 'api-key.tried',
      key: network,
      severity: 'medium',
      message: `${TRIES} API keys that open nothing came from one network within a minute`,
      fields: { network },
    });
  };
}
