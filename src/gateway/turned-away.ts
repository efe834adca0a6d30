import type { Ended } from '../wire/index.ts';
import { AlertHush } from './alert-hush.ts';
import type { LogLevel } from '../ports/index.ts';
import { NetworkLines } from './network-lines.ts';
import type { GatewayPorts } from './runtime.ts';

/** What an end is worth. `attack`: a bound against floods was reached; `full`: there is no room; `client`: its own doing. */
const WORTH = {
  full: 'full',
  address: 'attack',
  pace: 'attack',
  'handshake-queue': 'attack',
  'idle-shed': 'attack',
  stalled: 'client',
  'proxy-header': 'client',
  'not-tls': 'client',
  handshake: 'client',
  'handshake-timeout': 'client',
  'bad-preface': 'client',
  'slow-frame': 'client',
} as const satisfies Record<Ended, keyof typeof LEVELS>;

const LEVELS = { full: 'warn', attack: 'warn', client: 'info' } as const satisfies Record<string, LogLevel>;

const WORDS = {
  address: 'a network has as many connections as it may; if it is a balancer, name it in trustedProxies',
  pace: 'a network opens connections faster than it may; if it is a balancer, name it in trustedProxies',
  'handshake-queue': 'clients are turned away: more TLS handshakes wait than can be done in time',
  'idle-shed': 'idle connections are closed, since there are nearly as many connections as there may be',
} as const;

/** Hears of connections that were ended by the gateway: see `Ended`. Must not throw. */
export type TurnedAwayListener = (reason: Ended, address: string) => void;

/** Counts such connections, writes a line of the log for each network, and raises an alert where a bound was reached. */
export function createTurnedAway(
  ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'log' | 'metrics'>,
): TurnedAwayListener {
  const { alerts, clock, log, metrics } = ports;
  const lines = new NetworkLines(clock);
  const hush = new AlertHush<Ended>();
  const tell = (reason: Ended): void => {
    if (!hush.mayTell(reason, clock.monotonic())) return;
    if (WORTH[reason] === 'full') {
      const message = 'clients are turned away: there are as many connections or open files as there may be';
      alerts({ kind: 'connections.exhausted', key: 'clients', severity: 'high', message });
    } else if (Object.hasOwn(WORDS, reason)) {
      const message = WORDS[reason as keyof typeof WORDS];
      alerts({ kind: 'attack.bounded', key: reason, severity: 'medium', message });
    }
  };
  return (reason, address) => {
    metrics.turnedAway(reason);
    tell(reason);
    const line = lines.lineOf(reason, address);
    if (line === null) return;
    log.write(LEVELS[WORTH[reason]], 'connection.refused', `a connection was ended: ${reason}`, {
      reason,
      address,
      ...line,
    });
  };
}
