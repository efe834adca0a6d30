import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bench, bodyOf, fields, type Given, keyOf, request } from './fixture.test.ts';
import { Flights, type FlightWord, type StoredHead, type Stored } from './index.ts';

const IDENTITIES = ['ada', 'bob', '', 'none', 'ada\nnone'];

const REPLIES: readonly Given[] = [
  { 'cache-control': 'max-age=5' },
  { 'cache-control': 'private, max-age=5' },
  { 'cache-control': 'public, s-maxage=5, stale-while-revalidate=5' },
  { 'cache-control': 'max-age=5', vary: 'x-a' },
  { 'cache-control': 'no-cache', etag: '"1"' },
  { 'cache-control': 'no-store' },
  { 'cache-control': 'max-age=5', etag: '"1"', 'set-cookie': 'a=b' },
];

/** One client: it looks, waits or fetches, and perhaps leaves. Whatever it gets says whose it is. */
interface Step {
  readonly who: number;
  readonly path: string;
  readonly value: string;
  readonly reply: number;
  /** Whether it leaves in the middle, as a leader or as one who waits. */
  readonly leaves: boolean;
  /** How many steps later its reply comes. */
  readonly takes: number;
}

const steps: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(IDENTITIES.length - 1),
  path: fc.constantFrom('/a', '/b'),
  value: fc.constantFrom('1', '2'),
  reply: fc.nat(REPLIES.length - 1),
  leaves: fc.boolean(),
  takes: fc.nat(6),
});

/** Clients of several identities with one cache and one table of flights, one thing after another. */
class World {
  readonly bench = new Bench({ storesPrivate: true, staleIfErrorMs: 5_000 });
  readonly flights = new Flights(4);
  readonly due: { readonly at: number; readonly run: () => void }[] = [];
  now = 0;
  served = 0;
  answered = 0;

  run(list: readonly Step[]): void {
    for (const step of list) {
      this.#comeDue();
      this.#ask(step, true);
      this.now += 1;
      this.bench.nowMs += 700;
    }
    while (this.due.length > 0) {
      this.now += 1;
      this.#comeDue();
    }
  }

  #comeDue(): void {
    for (const item of this.due.filter(({ at }) => at <= this.now)) {
      this.due.splice(this.due.indexOf(item), 1);
      item.run();
    }
  }

  #ask(step: Step, mayWait: boolean): void {
    const asked = this.#askedBy(step);
    const found = this.bench.find(asked);
    if (found.kind === 'fresh' || (found.kind === 'stale' && found.now)) this.#serve(step, found.stored);
    else if (!mayWait) this.#fetch(step, null);
    else {
      const flightKey = this.bench.cache.flightKey(keyOf(asked), request(asked));
      const waiter = { told: (word: FlightWord) => this.#told(step, flightKey, word) };
      const seat = this.flights.join(flightKey, waiter, this.bench.nowMs);
      if (seat !== 'wait') this.#fetch(step, seat === 'lead' ? flightKey : null);
      else if (step.leaves) this.flights.leave(flightKey, waiter);
    }
  }

  #told(step: Step, flightKey: string, word: FlightWord): void {
    if (word === 'lead') this.#fetch(step, flightKey);
    else this.#ask(step, false);
  }

  #fetch(step: Step, flightKey: string | null): void {
    const asked = this.#askedBy(step);
    const fetch = this.bench.cache.fetch(keyOf(asked), request(asked), this.bench.rules, this.bench.nowMs);
    const end = (): void => {
      if (step.leaves) {
        fetch.abandon();
        if (flightKey !== null) this.flights.abandoned(flightKey);
        return;
      }
      const reply = fields({ date: this.bench.date(), ...(REPLIES[step.reply] as Record<string, string>) });
      const isStored = fetch.head(200, reply, this.bench.times(), null).ok;
      fetch.write(`${JSON.stringify([IDENTITIES[step.who], step.path])}`);
      const isWhole = fetch.finish().ok;
      this.answered += 1;
      if (flightKey === null) return;
      if (isStored && isWhole) this.flights.landed(flightKey);
      else this.flights.notStored(flightKey, this.bench.nowMs);
    };
    this.due.push({ at: this.now + step.takes, run: end });
  }

  #askedBy({ who, path, value }: Step) {
    return { path, fields: { 'x-a': value }, credential: 'keyed', identity: IDENTITIES[who] as string } as const;
  }

  #serve({ who, path }: Step, stored: Stored<StoredHead>): void {
    this.served += 1;
    this.answered += 1;
    assert.deepEqual(JSON.parse(stored.body.toString()), [IDENTITIES[who], path]);
    assert.equal(bodyOf({ kind: 'fresh', stored }), stored.body.toString());
  }
}

test('under misses at once, leaving clients and every kind of reply nobody gets what is another’s, and everybody is answered', () => {
  let served = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 30, maxLength: 80 }), (list) => {
      const world = new World();
      world.run(list);
      served += world.served;
      assert.equal(world.flights.size, 0, 'no flight is left');
      assert.ok(world.answered >= list.filter(({ leaves }) => !leaves).length, 'who stays is answered');
    }),
    { numRuns: 500 },
  );
  assert.ok(served > 1_000, `only ${served} were served from the cache`);
});
