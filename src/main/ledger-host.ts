import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import {
  clearRecordRing,
  createLedgerClient,
  createRecordRing,
  type FromWriter,
  type LedgerClient,
  type LedgerCondition,
  type ToWriter,
} from '../audit/index.ts';
import { err, ok, type Result } from '../base/index.ts';
import type { Alerts, Clock, Log } from '../ports/index.ts';
import { ledgerChannel, type LedgerConnection } from './ledger-channel.ts';
import type { FromLedgerThread, LedgerThreadData, ToLedgerThread } from './ledger-thread.ts';
import { workerFile } from './worker-file.ts';

/** The newest segment is read whole at the start, 64 MiB; a disk that takes longer has failed. */
const OPEN_LIMIT_MS = 60_000;
const CREDIT_LIMIT_MS = 2_000;
/** What is under way is written within this, or said to be lost. */
const CLOSE_LIMIT_MS = 5_000;
/** What a gateway thread may have that is not safe: 10,000 requests, half a second at full load, so that a slow disk is not noticed at once. */
const GATEWAY_RING_BYTES = 8 * 1024 * 1024;
/** The control side records a handful of changes. */
const CONTROL_RING_BYTES = 256 * 1024;

/** What hosting the ledger's writer takes. */
export interface LedgerHostOptions {
  /** Absolute; made where it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  /** The writer has ended although nobody asked it to: nothing can be recorded any more. */
  readonly lost: (reason: string) => void;
}

/** Starts the writer of the ledger in a thread of its own. The error says in words why the ledger can't be written. */
export async function startLedger(options: LedgerHostOptions): Promise<Result<LedgerHost, string>> {
  const host = new LedgerHost(options);
  const refused = await host.opened;
  if (refused === null) {
    // Without space there is no credit; whoever records then is told so.
    await within(options.clock, CREDIT_LIMIT_MS, host.ledger.ready());
    return ok(host);
  }
  await host.close();
  return err(refused);
}

/** The writer of the ledger, seen from the main thread. */
export class LedgerHost {
  /** Where the control side records what it does. */
  readonly ledger: LedgerClient;
  /** Null when it stands, else why it does not. */
  readonly opened: Promise<string | null>;
  readonly #worker: Worker;
  readonly #options: LedgerHostOptions;
  readonly #opened = Promise.withResolvers<string | null>();
  readonly #closed = Promise.withResolvers<string | null>();
  /** The rings of gateway threads that are attached, by their numbers, and those whose threads have gone. */
  readonly #attached = new Map<number, SharedArrayBuffer>();
  readonly #spare: SharedArrayBuffer[] = [];
  #number = 0;
  #condition: LedgerCondition = { state: 'sound', detail: null };
  #state: 'opening' | 'open' | 'ending' = 'opening';

  constructor(options: LedgerHostOptions) {
    this.#options = options;
    this.opened = this.#opened.promise;
    const { folder } = options;
    this.#worker = new Worker(workerFile('ledger-thread'), {
      name: 'ledger',
      workerData: { folder } satisfies LedgerThreadData,
    });
    this.#worker.on('message', (message: FromLedgerThread) => this.#receive(message));
    this.#worker.on('error', (fault) => this.#onLost(fault instanceof Error ? fault.message : 'unknown fault'));
    this.#worker.on('exit', (code) => this.#onLost(`ended with code ${code}`));
    const late = options.clock.after(OPEN_LIMIT_MS, () =>
      this.#opened.resolve('the ledger could not be opened in time'),
    );
    void this.opened.then(() => late.cancel());
    const { port, ring } = this.#attach(createRecordRing(CONTROL_RING_BYTES));
    this.ledger = createLedgerClient({ channel: ledgerChannel<ToWriter, FromWriter>(port), ring });
  }

  /** How the writer says it is. */
  get condition(): LedgerCondition {
    return this.#condition;
  }

  /**
   * A way into the ledger for a gateway thread. The ring of one that has gone is used again: the memory of a new one each
   * time would be given back only when every thread that knew the old has collected its garbage, and an idle one never does.
   */
  connect(): LedgerConnection {
    const connection = this.#attach(this.#spare.pop() ?? createRecordRing(GATEWAY_RING_BYTES));
    this.#attached.set(this.#number, connection.ring);
    return connection;
  }

  #attach(ring: SharedArrayBuffer): LedgerConnection {
    const { port1, port2 } = new MessageChannel();
    this.#tell({ kind: 'attach', port: port2, ring, number: ++this.#number }, [port2]);
    return { port: port1, ring };
  }

  #release(number: number): void {
    const ring = this.#attached.get(number);
    if (ring === undefined) return;
    this.#attached.delete(number);
    clearRecordRing(ring);
    this.#spare.push(ring);
  }

  /** Writes what is left, and ends the thread. Says in the log what could not be written. */
  async close(): Promise<void> {
    const { clock, log } = this.#options;
    const open = this.#state === 'open';
    this.#state = 'ending';
    if (open) {
      await within(clock, CLOSE_LIMIT_MS, this.ledger.flush());
      this.#tell({ kind: 'close' });
      await within(clock, CLOSE_LIMIT_MS, this.#closed.promise);
      this.#closed.resolve('it did not answer');
      const fault = await this.#closed.promise;
      if (fault !== null) log.write('error', 'ledger.fault', 'the ledger could not be closed well', { detail: fault });
    }
    this.ledger.close();
    await this.#worker.terminate();
  }

  #tell(message: ToLedgerThread, transferred: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, transferred);
  }

  #receive(message: FromLedgerThread): void {
    switch (message.kind) {
      case 'open':
        if (this.#state === 'opening') this.#state = 'open';
        this.#opened.resolve(null);
        return;
      case 'refused':
        this.#state = 'ending';
        this.#opened.resolve(message.reason);
        return;
      case 'closed':
        this.#closed.resolve(message.fault);
        return;
      case 'released':
        this.#release(message.number);
        return;
      case 'alert':
        this.#options.alerts.raise(message.alert);
        return;
      case 'changed':
        this.#condition = message.condition;
        return;
      case 'log':
        this.#options.log.write(message.level, message.event, message.message, message.fields);
    }
  }

  #onLost(reason: string): void {
    const words = `the writer of the ledger was lost: ${reason}`;
    this.#opened.resolve(words);
    this.#closed.resolve(words);
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#options.alerts.raise({ kind: 'ledger.fault', key: 'writer', severity: 'critical', message: words });
    this.#options.lost(words);
  }
}

/** Resolves with `work`, or after `limitMs` without it. */
export async function within(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(limitMs, resolve);
  await Promise.race([work, promise]);
  timer.cancel();
}
