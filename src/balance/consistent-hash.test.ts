import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPicker, hashText, type Entry } from './index.ts';
import { entriesOf, setShare, splitmix } from './entries-fixture.test.ts';
import { maglevTable, TABLE_SIZE } from './maglev-table.ts';

const KEYS = Array.from({ length: 20_000 }, (_, index) => hashText(`user-${index}`));
const random = splitmix(1);

/** To whom each of the keys goes. */
function mapped(entries: readonly Entry[]): readonly string[] {
  const picker = createPicker('hash', entries, random);
  return KEYS.map((key) => picker.pick(key, [])?.name ?? 'none');
}

/** What part of the keys goes elsewhere. */
function moved(before: readonly string[], after: readonly string[]): number {
  return before.filter((name, index) => name !== after[index]).length / before.length;
}

describe('the consistent hash', () => {
  test('maps alike whatever the order of targets, and on every thread', () => {
    const entries = entriesOf([1, 5, 2, 9, 4]);
    assert.deepEqual(mapped(entries.toReversed()), mapped(entries));
  });

  test('moves hardly more than the keys of a target that is taken away or added', () => {
    for (const count of [3, 10, 100]) {
      const entries = entriesOf(Array.from({ length: count }, () => 1));
      const part = moved(mapped(entries), mapped(entries.slice(1)));
      assert.ok(part > 0.7 / count && part < 1.3 / count + 0.02, `${part} of ${count}`);
    }
  });

  test('moves the keys of a target that can not be used and no other, to all the others, and gives them back', () => {
    const entries = entriesOf([1, 1, 1, 1]);
    const before = mapped(entries);
    setShare(entries, 2, 0);
    const without = mapped(entries);
    const homeless = before.map((name) => name === entries[2]?.name);
    assert.ok(without.every((name, index) => (name !== before[index]) === homeless[index]));
    assert.equal(new Set(without.filter((_, index) => homeless[index])).size, 3);
    setShare(entries, 2, 1);
    assert.deepEqual(mapped(entries), before);
  });

  test('gives a target that starts slowly more and more of its own keys, and keeps it those that it has', () => {
    const entries = entriesOf([1, 1, 1]);
    const own = mapped(entries).map((name) => name === entries[0]?.name);
    let last = KEYS.map(() => false);
    for (const part of [0.1, 0.4, 0.8, 1]) {
      setShare(entries, 0, part);
      const now = mapped(entries).map((name, index) => own[index] === true && name === entries[0]?.name);
      assert.ok(last.every((had, index) => !had || now[index]));
      last = now;
    }
    assert.deepEqual(last, own);
  });

  test('sends no more to one target than half again its share once it has 32, and all of it where there is no other', () => {
    const entries = entriesOf([1, 1, 1]);
    const picker = createPicker('hash', entries, random);
    const first = picker.pick(77, []);
    for (let count = 0; count < 300; count++) picker.begun(picker.pick(77, []) as Entry);
    const most = Math.max(...entries.map(({ inFlight }) => inFlight));
    assert.ok(first !== null && first.inFlight === most && most <= 151, String(most));
    for (const entry of entries) entry.share = entry === first ? 1 : 0;
    picker.changed();
    assert.equal(picker.pick(77, []), first);
  });

  test('stays with one target below 32 requests at once', () => {
    const entries = entriesOf([1, 1, 1]);
    const picker = createPicker('hash', entries, random);
    const picked = Array.from({ length: 32 }, () => {
      const entry = picker.pick(4711, []) as Entry;
      picker.begun(entry);
      return entry;
    });
    assert.equal(new Set(picked).size, 1);
  });

  test('has a slot for each of 1,000 targets, as many as its weight says', () => {
    const entries = entriesOf(Array.from({ length: 1_000 }, (_, index) => 1 + (index % 3)));
    const slots = new Uint32Array(1_000);
    for (const place of maglevTable(entries)) slots[place] = (slots[place] as number) + 1;
    for (const [index, { weight }] of entries.entries()) {
      assert.ok(
        Math.abs((slots[index] as number) - (TABLE_SIZE * weight) / 1_999) <= 1.5,
        `${slots[index]} of ${weight}`,
      );
    }
  });
});

describe('the hash of a text', () => {
  test('is the same everywhere', () => {
    assert.deepEqual(
      [hashText(''), hashText('alice'), hashText('alice', 1)],
      [2_872_998_923, 3_927_234_078, 3_615_726_826],
    );
  });

  test('spreads texts that are nearly alike', () => {
    const buckets = new Uint32Array(16);
    for (const key of KEYS) buckets[key >>> 28] = (buckets[key >>> 28] as number) + 1;
    for (const count of buckets) assert.ok(Math.abs(count - KEYS.length / 16) < 150, String(count));
  });
});
