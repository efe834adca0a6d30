import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPicker, type BalanceRule, type Entry, type Picker } from './index.ts';
import { entriesOf, setShare, share, splitmix } from './entries-fixture.test.ts';

const RULES: readonly BalanceRule[] = ['p2c', 'round-robin', 'least-requests', 'hash'];
/** Draws for a statistical bound. */
const MANY = 20_000;

/** How often each is picked, one request after the other. */
function tally(picker: Picker<Entry>, picks: number, random: () => number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let nowMs = 0; nowMs < picks; nowMs++) {
    const entry = picker.pick(hashOf(random), []);
    if (entry === null) continue;
    counts.set(entry.name, (counts.get(entry.name) ?? 0) + 1);
    picker.begun(entry);
    picker.ended(entry, 5, nowMs);
  }
  return counts;
}

function hashOf(random: () => number): number {
  return Math.floor(random() * 2 ** 32);
}

for (const rule of RULES) {
  test(`by ${rule}: gives each its weight where none is slower or busier than the others`, () => {
    const random = splitmix(1);
    const entries = entriesOf([1, 2, 3, 10]);
    const counts = tally(createPicker(rule, entries, random), MANY, random);
    for (const { name, weight } of entries) {
      const expected = (MANY * weight) / 16;
      assert.ok(Math.abs((counts.get(name) ?? 0) - expected) < 0.12 * expected + 60, `${name}: ${counts.get(name)}`);
    }
  });

  test(`by ${rule}: counts a share of a weight as that much less weight`, () => {
    const random = splitmix(2);
    const entries = entriesOf([4, 4, 4]);
    const picker = createPicker(rule, entries, random);
    tally(picker, 10, random);
    setShare(entries, 1, 0.25);
    picker.changed();
    const counts = tally(picker, MANY, random);
    const part = (counts.get(entries[1]?.name ?? '') ?? 0) / MANY;
    assert.ok(part > 0.08 && part < 0.15, String(part));
  });

  test(`by ${rule}: picks nothing where nothing can be used, and nothing where there is nothing`, () => {
    const random = splitmix(3);
    const entries = entriesOf([1, 2]);
    const picker = createPicker(rule, entries, random);
    setShare(entries, 0, 0);
    setShare(entries, 1, 0);
    picker.changed();
    assert.equal(picker.pick(7, []), null);
    setShare(entries, 1, 1);
    picker.changed();
    assert.equal(picker.pick(7, []), entries[1]);
    assert.equal(picker.pick(7, [entries[1] as Entry]), null);
    assert.equal(createPicker(rule, [], random).pick(7, []), null);
  });

  test(`by ${rule}: takes a share that says nothing for none`, () => {
    const random = splitmix(4);
    const entries = entriesOf([1, 1]);
    setShare(entries, 0, Number.NaN);
    setShare(entries, 1, -1);
    assert.equal(createPicker(rule, entries, random).pick(7, []), null);
  });

  test(`by ${rule}: finds the only one left, of 1,000`, () => {
    const random = splitmix(5);
    const entries = entriesOf(Array.from({ length: 1_000 }, () => 1));
    const picker = createPicker(rule, entries, random);
    for (const entry of entries) entry.share = 0;
    setShare(entries, 617, 0.01);
    picker.changed();
    assert.equal(picker.pick(hashOf(random), []), entries[617]);
  });

  test(`by ${rule}: never picks what can not be used or was tried, finds what is left, and counts what is under way`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: -1, max: 4 }), fc.nat(3)), { maxLength: 60 }),
        fc.integer(),
        (weights, steps, seed) => {
          const random = splitmix(seed);
          const entries = entriesOf(weights);
          const picker = createPicker(rule, entries, random);
          const underWay: Entry[] = [];
          for (const [index, fourths, retries] of steps) {
            if (fourths >= 0) setShare(entries, index % entries.length, fourths / 4);
            picker.changed();
            const hash = hashOf(random);
            const tried: Entry[] = [];
            for (let tries = 0; tries <= retries; tries++) {
              const entry = picker.pick(hash, tried);
              const left = entries.filter((other) => share(other) > 0 && !tried.includes(other));
              assert.equal(entry === null, left.length === 0);
              if (entry === null) break;
              assert.ok(left.includes(entry));
              tried.push(entry);
              underWay.push(entry);
              picker.begun(entry);
            }
            const done = random() < 0.5 ? underWay.shift() : undefined;
            if (done !== undefined) picker.ended(done, random() < 0.3 ? null : random() * 100, index);
            for (const entry of entries) {
              assert.equal(entry.inFlight, underWay.filter((other) => other === entry).length);
            }
          }
        },
      ),
    );
  });

  test(`by ${rule}: leaves none out while all have a weight`, () => {
    const random = splitmix(6);
    const entries = entriesOf(Array.from({ length: 50 }, (_, index) => 1 + (index % 7)));
    assert.equal(tally(createPicker(rule, entries, random), MANY, random).size, 50);
  });

  test(`by ${rule}: takes up a new set of entries with those that are still at work`, () => {
    const random = splitmix(7);
    const entries = entriesOf([1, 1, 1]);
    const before = createPicker(rule, entries, random);
    const picked = Array.from({ length: 30 }, (_, index) => {
      const entry = before.pick(index * 97, []) as Entry;
      before.begun(entry);
      return entry;
    });
    const after = createPicker(rule, entries.slice(1), random, before);
    for (const [index, entry] of picked.entries()) after.ended(entry, 1, index);
    assert.deepEqual(
      entries.map(({ inFlight }) => inFlight),
      [0, 0, 0],
    );
    assert.ok([...tally(after, 100, random).keys()].every((name) => name !== entries[0]?.name));
  });
}
