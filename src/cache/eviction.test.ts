import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Link, Queues } from './eviction.ts';

class Item implements Link<Item> {
  readonly bytes: number;
  readonly heapBytes: number;
  readonly hash: number;
  isDead = false;
  uses = 0;
  queue: 'none' | 'new' | 'proven' = 'none';
  newer: Item | null = null;
  older: Item | null = null;

  constructor(hash: number, bytes = 1) {
    this.hash = hash;
    this.bytes = bytes;
    this.heapBytes = bytes * 2;
  }
}

/** A cache of so many bytes over numbers. */
class Numbers {
  readonly queues = new Queues<Item>();
  readonly held = new Map<number, Item>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether it was there. */
  ask(number: number, bytes = 1): boolean {
    const found = this.held.get(number);
    if (found !== undefined) {
      this.queues.used(found);
      return true;
    }
    while (this.queues.bytes + bytes > this.#limit) {
      const victim = this.queues.victim();
      assert.ok(victim !== null);
      this.queues.remember(victim);
      this.queues.remove(victim);
      assert.ok(this.held.delete(victim.hash));
    }
    const item = new Item(number, bytes);
    this.queues.add(item);
    this.held.set(number, item);
    return false;
  }
}

/** The same with the entry that was used longest ago going first. */
class LeastRecent {
  readonly #held = new Set<number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  ask(number: number): boolean {
    const found = this.#held.delete(number);
    this.#held.add(number);
    if (this.#held.size > this.#limit) this.#held.delete(this.#held.values().next().value as number);
    return found;
  }
}

/** Numbers by a fixed rule, the small ones far more often. */
function* skewed(count: number, from: number): Generator<number> {
  let state = 1;
  for (let at = 0; at < count; at++) {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    const unit = (state >>> 8) / 2 ** 24;
    yield Math.floor(Math.min(from - 1, from ** unit - 1));
  }
}

test('a walk through everything once does not throw out what is used, as it does where the oldest use goes first', () => {
  const [ours, lru] = [new Numbers(100), new LeastRecent(100)];
  for (let round = 0; round < 5; round++)
    for (let hot = 0; hot < 50; hot++) for (const cache of [ours, lru]) cache.ask(hot);
  for (let scanned = 1_000; scanned < 2_000; scanned++) for (const cache of [ours, lru]) cache.ask(scanned);
  const kept = (cache: { ask(number: number): boolean }): number =>
    Array.from({ length: 50 }, (_, hot) => cache.ask(hot)).filter(Boolean).length;
  assert.equal(kept(ours), 50);
  assert.equal(kept(lru), 0);
});

test('where few are asked for often and many seldom, it finds more than where the oldest use goes first', () => {
  const [ours, lru] = [new Numbers(100), new LeastRecent(100)];
  const hits = { ours: 0, lru: 0 };
  for (const number of skewed(50_000, 10_000)) {
    if (ours.ask(number)) hits.ours += 1;
    if (lru.ask(number)) hits.lru += 1;
  }
  assert.ok(hits.ours > hits.lru, JSON.stringify(hits));
});

test('what comes back soon after it was thrown out unproven is kept as proven', () => {
  const numbers = new Numbers(20);
  for (let at = 0; at < 21; at++) numbers.ask(at);
  assert.equal(numbers.held.has(0), false);
  numbers.ask(0);
  assert.equal(numbers.held.get(0)?.queue, 'proven');
});

test('what nobody has a use for any more goes first, however often it was used, and is not remembered', () => {
  const numbers = new Numbers(100);
  for (let round = 0; round < 5; round++) for (let at = 0; at < 100; at++) numbers.ask(at);
  for (let at = 0; at < 50; at++) (numbers.held.get(at) as Item).isDead = true;
  for (let at = 1_000; at < 1_050; at++) numbers.ask(at);
  assert.ok([...numbers.held.values()].every(({ isDead }) => !isDead));
  assert.ok(numbers.held.has(99));
  numbers.ask(0);
  assert.equal(numbers.held.get(0)?.queue, 'new');
});

test('eviction looks at a bounded number of entries, though all were used', () => {
  const numbers = new Numbers(10_000);
  for (let round = 0; round < 4; round++) for (let at = 0; at < 10_000; at++) numbers.ask(at);
  let looked = 0;
  for (const item of numbers.held.values()) {
    let { uses } = item;
    Object.defineProperty(item, 'uses', {
      get: () => {
        looked += 1;
        return uses;
      },
      set: (value: number) => {
        uses = value;
      },
    });
  }
  assert.ok(numbers.queues.victim() !== null);
  assert.ok(looked < 500, String(looked));
});

test('bytes and count are those of what is held, and each that is held can be taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 10 }), fc.boolean()), { maxLength: 200 }),
      (list) => {
        const numbers = new Numbers(50);
        for (const [number, bytes, takesOut] of list) {
          const held = numbers.held.get(number);
          if (takesOut && held !== undefined) {
            numbers.queues.remove(held);
            numbers.queues.remove(held);
            numbers.held.delete(number);
          } else numbers.ask(number, bytes);
          const sum = [...numbers.held.values()].reduce((all, item) => all + item.bytes, 0);
          assert.equal(numbers.queues.bytes, sum);
          assert.equal(numbers.queues.heapBytes, sum * 2);
          assert.equal(numbers.queues.count, numbers.held.size);
          assert.ok(sum <= 50);
        }
        for (const item of numbers.held.values()) numbers.queues.remove(item);
        assert.equal(numbers.queues.bytes, 0);
        assert.equal(numbers.queues.victim(), null);
      },
    ),
  );
});
