import { Worker } from 'node:worker_threads';
import { freeLeases, type LimiterMemory, type SharedMeterReader } from '../adapters/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { GatheredParcel } from '../config/index.ts';
import type { FromThread, ListenPlan, OpenPorts, ThreadStatus, ToThread } from '../gateway/index.ts';
import type { KeyRequests, Told } from '../policy/index.ts';
import type { Alerts, CertificateMaterial, Clock, Log, LogLevel, SharedTable } from '../ports/index.ts';
import type { GatewayThreadData, ThreadGreeting } from './gateway-thread.ts';
import { heapResources } from './heap-watch.ts';
import type { HeartbeatWatch } from './heartbeat.ts';
import type { LedgerConnection } from './ledger-channel.ts';
import type { ProofMemory } from './proof-memory.ts';
import type { CspReports, Desks, Originals } from '../control/index.ts';
import type { NameKeeper } from './reverse-names.ts';
import type { Member, MemberEvents, PortFault, ThreadLoss, ThreadPlace } from './thread-member.ts';

/** A thread that takes longer to build routing, or to end its last requests, has failed. */
const ANSWER_LIMIT_MS = 30_000;
/** Installing is one assignment, or 5 s where slow requests must be cut first; meanwhile threads differ in what they serve by. */
const INSTALL_LIMIT_MS = 8_000;
/** Whoever looks at the status of all threads does not wait for one that is blocked. */
const STATUS_LIMIT_MS = 1_000;
/** So long a thread's request for keys waits until all threads have them; the asking thread has them by then anyway. */
const KEYS_SETTLE_LIMIT_MS = 500;

/** What hosting a thread takes. */
export interface ThreadHostOptions {
  readonly place: ThreadPlace;
  readonly entry: URL;
  /** How many threads share what a process has. */
  readonly threads: number;
  /** Of its heap of JavaScript values; a leak beyond it ends the thread. */
  readonly heapLimitMb: number;
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly meters: SharedMeterReader;
  /** Fetches keys that the thread misses. */
  readonly keys: KeyRequests;
  /** Answers what the thread asks. */
  readonly desks: Pick<Desks, 'reply' | 'take'>;
  /** Finds out names of addresses. */
  readonly names: Pick<NameKeeper, 'find'>;
  /** Keeps what was replaced of upstreams' replies. */
  readonly originals: Pick<Originals, 'take'>;
  readonly cspReports: Pick<CspReports, 'take'>;
  /** Resolves when every thread has the newest tables. */
  readonly tablesSettled: () => Promise<void>;
  /** Its way into the ledger; null where requests are not recorded. */
  readonly ledger: LedgerConnection | null;
  readonly pseudonymKey: Uint8Array;
  readonly limits: LimiterMemory;
  readonly proofs: ProofMemory;
  readonly connections: LimiterMemory;
  readonly cacheMarks: SharedArrayBuffer;
  readonly heartbeat: { readonly memory: SharedArrayBuffer; readonly watch: HeartbeatWatch };
  readonly events: MemberEvents;
}

/** The name of the thread in a place, as operators see it. */
export function threadName({ number }: Pick<ThreadPlace, 'number'>): string {
  return `gateway-${number + 1}`;
}

/** A gateway thread, seen from the control side. */
export class ThreadHost implements Member {
  readonly #worker: Worker;
  readonly #options: ThreadHostOptions;
  readonly #waiting = new Set<{
    readonly fits: (message: FromThread) => boolean;
    readonly give: (message: FromThread | null) => void;
  }>();
  readonly #gone = Promise.withResolvers<void>();
  #meter: ReturnType<SharedMeterReader['attach']> | null = null;
  #asked = 0;
  #loss: ThreadLoss | null = null;
  #draining: Promise<void> | null = null;
  #ended = false;

  constructor(options: ThreadHostOptions) {
    this.#options = options;
    const { place, ledger, heartbeat, connections, limits, logLevel, pseudonymKey, threads, cacheMarks } = options;
    const { proofs } = options;
    // Its place is empty: whoever was there has ended, and has freed what it held.
    heartbeat.watch.watch(place.number);
    this.#worker = new Worker(options.entry, {
      name: threadName(place),
      workerData: {
        logLevel,
        ledger,
        pseudonymKey,
        limits,
        proofs,
        connections,
        cacheMarks,
        threads,
        heartbeat: heartbeat.memory,
        heapLimitMb: options.heapLimitMb,
        place: place.number,
      } satisfies GatewayThreadData,
      transferList: ledger === null ? [] : [ledger.port],
      resourceLimits: heapResources(options.heapLimitMb),
    });
    this.#worker.on('message', (message: FromThread | ThreadGreeting) => this.#receive(message));
    this.#worker.on('error', (fault) => {
      this.#loss ??= lossOf(fault);
    });
    this.#worker.on('exit', (code) => this.#onExit(code));
  }

  useCertificates(materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void {
    this.#tell({ kind: 'certificates', materials, ticketKeys });
  }

  useTicketKeys(ticketKeys: Uint8Array): void {
    this.#tell({ kind: 'ticketKeys', ticketKeys });
  }

  useTable(table: SharedTable): void {
    this.#tell({ kind: 'table', table });
  }

  announce(subject: string, notice: Told): void {
    this.#tell({ kind: 'deskNotice', subject, notice });
  }

  async prepare(parcel: GatheredParcel): Promise<readonly Issue[]> {
    const { revision } = parcel;
    this.#tell({ kind: 'prepare', parcel });
    const answer = await this.#answer('prepared', ANSWER_LIMIT_MS, (message) => message.revision === revision);
    if (answer !== null) return answer.issues;
    return [errorIssue('', `${threadName(this.#options.place)} did not prepare the configuration`)];
  }

  async install(revision: number): Promise<'installed' | 'refused' | 'silent'> {
    this.#tell({ kind: 'install', revision });
    const answer = await this.#answer('installed', INSTALL_LIMIT_MS, (message) => message.revision === revision);
    if (answer === null) return 'silent';
    return answer.ok ? 'installed' : 'refused';
  }

  async listen(plan: ListenPlan): Promise<OpenPorts | PortFault> {
    this.#tell({ kind: 'listen', plan });
    const opened = this.#answer('listening', ANSWER_LIMIT_MS, () => true);
    const failed = this.#answer('listenFailed', ANSWER_LIMIT_MS, () => true);
    const answer = await Promise.race([opened, failed]);
    if (answer === null) return { code: 'no answer', port: plan.httpsPort };
    return answer.kind === 'listening' ? answer.ports : answer;
  }

  async status(records: number): Promise<ThreadStatus | null> {
    const ask = ++this.#asked;
    this.#tell({ kind: 'status', ask, records });
    const answer = await this.#answer('status', STATUS_LIMIT_MS, (message) => message.ask === ask);
    return answer?.status ?? null;
  }

  drain(graceMs: number): Promise<void> {
    this.#draining ??= this.#drain(graceMs);
    return this.#draining;
  }

  async retire(graceMs: number, loss: ThreadLoss): Promise<void> {
    this.#loss ??= loss;
    this.#tell({ kind: 'drain', graceMs });
    await this.#answer('drained', ANSWER_LIMIT_MS, () => true);
    await this.#worker.terminate();
  }

  end(loss: ThreadLoss): void {
    this.#loss ??= loss;
    void this.#worker.terminate();
  }

  async #drain(graceMs: number): Promise<void> {
    this.#tell({ kind: 'drain', graceMs });
    await this.#answer('drained', ANSWER_LIMIT_MS, () => true);
    await this.#worker.terminate();
    await this.#gone.promise;
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /** Null when it does not come in time, or never will. */
  #answer<K extends FromThread['kind']>(
    kind: K,
    limitMs: number,
    fits: (message: Extract<FromThread, { kind: K }>) => boolean,
  ): Promise<Extract<FromThread, { kind: K }> | null> {
    if (this.#ended) return Promise.resolve(null);
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
      const timer = this.#options.clock.after(limitMs, () => give(null));
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
      case 'original':
        this.#options.originals.take(message.original);
        return;
      case 'cspReports':
        this.#options.cspReports.take(message.reports);
        return;
      case 'heap':
        if (message.state === 'near') this.#options.events.heapNear();
        else this.#loss ??= OUT_OF_MEMORY;
        return;
      case 'keysWanted':
        void this.#answerKeys(message);
        return;
      case 'deskAsked':
        void this.#options.desks.reply(message.subject, message.question, (answer) =>
          this.#tell({ kind: 'deskAnswered', ask: message.ask, answer }),
        );
        return;
      case 'deskTold':
        this.#options.desks.take(message.subject, message.notice);
        return;
      case 'namesWanted':
        void this.#answerNames(message.address);
        return;
      case 'tableTaken':
        this.#options.events.tableTaken(message.name, message.version);
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

  /**
   * The tables go ahead of the answer, on the same way. It waits a moment for the other threads, so that the key that is
   * new here does not serve while one that was withdrawn with it still serves there.
   */
  async #answerKeys({ ask, issuer, source }: Extract<FromThread, { kind: 'keysWanted' }>): Promise<void> {
    const { clock, keys, tablesSettled } = this.#options;
    const wanted = keys.want(issuer, source);
    if (wanted !== null) {
      await wanted;
      const late = Promise.withResolvers<void>();
      const timer = clock.after(KEYS_SETTLE_LIMIT_MS, late.resolve);
      await Promise.race([tablesSettled(), late.promise]);
      timer.cancel();
    }
    this.#tell({ kind: 'keysAnswered', ask });
  }

  async #answerNames(address: string): Promise<void> {
    const found = await this.#options.names.find(address);
    this.#tell({ kind: 'namesAnswered', address, names: found?.names ?? null, holdMs: found?.holdMs ?? 0 });
  }

  /** What it held is free, and what it had under way stands in no gauge any more. */
  #onExit(code: number): void {
    const { events, heartbeat, connections, limits, place } = this.#options;
    this.#ended = true;
    heartbeat.watch.unwatch(place.number);
    freeLeases(limits, place.number);
    freeLeases(connections, place.number);
    this.#meter?.detach();
    this.#meter = null;
    for (const entry of this.#waiting) entry.give(null);
    this.#gone.resolve();
    if (this.#draining === null) events.lost(this.#loss ?? { reason: 'exit', detail: `it ended with code ${code}` });
  }
}

const OUT_OF_MEMORY: ThreadLoss = { reason: 'memory', detail: 'it needed more memory than a gateway thread may have' };

/** Of an exception's words, what a line has room for. */
function lossOf(fault: unknown): ThreadLoss {
  if (!(fault instanceof Error)) return { reason: 'exception', detail: 'it threw something that is no error' };
  if ((fault as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return OUT_OF_MEMORY;
  }
  return { reason: 'exception', detail: `${fault.name}: ${fault.message.split('\n', 1)[0]?.slice(0, 200)}` };
}
