import { setImmediate } from 'node:timers/promises';
import { createLimiterMemory, createMemoryTables, createVirtualClock } from '../../src/adapters/index.ts';
import { err, errorIssue, ok } from '../../src/base/index.ts';
import { gather, parseConfig } from '../../src/config/index.ts';
import { Conductor, type Revision } from '../../src/control/index.ts';
import { memoryCollection } from '../../src/control/memory-collection.test.ts';
import { ThreadGroup } from '../../src/main/thread-group.ts';
import type { Egress, Files, Secrets } from '../../src/ports/index.ts';
import { createChance } from './chance.ts';
import { Judge, Violation } from './judge.ts';
import { createSimKind, KEYS } from './kind.ts';
import { type Surroundings, SimThread } from './thread.ts';
import { FIRST_PORT } from './upstreams.ts';

const FILE = '/etc/portcullis.yaml';
const unused = (): never => {
  throw new Error('not used here');
};
const files = new Proxy({}, { get: () => unused }) as Files;
const io = { files, secrets: { resolve: unused } as Secrets, egress: { call: unused } as Egress };
const PLAN = {
  host: '127.0.0.1',
  httpsPort: 443,
  http: null,
  reusePort: false,
  maxConnections: 100,
  connectionsPerAddress: 100,
  proxyProtocol: [],
  egress: null,
};
const ALL_KEYS = ['a', 'b', 'c', 'd', 'e'];
/** Turns of the loop that let promises and the slices of a compile go on; what is not done goes on in the next step. */
const TURNS = 3;

/** A node in virtual time: the real conductor and thread group, over threads that live in this one. */
export class World {
  readonly clock = createVirtualClock();
  readonly judge = new Judge();
  readonly threads: SimThread[] = [];
  readonly group: ThreadGroup;
  readonly #chance;
  readonly #given: Surroundings;
  readonly #conductor: Conductor;
  readonly #finders = new Map<number, string>();
  readonly #verifierRefuses = new Set<number>();
  #file: string;
  #marks = 0;
  readonly #tables = createMemoryTables({ log: { write() {} } });
  #startsFail = 0;
  #fault: Error | null = null;
  pending = 0;
  /** No thread could be started any more, time and again: the node has ended. */
  lost = false;

  constructor(seed: number, threads: number) {
    this.#chance = createChance(seed);
    this.#file = this.#textOf(this.#marks);
    this.#given = {
      calm: true,
      clock: this.clock,
      chance: this.#chance,
      judge: this.judge,
      memory: createLimiterMemory({ fillRandom: (bytes) => bytes.fill(seed), keyLimit: 64 }),
      finders: this.#finders,
      broken: (fault) => this.#broke(fault),
    };
    this.group = new ThreadGroup({
      ticketKeys: Buffer.alloc(48),
      threads,
      clock: this.clock,
      log: { write() {} },
      alerts: { raise() {} },
      portIsFree: () => Promise.resolve(true),
      replaced() {},
      serving() {},
      lost: (reason) => {
        const open = this.threads.filter((thread) => thread.open);
        if (open.length > 0) this.#fault ??= new Violation(`the node gave up with ${open.length} threads: ${reason}`);
        this.lost = true;
      },
      start: (place, events) => {
        if (this.#startsFail > 0 && this.#startsFail-- > 0) throw new Error('no more threads');
        const thread = new SimThread(place, events, this.#given);
        this.threads.push(thread);
        return thread;
      },
    });
    this.#conductor = this.#conduct();
    this.#tables.declare(KEYS);
  }

  #conduct(): Conductor {
    const { group, judge, clock } = this;
    return new Conductor({
      file: FILE,
      readText: () => Promise.resolve(ok(Buffer.from(this.#file))),
      store: null,
      kinds: [KIND],
      io,
      threads: {
        prepare: (gathered) => {
          judge.markOf.set(gathered.revision, markOf(gathered.text));
          return group.prepare(gathered);
        },
        install: (revision) => group.install(revision),
      },
      verifier: {
        verify: ({ text }) =>
          Promise.resolve(this.#verifierRefuses.has(markOf(text)) ? [errorIssue('', 'it can not be built')] : []),
      },
      revisions: memoryCollection(new Map<string, Revision>()),
      clock,
      log: { write() {} },
      alerts: { raise() {}, list: () => Promise.resolve([]) },
      record: () => true,
      adapt: () => Promise.resolve([]),
      follow: () => Promise.resolve(),
    });
  }

  /** The first configuration, the first table, open ports. Nothing disturbs the start. */
  async begin(): Promise<void> {
    this.changeTable(ALL_KEYS);
    const parsed = parseConfig(this.#file, { file: FILE, kinds: [KIND] });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    const gathered = await gather(parsed.value, { ...io, revision: await this.#conductor.nextRevision() });
    if (!gathered.ok) throw new Error(JSON.stringify(gathered.error));
    const begun = this.#conductor.begin(gathered.value, 'sim').then(async (result) => {
      if (!result.ok) return err(result.error);
      this.judge.installed = gathered.value.revision;
      const ports = await this.group.listen(PLAN);
      this.#conductor.opened();
      return 'code' in ports ? err([]) : ok(undefined);
    });
    this.#expectEnd(begun);
    await this.pass(100_000, 2_000);
    const result = await begun;
    this.#given.calm = false;
    if (!result.ok) throw new Violation(`the start failed: ${JSON.stringify(result.error)}`);
  }

  /** Time passes in steps; what it brings about has its turn after each. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.turn();
      if (stepMs < ms && this.pending === 0 && this.group.serving === this.group.size) return;
    }
  }

  async turn(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
    if (this.#fault !== null) throw this.#fault;
    for (const thread of this.threads) thread.check();
    this.#checkRevisions();
  }

  /** No request: whoever serves judges by what is installed, or by what is being installed now. */
  #checkRevisions(): void {
    const revisions = new Set(
      this.threads.flatMap((each) => (each.open && each.revision !== null ? [each.revision] : [])),
    );
    this.judge.demand(revisions.size <= 2, () => `threads judge by ${[...revisions].join(', ')} at the same time`);
    for (const revision of revisions) {
      this.judge.demand(
        revision >= this.judge.installed,
        () => `a thread judges by ${revision} after ${this.judge.installed} was installed`,
      );
    }
  }

  /** So many requests, to threads as the system would spread them; a policy lets some of them wait, or all for so long. */
  requests(count: number, longMs: number | null = null): void {
    for (let at = 0; at < count; at++) {
      const open = this.threads.filter((thread) => thread.open);
      if (open.length === 0) return;
      const waitMs = longMs ?? (this.#chance.percent(20) ? this.#chance.below(2_000) : 0);
      this.#chance.oneOf(open).request(this.#chance.oneOf(ALL_KEYS), waitMs);
    }
  }

  /** A reload of a new text: good, or such that it is refused in one of several ways. */
  reload(kind: 'good' | 'unreadable' | 'unbuildable' | 'one thread' | 'same'): void {
    if (kind !== 'same') this.#marks++;
    const mark = this.#marks;
    this.#file = kind === 'unreadable' ? 'version: 1\napis: nonsense\n' : this.#textOf(mark);
    if (kind === 'unbuildable') this.#verifierRefuses.add(mark);
    const living = this.threads.filter(({ alive }) => alive);
    if (kind === 'one thread' && living.length > 0) this.#finders.set(mark, this.#chance.oneOf(living).name);
    const before = this.judge.installed;
    const reloaded = this.#conductor.reload('sim').then((result) => {
      if (result.ok) {
        this.judge.demand(result.value.revision >= this.judge.installed, () => 'revisions went back');
        this.judge.installed = result.value.revision;
        this.judge.counts.reloads++;
        return;
      }
      this.judge.counts.refused++;
      const { judge } = this;
      const current = this.#conductor.current?.revision ?? null;
      judge.demand(current === judge.installed, () => `after a refusal ${current} is in force, not ${judge.installed}`);
      const others = this.threads.filter((each) => each.open && each.revision !== judge.installed);
      judge.demand(others.length === 0, () => `after a refusal ${others[0]?.name} judges by ${others[0]?.revision}`);
      judge.demand(judge.installed >= before, () => 'a refusal took back what was installed');
    });
    this.#expectEnd(reloaded);
  }

  /** A new version of the table with some of the keys; from when it is in force, none of the others opens anything. */
  changeTable(keys: readonly string[] = ALL_KEYS.filter(() => this.#chance.percent(70))): void {
    const version = this.#tables.read(KEYS.name).version + 1;
    this.judge.tables.set(version, new Set(keys));
    const rows = new Map(keys.map((key) => [key, true]));
    this.#tables.replace(KEYS.name, version, rows, this.clock.now());
    this.group.useTable(this.#tables.share(KEYS.name));
    const taken = this.group.tables.inForce(KEYS.name, version).then(() => {
      this.judge.tableInForce = Math.max(this.judge.tableInForce, version);
    });
    // Before the first threads serve, nobody is waited for.
    if (version > 1) this.#expectEnd(taken);
  }

  /** A thread ends by itself, is killed, or runs out of memory: all the same to the others. */
  kill(): void {
    const living = this.threads.filter(({ alive }) => alive);
    if (living.length > 0) this.#chance.oneOf(living).end({ reason: 'exit', detail: 'killed' });
  }

  /** A thread's heap is nearly full: it is replaced in good time, unless the others are in need of one themselves. */
  fill(): void {
    const living = this.threads.filter(({ alive }) => alive);
    if (living.length > 0) this.#chance.oneOf(living).fill();
  }

  block(): void {
    const living = this.threads.filter(({ alive }) => alive);
    if (living.length === 0) return;
    const thread = this.#chance.oneOf(living);
    thread.block(this.#chance.percent(50) ? this.#chance.below(1_500) : this.#chance.below(15_000), () =>
      this.group.endSilent(thread.place.number),
    );
  }

  /** The system refuses the next threads. */
  failStarts(count: number): void {
    this.#startsFail = count;
  }

  /** Lets all come to its end, and looks whether it did. */
  async end(): Promise<void> {
    this.#startsFail = 0;
    const { judge } = this;
    // What is under way ends first, and what that brings about, such as the end of a thread that was late, next.
    await this.pass(45_000);
    await this.pass(400_000, 2_000);
    await this.pass(45_000);
    await this.pass(400_000, 2_000);
    if (this.lost) return;
    judge.demand(this.pending === 0, () => `${this.pending} waits never ended`);
    const { serving, size } = this.group;
    judge.demand(serving === size, () => `${serving} of ${size} threads serve in the end`);
    for (const request of judge.followed.values()) {
      judge.demand(request.state !== 'under way', () => `request ${request.number} never ended`);
      judge.demand(request.state === 'dead' || !request.holdsSlot, () => `request ${request.number} kept its slot`);
    }
    for (const thread of this.threads) {
      if (thread.alive) judge.demand(thread.revision === judge.installed, () => `${thread.name} lags behind`);
    }
    await this.group.drain(0);
  }

  #broke(fault: unknown): void {
    this.#fault ??= fault instanceof Error ? fault : new Error(String(fault));
  }

  #expectEnd(promise: Promise<unknown>): void {
    this.pending++;
    promise.then(
      () => this.pending--,
      (fault: unknown) => this.#broke(fault),
    );
  }

  #textOf(mark: number): string {
    return `version: 1
apis:
  a: { routes: ['GET /things'], upstream: 'http://127.0.0.1:${FIRST_PORT + mark}', auth: public, policies: { sim: { mark: ${mark} } } }
`;
  }
}

function markOf(text: string): number {
  return Number(/mark: (\d+)/.exec(text)?.[1] ?? Number.NaN);
}

/** Only its options and its table count on the control side. */
const KIND = createSimKind({
  judge: null as never,
  clock: null as never,
  limiter: null as never,
  leases: null as never,
  finds: () => false,
}) as never;
