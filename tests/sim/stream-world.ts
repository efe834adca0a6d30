import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '../../src/adapters/index.ts';
import { gather, parseConfig } from '../../src/config/index.ts';
import {
  compile,
  createGateway,
  createGatewayMetrics,
  type Gateway,
  type GatewayPorts,
  kindTable,
  type Snapshot,
  wholeCacheShare,
} from '../../src/gateway/index.ts';
import { type Chance, createChance } from './chance.ts';
import { Violation } from './judge.ts';
import { SimClient } from './stream-client.ts';
import { createStreamKind, type StreamFacts } from './stream-kind.ts';
import { endlessUpstreams, LONGEST_HEAD_MS } from './stream-upstreams.ts';
import { usualKinds } from './usual-kinds.ts';

const FILE = '/etc/portcullis.yaml';
const SUBJECTS = ['a', 'b', 'c', 'd', 'e', 'f'];
const LONGEST_DELAY_MS = 300;
/** How late the gateway may be: a second, and the wait for one verdict. */
const LATE_MS = 1_000 + LONGEST_DELAY_MS;
/** So long after an install all that can move has: what had not begun to stream by then does first. */
const SETTLED_MS = LATE_MS + LONGEST_DELAY_MS + LONGEST_HEAD_MS;
const REVOKED_LATE_MS = 31_500;
/** Turns of the loop that let promises go on. */
const TURNS = 3;

/** What a configuration of the simulation says. */
interface Said {
  readonly denied: readonly string[];
  readonly port: number;
  readonly route: 'events' | 'others';
}

/** One gateway in virtual time, whose clients hold streams open while all about them changes. */
export class StreamWorld {
  readonly clock = createVirtualClock();
  readonly clients: SimClient[] = [];
  readonly counts = {
    streams: 0,
    refused: 0,
    reloads: 0,
    expired: 0,
    revoked: 0,
    denied: 0,
    moved: 0,
    left: 0,
    ended: 0,
    broken: 0,
  };
  readonly #chance: Chance;
  readonly #revokedAtMs = new Map<string, number>();
  readonly #broken = new Set<string>();
  readonly #facts: StreamFacts;
  readonly #kinds;
  readonly #gateway: Gateway;
  readonly #upstreams;
  #said: Said = { denied: [], port: 1, route: 'events' };
  #installedMs = 0;
  #revision = 0;
  #ids = 0;

  constructor(seed: number) {
    this.#chance = createChance(seed);
    this.#facts = {
      revoked: this.#revokedAtMs,
      broken: this.#broken,
      delayMs: () => (this.#chance.percent(80) ? 0 : this.#chance.below(LONGEST_DELAY_MS)),
      limited: new Map(),
      entered: 0,
      released: 0,
    };
    this.#kinds = kindTable([createStreamKind(this.clock, this.#facts) as never, ...usualKinds()]);
    this.#upstreams = endlessUpstreams(this.clock, this.#chance);
    this.#gateway = createGateway(this.#ports(), undefined, this.#upstreams);
  }

  #ports(): GatewayPorts {
    return {
      clock: this.clock,
      log: { write() {} },
      alerts() {},
      ledger: { append: () => true },
      nextId: () => String(++this.#ids),
      traces: { nextSpan: () => '0123456789abcdef', nextTrace: () => `00-${'1'.repeat(32)}-0123456789abcdef-03` },
      chance: () => 0.5,
      cspReports() {},
      cacheShare: wholeCacheShare(),
      pseudonym: () => '',
      metrics: {
        ...createGatewayMetrics(NO_METER),
        cut: (_reason, passages) => this.#demand(passages === 0, () => `${passages} requests were cut by a reload`),
      },
    };
  }

  #demand(holds: boolean, words: () => string): void {
    if (!holds) throw new Violation(words());
  }

  /** Time passes in steps, and after each all is looked at. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(left, 100));
      for (let turn = 0; turn < TURNS; turn++) await setImmediate();
      this.#check();
    }
  }

  /** Another configuration, by which some may be refused, or all be served from elsewhere. */
  async reload(): Promise<void> {
    const { port, route } = this.#said;
    const denied = SUBJECTS.filter(() => this.#chance.percent(15));
    const said: Said = {
      denied,
      port: this.#chance.percent(10) ? port + 1 : port,
      route: this.#chance.percent(10) ? (route === 'events' ? 'others' : 'events') : route,
    };
    await this.install(said);
  }

  async install(said: Said): Promise<void> {
    const snapshot = await this.#snapshotOf(said);
    const room = this.#gateway.makeRoom();
    for (let waitedMs = 0; waitedMs < 6_000 && this.#gateway.living >= 3; waitedMs += 100) await this.pass(100);
    await room;
    this.#demand(this.#gateway.install(snapshot), () => 'a configuration was not installed');
    this.#said = said;
    this.#installedMs = this.clock.monotonic();
    this.counts.reloads++;
  }

  async #snapshotOf({ denied, port, route }: Said): Promise<Snapshot> {
    const text = `version: 1
apis:
  a:
    routes: ['GET /${route}']
    upstream: 'http://127.0.0.1:${port}'
    auth: public
    policies: { sim: { denied: [${denied.join(', ')}] } }
`;
    const parsed = parseConfig(text, { file: FILE, kinds: [...this.#kinds.values()] });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    const gathered = await gather(parsed.value, { ...NO_IO, revision: ++this.#revision });
    if (!gathered.ok) throw new Error(JSON.stringify(gathered.error));
    const snapshot = compile(gathered.value, { kinds: this.#kinds, tables: NO_TABLES });
    if (!snapshot.ok) throw new Error(JSON.stringify(snapshot.error));
    return snapshot.value;
  }

  /** A client asks for a stream, with a credential that lasts for a while. */
  open(): void {
    const subject = this.#chance.oneOf(SUBJECTS);
    const lastsMs = this.#chance.percent(30) ? 1_000_000 : this.#chance.below(60_000);
    const expiresAtMs = this.clock.now() + lastsMs;
    const { route, port } = this.#said;
    const client = new SimClient({ path: `/${route}`, port, subject, expiresAtMs });
    this.clients.push(client);
    this.#gateway.request(client);
  }

  /** The client of a stream leaves. */
  leave(): void {
    const open = this.clients.filter(({ streams }) => streams);
    if (open.length === 0) return;
    this.#chance.oneOf(open).leave();
    this.counts.left++;
  }

  /** The upstream of a stream ends it. */
  end(): void {
    if (this.#upstreams.endOne()) this.counts.ended++;
  }

  revoke(): void {
    const subject = this.#chance.oneOf(SUBJECTS);
    if (!this.#revokedAtMs.has(subject)) this.#revokedAtMs.set(subject, this.clock.now());
  }

  breakDown(): void {
    this.#broken.add(this.#chance.oneOf(SUBJECTS));
  }

  #check(): void {
    const nowMs = this.clock.now();
    const sinceInstallMs = this.clock.monotonic() - this.#installedMs;
    for (const client of this.clients.splice(0)) {
      if (client.state === 'open') this.clients.push(client);
      else this.#checkEnd(client);
    }
    for (const client of this.clients) {
      const { subject, expiresAtMs, streams } = client;
      if (!streams) continue;
      this.#demand(
        nowMs - expiresAtMs <= LATE_MS,
        () => `a stream outlives its credential by ${nowMs - expiresAtMs} ms`,
      );
      const revokedAtMs = this.#revokedAtMs.get(subject) ?? nowMs;
      this.#demand(
        nowMs - revokedAtMs <= REVOKED_LATE_MS,
        () => `a stream outlives its key by ${nowMs - revokedAtMs} ms`,
      );
      if (sinceInstallMs <= SETTLED_MS) continue;
      this.#demand(!this.#said.denied.includes(subject), () => `${subject} is denied and streams on`);
      this.#demand(!this.#isElsewhere(client), () => 'a stream stands that the configuration serves from elsewhere');
    }
    if (sinceInstallMs > SETTLED_MS)
      this.#demand(
        this.#gateway.living === 1,
        () => `${this.#gateway.living} Snapshots live ${sinceInstallMs} ms after the last`,
      );
  }

  /** Whether the configuration in force serves what this client asked for from elsewhere, or not at all. */
  #isElsewhere({ request, port }: SimClient): boolean {
    return request.path !== `/${this.#said.route}` || port !== this.#said.port;
  }

  /** Each stream that ended did so for a reason. */
  #checkEnd(client: SimClient): void {
    const { counts } = this;
    const { subject, expiresAtMs, state } = client;
    counts.streams++;
    if (state === 'refused') counts.refused++;
    else if (state === 'left' || this.#upstreams.hasEnded(client.request)) return;
    else if (expiresAtMs <= this.clock.now()) counts.expired++;
    else if (this.#revokedAtMs.has(subject)) counts.revoked++;
    else if (this.#said.denied.includes(subject)) counts.denied++;
    else if (this.#isElsewhere(client)) counts.moved++;
    else if (this.#broken.has(subject)) counts.broken++;
    else throw new Violation(`a stream of ${subject} ended for no reason: ${state}`);
    if (state === 'cut') throw new Violation(`a stream of ${subject} was cut, and not ended`);
  }

  /** All clients leave; nothing is left of them. */
  async finish(): Promise<void> {
    for (const client of this.clients) client.leave();
    await this.pass(2_000);
    const { entered, released, limited } = this.#facts;
    this.#demand(entered === released, () => `${entered} steps were entered and ${released} released`);
    for (const [id, count] of limited) this.#demand(count === 1, () => `request ${id} was charged ${count} times`);
    this.#demand(this.#gateway.inFlight === 0, () => `${this.#gateway.inFlight} requests never ended`);
    this.#demand(this.#upstreams.open === 0, () => `${this.#upstreams.open} calls to the upstream never ended`);
    this.#gateway.close();
  }
}

const unused = (): never => {
  throw new Error('not used here');
};
const NO_IO = {
  files: new Proxy({}, { get: () => unused }) as never,
  secrets: { resolve: unused },
  egress: { call: unused },
};
const NO_TABLES = { read: unused };
const NO_METER = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};
