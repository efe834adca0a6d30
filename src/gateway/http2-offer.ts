import { HTTP2_BOUNDS, type Http2Fault, type Http2Offer, type MemoryShare, type Peer } from '../wire/index.ts';
import { MANY_NETWORKS, NamedNetworks } from './named-networks.ts';
import type { GatewayPorts } from './runtime.ts';

/** A network's faults of one kind are one line of the log in so long; the next one says how many there were. */
const HUSH_MS = 60_000;
/** As many as a hundred networks make with ten faults each; beyond it the oldest are told anew. */
const KEPT_LINES = 1_000;

/** Faults that are an attack, or a client that behaves like one. */
const FLOODS: ReadonlySet<Http2Fault> = new Set<Http2Fault>([
  'reset-flood',
  'header-flood',
  'settings-flood',
  'memory',
]);

/** What was told of a network and a fault, and how often it has come since. */
interface Told {
  readonly atMs: number;
  since: number;
}

/** What a gateway's listener needs to speak HTTP/2: faults are counted, logged, and those that are attacks raise an alert. */
export function createHttp2Offer(
  ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'log' | 'metrics'>,
  memory: MemoryShare,
): Http2Offer {
  const { metrics } = ports;
  const lines = new FaultLines(ports);
  return {
    bounds: HTTP2_BOUNDS,
    memory,
    counted: (what) => metrics.http2Counted(what),
    faulted(fault, peer) {
      metrics.http2Fault(fault);
      lines.tell(fault, peer);
    },
  };
}

class FaultLines {
  readonly #ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'log'>;
  readonly #networks = new NamedNetworks();
  /** By network and fault, the oldest first. */
  readonly #told = new Map<string, Told>();

  constructor(ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'log'>) {
    this.#ports = ports;
  }

  tell(fault: Http2Fault, { address }: Peer): void {
    const nowMs = this.#ports.clock.monotonic();
    const network = this.#networks.keyOf(address, nowMs);
    const key = `${fault} ${network}`;
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < HUSH_MS) {
      told.since++;
      return;
    }
    this.#note(key, nowMs);
    const times = 1 + (told?.since ?? 0);
    const message = `a client broke HTTP/2, or asked too much of it: ${fault}`;
    this.#ports.log.write('warn', 'http2.fault', message, { reason: fault, address, network, times });
    if (FLOODS.has(fault)) this.#alert(fault, network, address);
  }

  #note(key: string, atMs: number): void {
    this.#told.delete(key);
    this.#told.set(key, { atMs, since: 0 });
    if (this.#told.size <= KEPT_LINES) return;
    for (const oldest of this.#told.keys()) {
      this.#told.delete(oldest);
      return;
    }
  }

  #alert(fault: Http2Fault, network: string, address: string): void {
    const message =
      network === MANY_NETWORKS
        ? 'clients of many networks flood the gateway over HTTP/2; the log has their addresses'
        : `${network} floods the gateway over HTTP/2; its connections are closed`;
    this.#ports.alerts({
      kind: 'http2.flood',
      key: network,
      severity: 'high',
      message,
      fields: { reason: fault, address },
    });
  }
}
