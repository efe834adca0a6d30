import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPicker, type BalanceRule, type Entry, type Picker } from './index.ts';
import { entriesOf, splitmix } from './entries-fixture.test.ts';

const RULES: readonly BalanceRule[] = ['p2c', 'round-robin', 'least-requests', 'hash'];
const SEEDS = [1, 2, 3, 4, 5, 6];
const REQUESTS = 80_000;
const EVERY_MS = 2;
/** Between two things that happen to targets. */
const CALM = 2_500;
/** So many requests one that is whole waits at most: 10 s, also one that was far slower than the others. */
const PATIENCE = 5_000;

/** What a world of targets does while requests come: they die, come back slowly, become slow, come and go. */
class World {
  readonly random: () => number;
  readonly #rule: BalanceRule;
  readonly #all: readonly Entry[];
  readonly #latencyMs = new Map<Entry, number>();
  /** What ends, by the moment at which it does. */
  readonly #ends = new Map<number, (() => void)[]>();
  present: readonly Entry[];
  picker: Picker<Entry>;
  /** How many requests each has been whole for, and not asked. */
  readonly waited = new Map<Entry, number>();

  constructor(rule: BalanceRule, seed: number) {
    this.random = splitmix(seed);
    this.#rule = rule;
    this.#all = entriesOf([1, 1, 2, 3, 1, 5, 1, 1]);
    for (const entry of this.#all) this.#latencyMs.set(entry, 5 + this.random() * 20);
    this.present = this.#all.slice(0, 6);
    this.picker = createPicker(rule, this.present, this.random);
  }

  happen(): void {
    const entry = this.present[Math.floor(this.random() * this.present.length)] as Entry;
    const what = Math.floor(this.random() * 5);
    if (what === 0) entry.share = 0;
    else if (what === 1) entry.share = this.random();
    else if (what === 2) for (const each of this.present) each.share = 1;
    else if (what === 3) this.#latencyMs.set(entry, 5 + this.random() * 300);
    else this.#replace();
    this.picker.changed();
  }

  #replace(): void {
    const kept = this.#all.filter(() => this.random() < 0.8);
    this.present = kept.length === 0 ? this.#all : kept;
    for (const entry of this.waited.keys()) if (!kept.includes(entry)) this.waited.delete(entry);
    this.picker = createPicker(this.#rule, this.present, this.random, this.picker);
  }

  ask(nowMs: number): Entry | null {
    const entry = this.picker.pick(Math.floor(this.random() * 2 ** 32), []);
    if (entry === null) return null;
    this.picker.begun(entry);
    const elapsedMs = Math.ceil((this.#latencyMs.get(entry) ?? 0) * (0.5 + this.random()));
    const isGivenUp = this.random() < 0.05;
    const at = nowMs + elapsedMs;
    const due = this.#ends.get(at) ?? [];
    due.push(() => this.picker.ended(entry, isGivenUp ? null : elapsedMs, at));
    this.#ends.set(at, due);
    return entry;
  }

  endUntil(fromMs: number, toMs: number): void {
    for (let at = fromMs; at <= toMs; at++) {
      for (const end of this.#ends.get(at) ?? []) end();
      this.#ends.delete(at);
    }
  }

  get underWay(): number {
    return [...this.#ends.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get inFlight(): number {
    return this.#all.reduce((sum, entry) => sum + entry.inFlight, 0);
  }
}

for (const rule of RULES) {
  test(`by ${rule} nothing that is down is asked, nothing that is whole is forgotten, and nothing is lost count of`, () => {
    for (const seed of SEEDS) {
      const world = new World(rule, seed);
      for (let sent = 0; sent < REQUESTS; sent++) {
        const nowMs = sent * EVERY_MS;
        world.endUntil(nowMs - EVERY_MS + 1, nowMs);
        if (sent % CALM === 0 && sent > 0 && sent % (3 * CALM) !== 0) world.happen();
        const entry = world.ask(nowMs);
        assert.equal(
          entry === null,
          world.present.every(({ share }) => share === 0),
          `seed ${seed}`,
        );
        if (entry !== null) assert.ok(entry.share > 0 && world.present.includes(entry), `seed ${seed}`);
        for (const each of world.present) {
          const waited = each === entry || each.share < 1 ? 0 : (world.waited.get(each) ?? 0) + 1;

          assert.ok(waited < PATIENCE, `seed ${seed}: ${each.name} waited`);
          world.waited.set(each, waited);
        }
        assert.equal(world.inFlight, world.underWay, `seed ${seed}`);
      }
      world.endUntil(REQUESTS * EVERY_MS - EVERY_MS + 1, (REQUESTS + 1_000) * EVERY_MS);
      assert.equal(world.inFlight, 0, `seed ${seed}`);
    }
  });
}
