import { type MessagePort, parentPort, workerData as rawWorkerData } from 'node:worker_threads';
import {
  createMemoryLedger,
  createMemoryLimiter,
  createMemoryTables,
  createSharedMeter,
  createSystemClock,
  createSystemRandom,
  type MeterSeries,
} from '../adapters/index.ts';
import { createLedgerClient, createPseudonyms } from '../audit/index.ts';
import { createIdSource } from '../base/index.ts';
import { chooseCertificate } from '../certificates/index.ts';
import {
  createGatewayMetrics,
  createSpanSource,
  type FromThread,
  GatewayThread,
  ThreadKeyRequests,
  type ToThread,
} from '../gateway/index.ts';
import type { Log, LogLevel } from '../ports/index.ts';
import { createKinds } from './kinds.ts';
import { ledgerChannel } from './ledger-channel.ts';

/** What a gateway thread says besides the protocol: its meter's cells, once, and each series as it is made. */
export type ThreadGreeting =
  | { readonly kind: 'meter'; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'series'; readonly series: MeterSeries };

/** What a gateway thread is started with. */
export interface GatewayThreadData {
  readonly logLevel: LogLevel;
  /** Its way into the ledger; null where requests are not recorded. */
  readonly ledger: MessagePort | null;
  /** The key of the names that callers have in the ledger. */
  readonly pseudonymKey: Uint8Array;
}

/** Newest requests that can be shown where none is recorded. */
const UNRECORDED = 1_000;
const LOUDNESS = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<LogLevel, number>;
const workerData = rawWorkerData as GatewayThreadData;

/** The entry of a gateway thread: builds its ports and listens to the control side. */
function runGatewayThread(): void {
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
  const ledger =
    workerData.ledger === null
      ? createMemoryLedger({ capacity: UNRECORDED })
      : createLedgerClient({ channel: ledgerChannel(workerData.ledger), clock });
  const keys = new ThreadKeyRequests(clock, send);
  const thread = new GatewayThread({
    ports: {
      clock,
      log,
      alerts: (alert) => send({ kind: 'alert', alert }),
      ledger,
      nextId: createIdSource(
        (bytes) => random.fill(bytes),
        () => clock.now(),
      ),
      nextSpan: createSpanSource((bytes) => random.fill(bytes)),
      pseudonym: createPseudonyms(workerData.pseudonymKey),
      metrics: createGatewayMetrics(meter),
    },
    ledger,
    tables: createMemoryTables({ log }),
    kinds: createKinds({ clock, log, keys, limiter: createMemoryLimiter({ meter }) }),
    keys,
    choose: chooseCertificate,
    send,
  });
  port.on('message', (message: ToThread) => void thread.receive(message));
}

runGatewayThread();
