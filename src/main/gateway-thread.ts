import { parentPort, workerData as rawWorkerData } from 'node:worker_threads';
import {
  createIcapScanner,
  createMemoryTables,
  createSharedLeases,
  createSharedLimiter,
  createSharedMeter,
  createSystemClock,
  createSystemRandom,
  createUnrecordedLedger,
  type LimiterMemory,
  type MeterSeries,
  yieldToOtherThreads,
} from '../adapters/threads.ts';
import { createLedgerClient, createPseudonyms } from '../audit/index.ts';
import { createIdSource } from '../base/index.ts';
import { chooseCertificate } from '../certificates/choose.ts';
import {
  createGatewayMetrics,
  createTraceIds,
  type FromThread,
  type GatewayMetrics,
  GatewayThread,
  inFlightLimitOf,
  type KindTable,
  Overload,
  ThreadDesk,
  ThreadKeyRequests,
  ThreadOriginals,
  type ToThread,
  PlaceMarks,
} from '../gateway/index.ts';
import type { KindPorts } from '../policy/index.ts';
import type { Clock, Leases, Ledger, Log, LogLevel, Random } from '../ports/index.ts';
import { sendPutOff } from '../wire/index.ts';
import { type HeapState, watchHeap } from './heap-watch.ts';
import { startBeating } from './heartbeat.ts';
import { openProofs, type ProofMemory, tagKeyOf } from './proof-memory.ts';
import { createChance, createThreadUse, createUtilization } from './thread-load.ts';
import { ledgerChannel, type LedgerConnection } from './ledger-channel.ts';

/** What a gateway thread says besides the protocol: its meter's cells, once, each series as it is made, how its heap is. */
export type ThreadGreeting =
  | { readonly kind: 'meter'; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'series'; readonly series: MeterSeries }
  | { readonly kind: 'heap'; readonly state: HeapState };

/** So much of its heap stored replies may take: with them it must never come near to its end. */
const CACHE_PART = 0.25;

/** What a gateway thread is started with. */
export interface GatewayThreadData {
  readonly logLevel: LogLevel;
  /** Its way into the ledger; null where requests are not recorded. */
  readonly ledger: LedgerConnection | null;
  /** The key of the names that callers have in the ledger. */
  readonly pseudonymKey: Uint8Array;
  /** What the limits and leases of all threads share. */
  readonly limits: LimiterMemory;
  /** What the proofs of possession of all threads are judged with. */
  readonly proofs: ProofMemory;
  /** Where the connections of each network are counted. */
  readonly connections: LimiterMemory;
  /** What all threads say of stored replies that are no longer good. */
  readonly cacheMarks: SharedArrayBuffer;
  /** How many threads share what the process has. */
  readonly threads: number;
  readonly heartbeat: SharedArrayBuffer;
  /** What its heap may have: beyond it the thread ends by itself. */
  readonly heapLimitMb: number;
  /** Its place among the threads: whose heartbeat it beats, and who holds its leases. */
  readonly place: number;
}

/** What a table of kinds is made of in a gateway thread. */
export type MakeKinds = (ports: KindPorts, leases: Leases) => KindTable;

const LOUDNESS = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<LogLevel, number>;

/** The main thread and the ledger's have little to do, and all gateway threads wait for it: they come first. */
const NICENESS = 2;

/** Runs a gateway thread with these kinds of policy: builds its ports and listens to the control side. */
export function runGatewayThread(makeKinds: MakeKinds): void {
  const workerData = rawWorkerData as GatewayThreadData;
  const port = parentPort;
  if (port === null) throw new Error('a gateway thread is started by the main thread');
  const send = (message: FromThread | ThreadGreeting): void => port.postMessage(message);
  const clock = createSystemClock();
  const random = createSystemRandom();
  const meter = createSharedMeter({ announce: (series) => send({ kind: 'series', series }) });
  send({ kind: 'meter', buffer: meter.buffer });
  // Lines that nobody will read don't cross to the main thread.
  const threshold = LOUDNESS[workerData.logLevel];
  const log: Log = {
    write: (level, event, message, fields = {}) =>
      LOUDNESS[level] < threshold ? undefined : send({ kind: 'log', level, event, message, fields }),
  };
  const ledger = openLedger(workerData.ledger);
  const { connections, limits: memory, place, threads, heartbeat, cacheMarks } = workerData;
  const keys = new ThreadKeyRequests(clock, send);
  const desk = new ThreadDesk(clock, send);
  const alerts: KindPorts['alerts'] = (alert) => send({ kind: 'alert', alert });
  const metrics = createGatewayMetrics(meter);
  const overload = watchLoad(metrics, { clock, random, threads });
  yieldToOtherThreads(process.platform, NICENESS);
  const thread = new GatewayThread({
    ports: {
      ...{ clock, log, alerts, ledger },
      nextId: createIdSource(
        (bytes) => random.fill(bytes),
        () => clock.now(),
      ),
      traces: createTraceIds((bytes) => random.fill(bytes)),
      chance: createChance((bytes) => random.fill(bytes)),
      pseudonym: createPseudonyms(workerData.pseudonymKey),
      metrics,
      cspReports: (reports) => send({ kind: 'cspReports', reports }),
      cacheShare: {
        threads,
        heapBytes: workerData.heapLimitMb * 2 ** 20 * CACHE_PART,
        marks: new PlaceMarks(cacheMarks),
      },
    },
    ledger,
    tables: createMemoryTables({ log }),
    kinds: makeKinds(
      {
        ...{ clock, log, keys, desk, random, limiter: createSharedLimiter({ memory, meter }) },
        ...{ originals: new ThreadOriginals(clock, metrics, send), alerts },
        ...{ proofs: openProofs(workerData.proofs, meter), tagKey: tagKeyOf(workerData.proofs) },
        scanner: createIcapScanner({ clock, meter }),
      },
      createSharedLeases({ memory, holder: place }),
    ),
    leases: createSharedLeases({ memory: connections, holder: place }),
    threads,
    overload,
    keys,
    desk,
    choose: chooseCertificate,
    send,
  });
  port.on('message', (message: ToThread) => void thread.receive(message));
  startBeating(heartbeat, place, clock);
  // An uncaught exception ends the thread too: replies that are recorded as sent go out before.
  process.on('exit', () => {
    sendPutOff();
    thread.settle();
  });
  watchHeap(workerData.heapLimitMb, (state) => {
    send({ kind: 'heap', state });
    // It ends itself: until the main thread had ended it, the heap could have grown to where V8 ends the process.
    if (state === 'full') process.exit(1);
  });
}

/** Its way into the ledger; where there is none, requests are not recorded. */
function openLedger(connection: LedgerConnection | null): Ledger {
  if (connection === null) return createUnrecordedLedger();
  return createLedgerClient({ channel: ledgerChannel(connection.port), ring: connection.ring });
}

/** Says when this thread can't keep up; it is watched as long as it lives. */
function watchLoad(
  metrics: GatewayMetrics,
  { clock, random, threads }: { readonly clock: Clock; readonly random: Random; readonly threads: number },
): Overload {
  const overload = new Overload({
    clock,
    utilization: createUtilization(createThreadUse(), () => clock.monotonic()),
    chance: createChance((bytes) => random.fill(bytes)),
    inFlightLimit: inFlightLimitOf(threads),
    judged: (lateMs, level) => metrics.overload(lateMs, level),
  });
  overload.start();
  return overload;
}
