import { type MessagePort, Worker } from 'node:worker_threads';
import type { SharedMeterReader } from '../adapters/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { FromThread, ListenPlan, OpenPorts, ThreadStatus, ToThread } from '../gateway/index.ts';
import type { KeyRequests } from '../policy/index.ts';
import type { Alerts, CertificateMaterial, Clock, Log, LogLevel, TableVersion } from '../ports/index.ts';
import type { GatewayThreadData, ThreadGreeting } from './gateway-thread.ts';
import { workerFile } from './worker-file.ts';

/** A thread that does not answer within this has failed. */
const ANSWER_LIMIT_MS = 30_000;

/** What hosting a thread takes. */
export interface ThreadHostOptions {
  readonly name: string;
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly meters: SharedMeterReader;
  /** Fetches keys that the thread misses. */
  readonly keys: KeyRequests;
  /** Its way into the ledger; null where requests are not recorded. */
  readonly ledger: MessagePort | null;
  readonly pseudonymKey: Uint8Array;
  /** The thread has ended although nobody asked it to. */
  readonly lost: (reason: string) => void;
}

/** A gateway thread, seen from the control side. */
export class ThreadHost {
  readonly #worker: Worker;
  readonly #options: ThreadHostOptions;
  readonly #waiting = new Set<{
    readonly fits: (message: FromThread) => boolean;
    readonly give: (message: FromThread | null) => void;
  }>();
  #meter: ReturnType<SharedMeterReader['attach']> | null = null;
  #asked = 0;
  #ending = false;
  #ended: Promise<void> | null = null;

  constructor(options: ThreadHostOptions) {
    this.#options = options;
    this.#worker = new Worker(workerFile('gateway-thread'), {
      name: options.name,
      workerData: {
        logLevel: options.logLevel,
        ledger: options.ledger,
        pseudonymKey: options.pseudonymKey,
      } satisfies GatewayThreadData,
      transferList: options.ledger === null ? [] : [options.ledger],
    });
    this.#worker.on('message', (message: FromThread | ThreadGreeting) => this.#receive(message));
    this.#worker.on('error', (fault) =>
      this.#onLost(fault instanceof Error ? `${fault.name}: ${fault.message}` : 'unknown fault'),
    );
    this.#worker.on('exit', (code) => this.#onLost(`ended with code ${code}`));
  }

  useCertificates(materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void {
    this.#tell({ kind: 'certificates', materials, ticketKeys });
  }

  useTable(table: TableVersion<unknown>): void {
    this.#tell({ kind: 'table', table });
  }

  async prepare(gathered: Gathered): Promise<readonly Issue[]> {
    this.#tell({ kind: 'prepare', gathered });
    const answer = await this.#answer('prepared', (message) => message.revision === gathered.revision);
    return answer === null
      ? [errorIssue('', `${this.#options.name} did not prepare the configuration`)]
      : answer.issues;
  }

  async install(revision: number): Promise<boolean> {
    this.#tell({ kind: 'install', revision });
    const answer = await this.#answer('installed', (message) => message.revision === revision);
    return answer?.ok ?? false;
  }

  /** Opens the ports; or says which one can't be opened, and the system's reason. */
  async listen(plan: ListenPlan): Promise<OpenPorts | { readonly code: string; readonly port: number }> {
    this.#tell({ kind: 'listen', plan });
    const opened = this.#answer('listening', () => true);
    const failed = this.#answer('listenFailed', () => true);
    const answer = await Promise.race([opened, failed]);
    if (answer === null) return { code: 'no answer', port: plan.httpsPort };
    return answer.kind === 'listening' ? answer.ports : answer;
  }

  async status(records: number): Promise<ThreadStatus | null> {
    const ask = ++this.#asked;
    this.#tell({ kind: 'status', ask, records });
    const answer = await this.#answer('status', (message) => message.ask === ask);
    return answer?.status ?? null;
  }

  /** No new requests; those under way get `graceMs`, then the thread ends. Asking again waits for the same end. */
  drain(graceMs: number): Promise<void> {
    this.#ended ??= this.#end(graceMs);
    return this.#ended;
  }

  async #end(graceMs: number): Promise<void> {
    const gone = this.#ending;
    this.#ending = true;
    if (gone) return;
    this.#tell({ kind: 'drain', graceMs });
    await this.#answer('drained', () => true);
    await this.#worker.terminate();
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #answer<K extends FromThread['kind']>(
    kind: K,
    fits: (message: Extract<FromThread, { kind: K }>) => boolean,
  ): Promise<Extract<FromThread, { kind: K }> | null> {
    return new Promise((resolve) => {
      const give = (message: FromThread | null): void => {
        timer.cancel();
        this.#waiting.delete(entry);
        resolve(message as Extract<FromThread, { kind: K }> | null);
      };
      const entry = {
        fits: (message: FromThread) => message.kind === kind && fits(message as Extract<FromThread, { kind: K }>),
        give,
      };
      const timer = this.#options.clock.after(ANSWER_LIMIT_MS, () => give(null));
      this.#waiting.add(entry);
    });
  }

  #receive(message: FromThread | ThreadGreeting): void {
    switch (message.kind) {
      case 'meter':
        this.#meter = this.#options.meters.attach(message.buffer);
        return;
      case 'series':
        this.#meter?.announce(message.series);
        return;
      case 'log':
        this.#options.log.write(message.level, message.event, message.message, message.fields);
        return;
      case 'alert':
        this.#options.alerts.raise(message.alert);
        return;
      case 'keysWanted':
        void this.#answerKeys(message);
        return;
      case 'prepared':
      case 'installed':
      case 'listening':
      case 'listenFailed':
      case 'status':
      case 'drained':
        for (const entry of this.#waiting) if (entry.fits(message)) entry.give(message);
    }
  }

  /** The tables go ahead of the answer, on the same way. */
  async #answerKeys({ ask, issuer, source }: Extract<FromThread, { kind: 'keysWanted' }>): Promise<void> {
    await this.#options.keys.want(issuer, source);
    this.#tell({ kind: 'keysAnswered', ask });
  }

  #onLost(reason: string): void {
    this.#meter?.detach();
    this.#meter = null;
    for (const entry of this.#waiting) entry.give(null);
    if (this.#ending) return;
    this.#ending = true;
    this.#options.lost(reason);
  }
}
