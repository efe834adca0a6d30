import { errorIssue, type Issue } from '../base/index.ts';
import { type Gathered, type GatheredParcel, packGathered } from '../config/index.ts';
import type { GatewayThreads } from '../control/index.ts';
import type { ListenPlan, OpenPorts } from '../gateway/index.ts';
import type { Told } from '../policy/index.ts';
import type { Alerts, CertificateMaterial, Clock, Log, SharedTable } from '../ports/index.ts';
import { BackOff } from './back-off.ts';
import { TableSpread } from './table-spread.ts';
import type { Member, PortFault, StartMember, ThreadLoss } from './thread-member.ts';
import { threadName } from './thread-host.ts';
import { lossAlert } from './thread-alert.ts';
import { type ThreadFacts, type ThreadState, toldThread } from './thread-report.ts';

/** So many times in a row a thread may fail to come up in each place, while none serves, before the node gives up. */
const ATTEMPT_LIMIT = 4;

/** So long the last requests of a thread may take whose heap is nearly full: meanwhile it goes on filling. */
const RETIRE_GRACE_MS = 2_000;
/** A heap that is nearly full again within this time is no leak. */
const REFILL_MS = 60_000;

/** What a group of gateway threads works with. */
export interface ThreadGroupOptions {
  readonly threads: number;
  /** What session tickets are sealed with at first, by all threads. */
  readonly ticketKeys: Uint8Array;
  readonly start: StartMember;
  /** Whether nobody else listens there; asked once, before the threads share the port. */
  readonly portIsFree: (port: number, host: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly replaced: (reason: ThreadLoss['reason']) => void;
  /** How many serve, each time that changes. */
  readonly serving: (threads: number) => void;
  /** No thread serves, and none can be started any more. */
  readonly lost: (reason: string) => void;
}

/** A place in the group, and the thread that is in it. */
interface Slot {
  readonly number: number;
  readonly backOff: BackOff;
  epoch: number;
  member: Member | null;
  startedAtMs: number;
  /** `joined` and `retiring` take part in swaps; `serving` listens too. */
  state: ThreadState;
  /** The heap of the thread in it is nearly full. */
  heapNear: boolean;
  /** The last thread was replaced for that. */
  heapWasNear: boolean;
  /** Threads in a row that never came to serve. */
  failedStarts: number;
}

/**
 * The gateway threads of a node: they do the same at the same time, and one that is lost is replaced by one that serves
 * what is installed. A swap has two steps with a deadline each: all have prepared, then all install. A thread that does
 * not install what others did is ended, so that nothing goes on being judged by what is not in force any more.
 */
export class ThreadGroup implements GatewayThreads {
  readonly tables = new TableSpread();
  readonly #options: ThreadGroupOptions;
  readonly #slots: readonly Slot[];
  #materials: readonly CertificateMaterial[] | null = null;
  #ticketKeys: Uint8Array;
  #prepared: { readonly parcel: GatheredParcel; readonly by: ReadonlySet<Member> } | null = null;
  #installed: GatheredParcel | null = null;
  #swap: Promise<void> | null = null;
  #plan: ListenPlan | null = null;
  #draining: Promise<void> | null = null;

  constructor(options: ThreadGroupOptions) {
    this.#options = options;
    this.#ticketKeys = options.ticketKeys;
    this.#slots = Array.from({ length: options.threads }, (_, number) => ({
      number,
      backOff: new BackOff(),
      epoch: 0,
      member: null,
      startedAtMs: 0,
      state: 'lost' as const,
      heapNear: false,
      heapWasNear: false,
      failedStarts: 0,
    }));
    for (const slot of this.#slots) if (this.#start(slot) !== null) slot.state = 'joined';
  }

  /** How many there are to be. */
  get size(): number {
    return this.#slots.length;
  }

  /** How many serve by what is installed. */
  get serving(): number {
    return this.#slots.filter(({ state }) => state === 'serving').length;
  }

  useCertificates(materials: readonly CertificateMaterial[]): void {
    this.#materials = materials;
    for (const { member } of this.#slots) member?.useCertificates(materials, this.#ticketKeys);
  }

  /** From now on session tickets are sealed with this, by all threads and those that come. */
  useTicketKeys(ticketKeys: Uint8Array): void {
    this.#ticketKeys = ticketKeys;
    for (const { member } of this.#slots) member?.useTicketKeys(ticketKeys);
  }

  /** Tells every thread that lives. */
  announce(subject: string, notice: Told): void {
    for (const { member } of this.#slots) member?.announce(subject, notice);
  }

  useTable(table: SharedTable): void {
    this.tables.use(table);
  }

  async prepare(gathered: Gathered): Promise<readonly Issue[]> {
    const parcel = packGathered(gathered);
    this.#prepared = null;
    const members = this.#joined();
    // Later a thread that is missing comes up with what is installed by then: what ends all may be mended by a reload.
    if (this.#plan === null && members.length < this.#slots.length) return [errorIssue('', LOST_AT_START)];
    const retiring = this.#slots.find(({ state }) => state === 'retiring')?.member ?? null;
    const answers = await Promise.all(members.map((member) => member.prepare(parcel)));
    // One that was to go anyway and has gone meanwhile says nothing of the configuration.
    const hasGone = retiring !== null && !this.#joined().includes(retiring);
    const issues = distinct(answers.flatMap((said, at) => (hasGone && members[at] === retiring ? [] : said)));
    if (issues.length === 0) this.#prepared = { parcel, by: new Set(members) };
    return issues;
  }

  async install(revision: number): Promise<boolean> {
    const prepared = this.#prepared;
    if (prepared === null || prepared.parcel.revision !== revision || this.#swap !== null) return false;
    this.#prepared = null;
    const over = Promise.withResolvers<void>();
    this.#swap = over.promise;
    try {
      return await this.#install(prepared.parcel, prepared.by);
    } finally {
      this.#swap = null;
      over.resolve();
    }
  }

  /** Opens the ports in every thread; or says which one can't be opened, and the system's reason. */
  async listen(plan: ListenPlan): Promise<OpenPorts | PortFault> {
    const members = this.#joined();
    const [first, ...others] = members;
    if (first === undefined || members.length < this.#slots.length) return { code: 'no answer', port: plan.httpsPort };
    const taken = await this.#takenPort(plan);
    if (taken !== null) return { code: 'EADDRINUSE', port: taken };
    const own = { ...plan, ...this.#share(plan) };
    // The first gets a port where any would do, and the others take the same.
    const ports = await first.listen(own);
    if ('code' in ports) return ports;
    const settled = {
      ...own,
      httpsPort: ports.https,
      http: own.http === null || ports.http === null ? null : { ...own.http, port: ports.http },
      egress: own.egress === null || ports.egress === undefined ? null : { ...own.egress, port: ports.egress },
    };
    const opened = await Promise.all(others.map((member) => member.listen(settled)));
    const fault = opened.find((answer) => 'code' in answer);
    if (fault !== undefined) return fault;
    if (this.#joined().length < this.#slots.length) return { code: 'no answer', port: ports.https };
    this.#plan = settled;
    for (const slot of this.#slots) this.#serve(slot);
    return ports;
  }

  /** How each thread is doing, in the order of their places. */
  status(records: number): Promise<readonly ThreadFacts[]> {
    return Promise.all(this.#slots.map(async (slot) => toldThread(slot, (await slot.member?.status(records)) ?? null)));
  }

  /** A thread is silent: it is ended, whatever it does. */
  endSilent(number: number): void {
    this.#slots[number]?.member?.end({ reason: 'silent', detail: 'it did not answer for 2 s' });
  }

  /** No new requests; those under way get `graceMs`, then the threads end. Asking again waits for the same end. */
  drain(graceMs: number): Promise<void> {
    this.#draining ??= this.#drain(graceMs);
    return this.#draining;
  }

  async #drain(graceMs: number): Promise<void> {
    const members = this.#slots.flatMap(({ member }) => (member === null ? [] : [member]));
    await Promise.all(members.map((member) => member.drain(graceMs)));
  }

  #joined(): readonly Member[] {
    return this.#slots.flatMap(({ member, state }) =>
      member !== null && (state === 'joined' || state === 'serving' || state === 'retiring') ? [member] : [],
    );
  }

  /** True when it is in force. Whoever came after the preparing prepares now, before anybody installs. */
  async #install(parcel: GatheredParcel, by: ReadonlySet<Member>): Promise<boolean> {
    const members = this.#joined();
    const late = members.filter((member) => !by.has(member));
    const faults = await Promise.all(late.map((member) => member.prepare(parcel)));
    const unable = new Set(late.filter((_, at) => faults[at]?.length !== 0));
    const able = members.filter((member) => !unable.has(member));
    const answers = await Promise.all(able.map((member) => member.install(parcel.revision)));
    const done = members.length === 0 || answers.includes('installed');
    if (done) this.#installed = parcel;
    for (const member of members) {
      const answer = answers[able.indexOf(member)] ?? 'refused';
      if (answer === 'installed' || (answer === 'refused' && !done)) continue;
      member.end({ reason: 'swap', detail: `it did not install revision ${parcel.revision}` });
    }
    return done;
  }

  /** With `reusePort` the system lets two gateways of one user share a port, and each would get half of the other's clients. */
  async #takenPort({ host, httpsPort, http, egress }: ListenPlan): Promise<number | null> {
    if (this.#slots.length === 1) return null;
    for (const port of http === null ? [httpsPort] : [http.port, httpsPort]) {
      if (port !== 0 && !(await this.#options.portIsFree(port, host))) return port;
    }
    if (egress === null || egress.port === 0) return null;
    return (await this.#options.portIsFree(egress.port, egress.host)) ? null : egress.port;
  }

  #share({ maxConnections }: ListenPlan): Pick<ListenPlan, 'maxConnections' | 'reusePort'> {
    const threads = this.#slots.length;
    return { reusePort: threads > 1, maxConnections: Math.max(1, Math.floor(maxConnections / threads)) };
  }

  /** Null where the system has no thread to give. */
  #start(slot: Slot): Member | null {
    slot.epoch++;
    slot.startedAtMs = this.#options.clock.now();
    slot.heapNear = false;
    const member = this.#tryStart(slot);
    slot.member = member;
    if (member === null) return null;
    slot.state = 'starting';
    if (this.#materials !== null) member.useCertificates(this.#materials, this.#ticketKeys);
    this.tables.add(member);
    return member;
  }

  #tryStart(slot: Slot): Member | null {
    const { number, epoch } = slot;
    try {
      const member: Member = this.#options.start(
        { number, epoch },
        {
          lost: (loss) => this.#onLost(slot, member, loss),
          heapNear: () => this.#onHeapNear(slot, member),
          tableTaken: (name, version) => this.tables.taken(member, name, version),
        },
      );
      return member;
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      this.#onLost(slot, null, { reason: 'start', detail: `it could not be started: ${detail}` });
      return null;
    }
  }

  #serve(slot: Slot): void {
    if (slot.member === null) return;
    slot.state = 'serving';
    slot.failedStarts = 0;
    this.tables.serves(slot.member);
    this.#options.serving(this.serving);
    this.#retireNext();
  }

  #onHeapNear(slot: Slot, member: Member): void {
    if (slot.member !== member) return;
    const livedMs = this.#options.clock.now() - slot.startedAtMs;
    if (slot.heapWasNear && livedMs < REFILL_MS) {
      // No leak is that fast twice: it needs that much, and replacing it would only take it away from its clients.
      const message = `the heap of ${threadName(slot)} is nearly full again so soon that it is kept: it seems to need that much`;
      this.#options.log.write('warn', 'thread.heap', message, { thread: threadName(slot), livedMs });
      return;
    }
    slot.heapNear = true;
    this.#retireNext();
  }

  /** One at a time, and only while all others serve: threads have the same load, so their heaps may fill together. */
  #retireNext(): void {
    if (this.#draining !== null || this.serving < this.#slots.length) return;
    const slot = this.#slots.find(({ heapNear }) => heapNear);
    if (slot === undefined || slot.member === null) return;
    slot.state = 'retiring';
    slot.heapWasNear = true;
    this.#options.serving(this.serving);
    void slot.member.retire(RETIRE_GRACE_MS, { reason: 'memory', detail: 'its heap was nearly full' });
  }

  #onLost(slot: Slot, member: Member | null, loss: ThreadLoss): void {
    if (member !== null) this.tables.remove(member);
    if (slot.member !== member) return;
    const served = slot.state === 'serving' || slot.state === 'retiring';
    slot.member = null;
    slot.state = 'lost';
    this.#options.serving(this.serving);
    if (this.#draining !== null) return;
    if (!served) slot.failedStarts++;
    const livedMs = served ? this.#options.clock.now() - slot.startedAtMs : 0;
    // Before the ports are open nothing is replaced: what begins does not begin, and says so.
    const waitMs = this.#plan === null || this.#isHopeless() ? null : slot.backOff.next(livedMs);
    const { losses } = slot.backOff;
    const others = { serving: this.serving, threads: this.#slots.length };
    this.#options.alerts.raise(lossAlert({ thread: threadName(slot), losses, waitMs, ...others }, loss));
    if (waitMs !== null) this.#options.clock.after(waitMs, () => void this.#replace(slot, loss));
    else if (this.#plan !== null) this.#options.lost(`no gateway thread can be started: ${loss.detail}`);
  }

  #isHopeless(): boolean {
    return this.#slots.every(
      ({ member, state, failedStarts }) => failedStarts >= ATTEMPT_LIMIT && (member === null || state !== 'serving'),
    );
  }

  /** A thread in the place of one that was lost: it serves only when it has all that the others have. */
  async #replace(slot: Slot, { reason }: ThreadLoss): Promise<void> {
    if (this.#draining !== null) return;
    const member = this.#start(slot);
    if (member === null || !(await this.#bringUp(slot, member))) return;
    const plan = this.#plan;
    const ports = plan === null ? null : await member.listen(plan);
    if (slot.member !== member) return;
    if (ports === null || 'code' in ports) {
      const why = ports === null ? 'nothing listens' : `port ${ports.port}: ${ports.code}`;
      member.end({ reason: 'start', detail: `it could not listen (${why})` });
      return;
    }
    this.#serve(slot);
    this.#options.replaced(reason);
    const thread = threadName(slot);
    const revision = this.#installed?.revision ?? null;
    this.#options.log.write('info', 'thread.replaced', 'a gateway thread took the place of one that was lost', {
      thread,
      epoch: slot.epoch,
      revision,
    });
  }

  /** Until it has installed what is installed, and no swap is under way; from then on it takes part in swaps. */
  async #bringUp(slot: Slot, member: Member): Promise<boolean> {
    for (;;) {
      if (this.#swap !== null) await this.#swap;
      const parcel = this.#installed;
      if (parcel === null || slot.member !== member) return false;
      const issues = await member.prepare(parcel);
      const installed = issues.length === 0 ? await member.install(parcel.revision) : 'refused';
      if (slot.member !== member) return false;
      if (installed !== 'installed') {
        const why = issues[0]?.message ?? `it did not install revision ${parcel.revision}`;
        member.end({ reason: 'start', detail: `it could not be brought up: ${why}` });
        return false;
      }
      if (this.#swap === null && this.#installed === parcel) {
        slot.state = 'joined';
        this.tables.serves(member);
        return true;
      }
    }
  }
}

const LOST_AT_START = 'a gateway thread was lost before the gateway had begun; the log says why';

/** What several threads say is said once. */
function distinct(issues: readonly Issue[]): readonly Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}
