import { HTTP2_BOUNDS, type Http2Fault, type Http2Offer, type MemoryShare } from '../wire/index.ts';
import { MANY_NETWORKS } from './named-networks.ts';
import { NetworkLines } from './network-lines.ts';
import type { GatewayPorts } from './runtime.ts';

/** Faults that are an attack, or a client that behaves like one. */
const FLOODS: ReadonlySet<Http2Fault> = new Set<Http2Fault>([
  'reset-flood',
  'header-flood',
  'settings-flood',
  'memory',
]);

/** What a gateway's listener needs to speak HTTP/2: faults are counted, logged, and those that are attacks raise an alert. */
export function createHttp2Offer(
  ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'log' | 'metrics'>,
  memory: MemoryShare,
): Http2Offer {
  const { clock, log, metrics } = ports;
  const lines = new NetworkLines(clock);
  return {
    bounds: HTTP2_BOUNDS,
    memory,
    counted: (what) => metrics.http2Counted(what),
    faulted(fault, peer) {
      metrics.http2Fault(fault);
      const { address } = peer;
      const line = lines.lineOf(fault, address);
      if (line === null) return;
      const message = `a client broke HTTP/2, or asked too much of it: ${fault}`;
      log.write('warn', 'http2.fault', message, { reason: fault, address, ...line });
      if (FLOODS.has(fault)) raiseFlood(ports.alerts, fault, { network: line.network, address });
    },
  };
}

function raiseFlood(
  alerts: GatewayPorts['alerts'],
  reason: Http2Fault,
  { network, address }: { readonly network: string; readonly address: string },
): void {
  const message =
    network === MANY_NETWORKS
      ? 'clients of many networks flood the gateway over HTTP/2; the log has their addresses'
      : `${network} floods the gateway over HTTP/2; its connections are closed`;
  alerts({ kind: 'http2.flood', key: network, severity: 'high', message, fields: { reason, address } });
}
