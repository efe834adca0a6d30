import { createOutboundEgress, createSocketDnsTransport } from '../adapters/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import { type Gathered, readTargetFile } from '../config/index.ts';
import type { SourceReport } from '../control/index.ts';
import { Discovery, type HeldTargets, type WantedSource } from '../discovery/index.ts';
import {
  type Alerts,
  type FoundTarget,
  type Tables,
  targetKey,
  type TargetRow,
  type TargetSource,
  UPSTREAM_TARGETS,
} from '../ports/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import type { HostPorts } from './host-ports.ts';

/** The sources of targets of a node. */
export interface NodeDiscovery {
  /**
   * Finds the targets of a configuration's upstreams, beside those of the one in force; resolves within seconds. What
   * can't be had: sources that are new and have failed, so that no request of their APIs could be served.
   */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only the targets of this configuration's upstreams are looked for. */
  retain(gathered: Gathered): void;
  /** The targets that are known now of a source. */
  found(source: TargetSource): readonly FoundTarget[];
  /** Targets that an earlier run has found. */
  restore(held: readonly HeldTargets[]): void;
  held(): readonly HeldTargets[];
  /** How each source is, by name. */
  report(): readonly SourceReport[];
  close(): void;
}

/** What they work with. */
export interface NodeDiscoveryOptions {
  readonly host: HostPorts;
  readonly alerts: Alerts;
  /** What goes on to every gateway thread. */
  readonly tables: Tables;
  readonly metrics: Pick<ControlMetrics, 'discoveryFailed' | 'targetsFound'>;
}

/** Each source may have a call that waits for changes. */
const CALL_LIMIT = UPSTREAM_TARGETS.rowLimit;
const RESOLVER_FILE = '/etc/resolv.conf';

/** Opens them; nothing is looked for before the first filling. */
export function openNodeDiscovery({ host, alerts, tables, metrics }: NodeDiscoveryOptions): NodeDiscovery {
  const { clock, files, log, random, resolver } = host;
  const discovery = new Discovery({
    ...{ clock, files, log, random, alerts, tables },
    // Of its own: calls that wait for changes would keep the others from their turn.
    egress: createOutboundEgress({ resolver, clock, callLimit: CALL_LIMIT }),
    dns: createSocketDnsTransport({ clock }),
    resolverFile: RESOLVER_FILE,
    kubernetesApi: kubernetesApi(process.env),
    readTargets: readTargetFile,
    failed: (kind) => metrics.discoveryFailed(kind),
    told: ({ name, targets, foundAtMs }) => metrics.targetsFound(name, targets, foundAtMs),
  });
  let inForce: readonly WantedSource[] | null = null;
  return {
    fill: async (gathered) => {
      const lacking = await discovery.fill(sourcesOf(gathered));
      const issues = lacking.flatMap(({ key, fault }) => (fault === null ? [] : [lackOf(key, fault, gathered)]));
      // It will be refused: nobody has a use for what it asks for. At the start there is nothing else.
      if (issues.length > 0 && inForce !== null) discovery.retain(inForce);
      return issues;
    },
    retain: (gathered) => {
      inForce = sourcesOf(gathered);
      discovery.retain(inForce);
    },
    found: (source) => {
      const row = tables.read<TargetRow>(UPSTREAM_TARGETS.name).rows.get(targetKey(source));
      return row?.targets ?? [];
    },
    restore: (held) => discovery.restore(held),
    held: () => discovery.held(),
    report: () =>
      discovery
        .status()
        .map(({ name, kind, targets, foundAtMs, fault }) => ({ name, kind, targets, foundAt: foundAtMs, fault })),
    close: () => discovery.close(),
  };
}

/** Where the API of the Kubernetes is that runs this program, as it tells all that it runs; null outside of one. */
export function kubernetesApi(environment: NodeJS.ProcessEnv): string | null {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === '' || !/^[0-9]{1,5}$/.test(port)) return null;
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return URL.canParse(url) ? url : null;
}

/** Each source once, with its secret. */
function sourcesOf({ config, secrets }: Gathered): readonly WantedSource[] {
  const sources = config.apis.flatMap(({ upstream }) => (upstream.discover === null ? [] : [upstream.discover.source]));
  const once = new Map(sources.map((source) => [targetKey(source), source]));
  return [...once.values()].map((source) => {
    const reference = source.kind === 'consul' ? source.token : null;
    const secret = reference !== null && Object.hasOwn(secrets, reference) ? secrets[reference] : undefined;
    return { source, token: secret === undefined ? null : Buffer.from(secret).toString('utf8').trim() };
  });
}

function lackOf(key: string, fault: string, { config, places }: Gathered): Issue {
  const api = config.apis.find(
    ({ upstream }) => upstream.discover !== null && targetKey(upstream.discover.source) === key,
  );
  const path = `${api?.path ?? 'apis'}.upstream.discover`;
  const place = Object.hasOwn(places, path) ? places[path] : undefined;
  return errorIssue(path, `no targets can be found: ${fault}`, {
    place: place ?? null,
    fix: 'see that the source answers, then reload; docs/guide/discovery.md says more',
  });
}
