import {
  createMemoryTables,
  createSharedLeases,
  createSharedLimiter,
  freeLeases,
  type LimiterMemory,
} from '../../src/adapters/index.ts';
import { errorIssue, type Issue } from '../../src/base/index.ts';
import type { GatheredParcel } from '../../src/config/index.ts';
import {
  type FromThread,
  GatewayThread,
  kindTable,
  type ListenPlan,
  type OpenPorts,
  type ThreadStatus,
  type ToThread,
  wholeCacheShare,
} from '../../src/gateway/index.ts';
import type { Member, MemberEvents, PortFault, ThreadLoss, ThreadPlace } from '../../src/main/thread-member.ts';
import type { Clock, SharedTable, Timer } from '../../src/ports/index.ts';
import type { ServerHandler } from '../../src/wire/index.ts';
import type { Chance } from './chance.ts';
import { type Judge, Violation } from './judge.ts';
import { createSimKind } from './kind.ts';
import { SimStream } from './stream.ts';
import { simUpstreams } from './upstreams.ts';
import { usualKinds } from './usual-kinds.ts';

/** As long as the control side waits for a real thread. */
const LIMITS_MS = { prepared: 30_000, installed: 8_000, listening: 30_000 } as const;
/** So long after it went silent a thread is ended, at the latest. */
const SILENT_MS = 2_250;
const SNAPSHOT_LIMIT = 3;

/** What all threads of a simulation share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly judge: Judge;
  readonly memory: LimiterMemory;
  /** By mark: the thread that will find fault with the configuration. */
  readonly finders: ReadonlyMap<number, string>;
  /** Nothing is late yet: the start itself. */
  calm: boolean;
  /** A fault in a callback, which no promise carries. */
  readonly broken: (fault: unknown) => void;
}

interface Waiting {
  readonly kind: keyof typeof LIMITS_MS;
  readonly give: (message: FromThread | null) => void;
}

/**
 * A gateway thread without a thread: the real data plane, whose messages take time on their way, whose clock stands still
 * while it is blocked, and which can end at any moment.
 */
export class SimThread implements Member {
  readonly place: ThreadPlace;
  readonly name: string;
  readonly #given: Surroundings;
  readonly #events: MemberEvents;
  readonly #thread: GatewayThread;
  readonly #timers = new Set<Timer>();
  readonly #waiting = new Set<Waiting>();
  #handler: ServerHandler | null = null;
  #revision: number | null = null;
  #living = 0;
  #toldMs = 0;
  #heardMs = 0;
  #blockedUntilMs = 0;
  #alive = true;

  constructor(place: ThreadPlace, events: MemberEvents, given: Surroundings) {
    this.place = place;
    this.name = `${place.number}/${place.epoch}`;
    this.#events = events;
    this.#given = given;
    this.#thread = this.#build();
  }

  #build(): GatewayThread {
    const { judge, memory, finders } = this.#given;
    const clock = this.#ownClock();
    const log = { write() {} };
    const kind = createSimKind({
      judge,
      clock,
      limiter: createSharedLimiter({ memory }),
      leases: createSharedLeases({ memory, holder: this.place.number }),
      finds: (mark) => finders.get(mark) === this.name,
    });
    let ids = 0;
    return new GatewayThread({
      leases: createSharedLeases({ memory, holder: this.place.number }),
      ports: {
        clock,
        ...{ cspReports() {}, cacheShare: wholeCacheShare() },
        log,
        alerts: ({ message, fields }) => {
          throw new Violation(`alert: ${message} ${JSON.stringify(fields)}`);
        },
        ledger: { append: () => true },
        nextId: () => `${this.name}-${++ids}`,
        traces: { nextSpan: () => '0123456789abcdef', nextTrace: () => `00-${'1'.repeat(32)}-0123456789abcdef-03` },
        chance: () => 0.5,
        pseudonym: () => '',
        metrics: {
          finished() {},
          refused() {},
          observed() {},
          cleaned() {},
          summed() {},
          rangesDropped() {},
          ...{ errorReplaced() {}, cspReport() {} },
          grpcStatus() {},
          turnedAway() {},
          handshake() {},
          http2Counted() {},
          http2Fault() {},
          cut: (_reason, passages) => void (judge.counts.cut += passages),
          inFlight: { set() {} },
          shed() {},
          overload() {},
          streams: { opened() {}, closed() {} },
          messages() {},
          sideAnswered() {},
          mirrored() {},
          cache: { asked() {}, held() {}, evicted() {} },
          retried() {},
          breakerOpen() {},
          ejected() {},
        },
      },
      ledger: { append: () => true, flush: () => Promise.resolve(), newest: () => [] },
      tables: createMemoryTables({ log }),
      kinds: kindTable([kind, ...usualKinds()]),
      threads: 1,
      overload: { level: 0, inFlightLimit: 8_192, sheds: () => false, hushMs: () => 0 },
      ...{ keys: { answer() {} }, desk: { receive() {} } },
      choose: () => null,
      send: (message) => this.#said(message),
      outside: {
        listen: ({ handler }) => {
          this.#handler ??= handler;
          return Promise.resolve({ port: 443, connections: 0, drain: () => Promise.resolve(), retire() {} });
        },
        upstreams: simUpstreams({ ...this.#given, clock }),
      },
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What it judges by; null before the first and after its end. */
  get revision(): number | null {
    return this.#alive ? this.#revision : null;
  }

  /** Whether clients reach it now. */
  get open(): boolean {
    return this.#alive && this.#handler !== null && !this.#isBlocked();
  }

  /** A request begins, and is judged to its end by what is in force here now. */
  request(key: string, waitMs: number): void {
    const { judge, clock } = this.#given;
    const revision = this.#revision;
    if (this.#handler === null || revision === null)
      throw new Violation(`${this.name} listens without a configuration`);
    judge.demand(
      revision >= judge.installed,
      () => `${this.name} judges by revision ${revision} after ${judge.installed} was installed`,
    );
    const mark = judge.markOf.get(revision) ?? Number.NaN;
    const { number } = judge.begin({ thread: this.name, mark, key, beganMs: clock.monotonic() });
    this.#handler.request(new SimStream(number, waitMs, (status) => judge.over(number, status)));
  }

  /** It runs nothing for so long; one that is silent is ended. */
  block(ms: number, silent: () => void): void {
    const { clock } = this.#given;
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, clock.monotonic() + ms);
    clock.after(SILENT_MS, () => {
      if (this.#alive && ms > SILENT_MS) silent();
    });
  }

  /** Asks the thread itself, outside of all messages, and holds it to the bound of living Snapshots. */
  check(): void {
    if (!this.#alive) return;
    void this.#thread.receive({ kind: 'status', ask: 0, records: 0 });
    this.#given.judge.demand(this.#living <= SNAPSHOT_LIMIT, () => `${this.#living} Snapshots live in ${this.name}`);
  }

  useCertificates(): void {}

  useTicketKeys(): void {}

  announce(): void {}

  useTable(table: SharedTable): void {
    this.#tell({ kind: 'table', table });
  }

  async prepare(parcel: GatheredParcel): Promise<readonly Issue[]> {
    this.#tell({ kind: 'prepare', parcel });
    const answer = await this.#answer('prepared');
    if (answer?.kind === 'prepared' && answer.revision === parcel.revision) return answer.issues;
    return [errorIssue('', `${this.name} did not prepare`)];
  }

  async install(revision: number): Promise<'installed' | 'refused' | 'silent'> {
    this.#tell({ kind: 'install', revision });
    const answer = await this.#answer('installed');
    if (answer?.kind !== 'installed') return 'silent';
    return answer.ok ? 'installed' : 'refused';
  }

  async listen(plan: ListenPlan): Promise<OpenPorts | PortFault> {
    this.#tell({ kind: 'listen', plan });
    const answer = await this.#answer('listening');
    return answer?.kind === 'listening' ? answer.ports : { code: 'no answer', port: plan.httpsPort };
  }

  status(): Promise<ThreadStatus | null> {
    return Promise.resolve(null);
  }

  drain(): Promise<void> {
    this.#stop();
    return Promise.resolve();
  }

  /** Its heap is nearly full. */
  fill(): void {
    this.#events.heapNear();
  }

  /** Takes no new request, and is gone when those under way have had their time. */
  retire(graceMs: number, loss: ThreadLoss): Promise<void> {
    this.#handler = null;
    this.#given.clock.after(graceMs, () => this.end(loss));
    return Promise.resolve();
  }

  /** It is gone at once; that it is gone is heard of a little later. */
  end(loss: ThreadLoss): void {
    if (!this.#alive) return;
    this.#stop();
    const { clock, chance, judge, memory } = this.#given;
    judge.died(this.name);
    clock.after(chance.below(30), () => {
      freeLeases(memory, this.place.number);
      judge.freed(this.name);
      this.#events.lost(loss);
      for (const { give } of this.#waiting) give(null);
    });
  }

  #stop(): void {
    this.#alive = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #isBlocked(): boolean {
    return this.#given.clock.monotonic() < this.#blockedUntilMs;
  }

  /** Runs something in the thread: never after its end, and not while it is blocked. */
  #run(work: () => void): void {
    if (!this.#alive) return;
    if (!this.#isBlocked()) {
      try {
        work();
      } catch (fault) {
        this.#given.broken(fault);
      }
      return;
    }
    const { clock } = this.#given;
    const timer = clock.after(this.#blockedUntilMs - clock.monotonic(), () => {
      this.#timers.delete(timer);
      this.#run(work);
    });
    this.#timers.add(timer);
  }

  #ownClock(): Clock {
    const { clock } = this.#given;
    const kept = (timer: Timer): Timer => {
      this.#timers.add(timer);
      return {
        cancel: () => {
          this.#timers.delete(timer);
          timer.cancel();
        },
      };
    };
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => kept(clock.after(ms, () => this.#run(callback))),
      every: (ms, callback) => kept(clock.every(ms, () => this.#run(callback))),
    };
  }

  /** Messages arrive in order, each in its own time. */
  #tell(message: ToThread): void {
    const { clock } = this.#given;
    if (!this.#alive) return;
    this.#toldMs = Math.max(this.#toldMs, clock.monotonic() + this.#delayMs());
    clock.after(this.#toldMs - clock.monotonic(), () => this.#run(() => void this.#thread.receive(message)));
  }

  #said(message: FromThread): void {
    if (!this.#alive) return;
    if (message.kind === 'status') {
      this.#living = message.status.livingSnapshots;
      return;
    }
    // What it judges by changes here and now, whenever that is heard of.
    if (message.kind === 'installed' && message.ok) this.#revision = message.revision;
    const { clock } = this.#given;
    this.#heardMs = Math.max(this.#heardMs, clock.monotonic() + this.#delayMs());
    clock.after(this.#heardMs - clock.monotonic(), () => this.#hear(message));
  }

  #hear(message: FromThread): void {
    if (!this.#alive) return;
    if (message.kind === 'tableTaken') this.#events.tableTaken(message.name, message.version);
    const first = [...this.#waiting].find(({ kind }) => kind === message.kind);
    first?.give(message);
  }

  /** Mostly at once, now and then late, seldom far too late. */
  #delayMs(): number {
    const { chance, calm } = this.#given;
    if (calm || chance.percent(85)) return chance.below(5);
    return chance.percent(90) ? chance.below(400) : chance.below(12_000);
  }

  #answer(kind: Waiting['kind']): Promise<FromThread | null> {
    if (!this.#alive) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        kind,
        give: (message) => {
          timer.cancel();
          this.#waiting.delete(waiting);
          resolve(message);
        },
      };
      const timer = this.#given.clock.after(LIMITS_MS[kind], () => waiting.give(null));
      this.#waiting.add(waiting);
    });
  }
}
