import type { Rate } from '../../src/ports/index.ts';

/** The limit and the leases that all requests of a simulation share. */
export const RATE: Rate = { count: 10, periodMs: 2_000, burst: 10 };
export const SLOTS = 5;

/** What clocks of the limiter may round. */
const ROUNDING_MS = 2;
const INTERVAL_MS = RATE.periodMs / RATE.count;

/** One request, as the simulation follows it. */
export interface Followed {
  readonly number: number;
  /** The thread, and its place, as `place/epoch`. */
  readonly thread: string;
  /** What must judge it: the mark of the configuration that was in force in its thread when it began. */
  readonly mark: number;
  readonly key: string;
  readonly beganMs: number;
  holdsSlot: boolean;
  /** `over`: answered or cut; `dead`: its thread has ended under it. */
  state: 'under way' | 'over' | 'dead';
  status: number;
}

/** Says what is wrong with a run; the first violation ends it. */
export class Violation extends Error {}

/** Holds a run against plain models, written without a look at what it judges. */
export class Judge {
  readonly followed = new Map<number, Followed>();
  readonly counts = {
    requests: 0,
    passed: 0,
    limited: 0,
    slotless: 0,
    keyless: 0,
    reloads: 0,
    refused: 0,
    deaths: 0,
    cut: 0,
  };
  /** The mark of each revision that was ever prepared. */
  readonly markOf = new Map<number, number>();
  /** The revision that the last install answered for. */
  installed = 0;
  /** The table version that counts everywhere, and the rows of each version. */
  tableInForce = 0;
  readonly tables = new Map<number, ReadonlySet<string>>();
  readonly #admittedMs: number[] = [];
  #arrivalMs = Number.NEGATIVE_INFINITY;

  demand(holds: boolean, words: () => string): void {
    if (!holds) throw new Violation(words());
  }

  /** A step of a policy, or the upstream, met this request with this mark. */
  met(number: number, mark: number, where: string): Followed {
    const request = this.followed.get(number);
    if (request === undefined) throw new Violation(`${where} met a request that nobody sent: ${number}`);
    this.demand(request.state !== 'dead', () => `${where} met request ${number} in a thread that has ended`);
    this.demand(
      request.mark === mark,
      () => `${where} judged request ${number} by configuration ${mark}; in force when it began was ${request.mark}`,
    );
    return request;
  }

  /** A thread looked a key up in this version of the table. */
  lookedUp(key: string, version: number, found: boolean): void {
    const rows = this.tables.get(version);
    this.demand(version >= this.tableInForce, () => `table ${version} was used while ${this.tableInForce} counts`);
    this.demand(rows?.has(key) === found, () => `the key ${key} was ${found ? 'found' : 'missed'} in table ${version}`);
  }

  /** The limiter let a call through or refused it. */
  charged(allowed: boolean, nowMs: number): void {
    const waitMs = Math.max(0, this.#arrivalMs - nowMs) + INTERVAL_MS - RATE.burst * INTERVAL_MS;
    if (!allowed) {
      this.counts.limited++;
      this.demand(waitMs > -ROUNDING_MS, () => `a call was refused ${-waitMs} ms after it could have passed`);
      return;
    }
    this.demand(waitMs <= ROUNDING_MS, () => `a call passed ${waitMs} ms too early`);
    this.#arrivalMs = Math.max(this.#arrivalMs, nowMs) + INTERVAL_MS;
    this.#admittedMs.push(nowMs);
    for (const [at, fromMs] of this.#admittedMs.entries()) {
      const count = this.#admittedMs.length - at;
      const most = RATE.burst + (nowMs - fromMs + ROUNDING_MS) / INTERVAL_MS;
      this.demand(count <= most, () => `${count} calls passed in ${nowMs - fromMs} ms, ${most.toFixed(2)} may`);
    }
  }

  /** A slot was asked for; those of a thread that has ended are free once its end was noticed. */
  slotAsked(request: Followed, given: boolean): void {
    const held = [...this.followed.values()].filter((each) => each.holdsSlot).length;
    this.demand(
      given ? held < SLOTS : held >= SLOTS,
      () => `with ${held} slots held one was ${given ? 'given' : 'refused'}`,
    );
    request.holdsSlot = given;
    if (!given) this.counts.slotless++;
  }

  begin(request: Omit<Followed, 'number' | 'holdsSlot' | 'state' | 'status'>): Followed {
    const number = ++this.counts.requests;
    const followed: Followed = { ...request, number, holdsSlot: false, state: 'under way', status: 0 };
    this.followed.set(number, followed);
    return followed;
  }

  /** All requests of a thread that has ended. */
  died(thread: string): void {
    this.counts.deaths++;
    for (const request of this.followed.values()) {
      if (request.thread === thread && request.state === 'under way') request.state = 'dead';
    }
  }

  /** What the requests of a thread held is free from now on. */
  freed(thread: string): void {
    for (const request of this.followed.values()) if (request.thread === thread) request.holdsSlot = false;
  }

  over(number: number, status: number): void {
    const request = this.followed.get(number);
    if (request === undefined || request.state === 'dead') return;
    this.demand(request.state === 'under way', () => `request ${number} ended twice`);
    request.state = 'over';
    request.status = status;
    if (status === 200) this.counts.passed++;
  }
}
