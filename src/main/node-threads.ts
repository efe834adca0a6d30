import { availableParallelism, totalmem } from 'node:os';
import { createLimiterMemory, LEASE_HOLDERS, type SharedMeterReader } from '../adapters/index.ts';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Alerts, CertificateMaterial, Keyring } from '../ports/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import { portIsFree } from './free-port.ts';
import { createMarkMemory } from '../gateway/index.ts';
import { createHeartbeatMemory, HeartbeatWatch } from './heartbeat.ts';
import type { HostPorts } from './host-ports.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { LedgerConnection } from './ledger-channel.ts';
import type { NodeCertificates } from './node-certificates.ts';
import type { LiveSources } from './live-sources.ts';
import type { CspReports, Originals } from '../control/index.ts';
import { createProofMemory } from './proof-memory.ts';
import { ThreadGroup } from './thread-group.ts';
import { ThreadHost } from './thread-host.ts';
import { NameKeeper } from './reverse-names.ts';
import { newTicketKeys, rotateTicketKeys } from './ticket-keys.ts';
import { workerFile } from './worker-file.ts';

/** What threads and where they can share a port: facts of the machine. */
export interface Machine {
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** This machine. In a container its memory is what the container may have. */
export function thisMachine(): Machine {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return {
    platform: process.platform,
    cores: availableParallelism(),
    memoryBytes: constrained > 0 && constrained < total ? constrained : total,
  };
}

/** How many gateway threads there are to be. Only Linux spreads connections over several that listen on one port. */
export function threadCount(wanted: Config['server']['threads'], machine: Machine): Result<number, Issue> {
  const shares = machine.platform === 'linux';
  if (wanted === 'auto') return ok(shares ? Math.min(LEASE_HOLDERS, Math.max(1, machine.cores)) : 1);
  if (wanted === 1 || shares) return ok(wanted);
  const fix = 'write auto, or 1';
  return err(errorIssue('server.threads', 'only on Linux can several threads serve one port', { fix }));
}

/** A thread needs its Snapshot and some room; more than V8 gives by itself is slower and not safer. */
const HEAP_MB = { least: 512, most: 4_096 };

/** The limit of each thread's heap: half of the memory for all of them, so that a leak in one is not the process's end. */
export function heapLimitMb(threads: number, { memoryBytes }: Pick<Machine, 'memoryBytes'>): number {
  const share = Math.floor(memoryBytes / 2 / threads / 2 ** 20);
  return Math.min(HEAP_MB.most, Math.max(HEAP_MB.least, share));
}

/** Three times as many as there may be connections, so that no network finds the places it may have taken by others. */
const CONNECTED_NETWORKS = 32_768;

/** What opening the gateway threads of a node takes. */
export interface NodeThreadOptions {
  readonly threads: number;
  readonly heapLimitMb: number;
  readonly entry: URL | null;
  readonly host: HostPorts;
  readonly alerts: Alerts;
  readonly keyring: Keyring;
  readonly meters: SharedMeterReader;
  readonly metrics: ControlMetrics;
  readonly sources: LiveSources;
  readonly originals: Pick<Originals, 'take'>;
  readonly cspReports: Pick<CspReports, 'take'>;
  readonly certificates: NodeCertificates;
  /** A way into the ledger for a new thread; null where requests are not recorded. */
  readonly connect: () => LedgerConnection | null;
  readonly lost: (reason: string) => void;
}

/** The gateway threads of a node. */
export interface NodeThreads {
  readonly group: ThreadGroup;
  /** Ends them at once. */
  close(): Promise<void>;
}

/** Starts them. They listen on nothing yet. */
export function openNodeThreads(options: NodeThreadOptions): NodeThreads {
  const { threads, host, alerts, metrics, sources, certificates, connect, meters } = options;
  const { desks } = sources.credentials;
  const { clock, log, logLevel, random } = host;
  const fillRandom = (bytes: Uint8Array): void => random.fill(bytes);
  const limits = createLimiterMemory({ fillRandom });
  const connections = createLimiterMemory({ fillRandom, keyLimit: 8, leaseKeyLimit: CONNECTED_NETWORKS });
  const memory = createHeartbeatMemory(threads);
  const watch = new HeartbeatWatch({ memory, clock, silent: (place) => group.endSilent(place) });
  const key = pseudonymKey(options.keyring);
  const shared = {
    log,
    logLevel,
    clock,
    alerts,
    meters,
    limits,
    proofs: createProofMemory(fillRandom, clock.now()),
    connections,
    threads,
    originals: options.originals,
    cspReports: options.cspReports,
    desks,
    cacheMarks: createMarkMemory(),
    heapLimitMb: options.heapLimitMb,
  };
  const names = new NameKeeper({ reverse: host.reverse, clock, log });
  const group: ThreadGroup = new ThreadGroup({
    threads,
    ticketKeys: newTicketKeys(random),
    clock,
    log,
    alerts,
    portIsFree,
    replaced: (reason) => metrics.threadReplaced(reason),
    serving: (serving) => metrics.threads(serving),
    lost: options.lost,
    start: (place, events) =>
      new ThreadHost({
        ...shared,
        place,
        events,
        entry: options.entry ?? workerFile('gateway-entry-thread'),
        keys: sources.issuers.keys,
        names,
        // The first threads are started before the group stands, and want no keys before they serve.
        tablesSettled: () => group.tables.settled(),
        ledger: connect(),
        pseudonymKey: key,
        heartbeat: { memory, watch },
      }),
  });
  desks.reach((subject, notice) => group.announce(subject, notice));
  sources.serve((table) => group.useTable(table));
  sources.issuers.spreadOver(group.tables);
  sources.credentials.spreadOver(group.tables);
  const give = (materials: readonly CertificateMaterial[]): void => group.useCertificates(materials);
  certificates.serveBy(group);
  give(certificates.served.current());
  const stop = certificates.served.onChange(give);
  const stopRotation = rotateTicketKeys(clock, random, (ticketKeys) => group.useTicketKeys(ticketKeys));
  return {
    group,
    close: async () => {
      stop();
      stopRotation();
      await group.drain(0);
      watch.close();
    },
  };
}
