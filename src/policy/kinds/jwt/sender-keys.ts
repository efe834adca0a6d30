import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';

/** Tells that a token of this exchange had header members of these names. */
export type SenderKeysReport = (exchange: Exchange, names: readonly string[]) => void;

/** Anybody can send such tokens as often as they like; one line a minute says it as well. */
const PAUSE_MS = 60_000;

/**
 * Logs that a token brought keys of its own, or addresses of keys, which is an attack or a strange issuer. At most one
 * line a minute, for all operations of this thread together. What stood in the token is not repeated.
 */
export function createSenderKeysReport({ clock, log }: Pick<KindPorts, 'clock' | 'log'>): SenderKeysReport {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  return ({ operation, request }, names) => {
    if (clock.monotonic() < quietUntilMs) return;
    quietUntilMs = clock.monotonic() + PAUSE_MS;
    log.write('warn', 'jwt.sender-keys', 'a token brought keys of its own, which were not used', {
      operation: operation.id,
      address: request.peer.address,
      names: names.join(' '),
    });
  };
}
