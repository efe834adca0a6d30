import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AliasTable } from './alias-table.ts';
import { entriesOf, setShare, splitmix } from './entries-fixture.test.ts';
import { IndexedHeap } from './heap.ts';
import { createPicker, type Entry } from './index.ts';

const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

function takeNames(entries: readonly Entry[], picks: number, seed: number): readonly number[] {
  const picker = createPicker('round-robin', entries, splitmix(seed));
  return Array.from({ length: picks }, () => entries.indexOf(picker.pick(0, []) as Entry));
}

describe('round robin', () => {
  test('picks each exactly as often as it weighs in every cycle', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (list, seed) => {
        const cycle = list.reduce((sum, weight) => sum + weight, 0);
        const picks = takeNames(entriesOf(list), 3 * cycle, seed);
        for (const start of [0, cycle, 2 * cycle]) {
          const counts = list.map((_, index) => picks.slice(start, start + cycle).filter((at) => at === index).length);
          assert.deepEqual(counts, list);
        }
      }),
    );
  });

  test('spreads the turns of each over the cycle', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (list, seed) => {
        const cycle = list.reduce((sum, weight) => sum + weight, 0);
        const counts = list.map(() => 0);
        for (const [before, index] of takeNames(entriesOf(list), cycle, seed).entries()) {
          counts[index] = (counts[index] as number) + 1;
          for (const [at, weight] of list.entries()) {
            const part = weight / cycle;
            assert.ok(Math.abs((counts[at] as number) - (before + 1) * part) <= 1 + list.length * part);
          }
        }
      }),
    );
  });

  test('begins with another target on another thread', () => {
    const entries = entriesOf([1, 1, 1, 1]);
    const firsts = Array.from({ length: 40 }, (_, seed) => takeNames(entries, 1, seed)[0]);
    assert.equal(new Set(firsts).size, 4);
  });

  test('lets none that comes back catch up what it missed', () => {
    const entries = entriesOf([1, 1]);
    const picker = createPicker('round-robin', entries, splitmix(3));
    setShare(entries, 0, 0);
    for (let picks = 0; picks < 1_000; picks++) assert.equal(picker.pick(0, []), entries[1]);
    setShare(entries, 0, 1);
    picker.changed();
    const picks = Array.from({ length: 10 }, () => picker.pick(0, []));
    assert.ok(picks.filter((entry) => entry === entries[0]).length <= 6);
  });

  test('gives one whose share grows by little and little its part, neither none nor all', () => {
    for (let seed = 0; seed < 50; seed++) {
      const entries = entriesOf([1, 1, 1]);
      const picker = createPicker('round-robin', entries, splitmix(seed));
      let expected = 0;
      let got = 0;
      // A new share with every pick, as where requests are few.
      for (let step = 0; step < 100; step++) {
        const share = 0.1 + (0.9 * step) / 100;
        setShare(entries, 2, share);
        picker.changed();
        if (picker.pick(0, []) === entries[2]) got++;
        expected += share / (2 + share);
      }
      assert.ok(Math.abs(got - expected) <= 2, `${got} of ${expected} with seed ${seed}`);
    }
  });

  test('keeps the turn of one that is told of again with the same share', () => {
    const entries = entriesOf([1, 1, 1]);
    const picker = createPicker('round-robin', entries, splitmix(4));
    const picks = Array.from({ length: 30 }, () => {
      picker.changed();
      return picker.pick(0, []);
    });
    for (const entry of entries) assert.equal(picks.filter((other) => other === entry).length, 10);
  });
});

describe('least requests', () => {
  test('asks whoever has fewest for its weight', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (list, seed) => {
        const random = splitmix(seed);
        const entries = entriesOf(list);
        const picker = createPicker('least-requests', entries, random);
        const underWay: Entry[] = [];
        for (let steps = 0; steps < 100; steps++) {
          const picked = picker.pick(0, []) as Entry;
          const least = Math.min(...entries.map(({ inFlight, weight }) => inFlight / weight));
          assert.equal(picked.inFlight / picked.weight, least);
          picker.begun(picked);
          underWay.push(picked);
          const [done] = random() < 0.6 ? underWay.splice(Math.floor(random() * underWay.length), 1) : [];
          if (done !== undefined) picker.ended(done, 1, steps);
        }
      }),
    );
  });
});

describe('the alias table', () => {
  test('gives every weight its part of all numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 20 }),
        (list) => {
          const table = new AliasTable(list);
          const counts = new Float64Array(list.length);
          const steps = 20_000;
          for (let step = 0; step < steps; step++) {
            const drawn = table.draw((step + 0.5) / steps);
            counts[drawn] = (counts[drawn] as number) + 1;
          }
          for (const [index, weight] of list.entries()) {
            assert.ok(Math.abs((counts[index] as number) / steps - weight / table.total) < 0.002);
          }
        },
      ),
    );
  });
});

describe('the heap', () => {
  test('has the least of what was put into it and not taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), fc.integer({ min: -1, max: 5 }), fc.nat(3))), (steps) => {
        const heap = new IndexedHeap(8);
        const model = new Map<number, readonly [number, number]>();
        for (const [item, key, second] of steps) {
          if (key < 0) heap.remove(item);
          else heap.set(item, key, second);
          if (key < 0) model.delete(item);
          else model.set(item, [key, second]);
          assert.equal(heap.has(item), model.has(item));
          const least = [...model.values()].toSorted(([a, b], [c, d]) => a - c || b - d)[0];
          assert.deepEqual(heap.least === -1 ? undefined : [heap.keyOf(heap.least), heap.secondOf(heap.least)], least);
        }
      }),
    );
  });

  test('compares at most three pairs for each doubling of its size', () => {
    for (const count of [2, 10, 1_000]) {
      const random = splitmix(5);
      const heap = new IndexedHeap(count);
      for (let item = 0; item < count; item++) heap.set(item, random(), item);
      for (let step = 0; step < 2_000; step++) {
        const before = heap.comparisons;
        heap.set(step % 2 === 0 ? heap.least : Math.floor(random() * count), random() + step / 100, 0);
        assert.ok(heap.comparisons - before <= 3 * Math.ceil(Math.log2(count)) + 3);
      }
    }
  });
});
