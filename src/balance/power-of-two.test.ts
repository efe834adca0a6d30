import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPicker, type Entry, type Picker } from './index.ts';
import { entriesOf, setShare, splitmix } from './entries-fixture.test.ts';
import { Latency } from './latency.ts';

/** One moment of a simulation: what happens then. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** Sends requests at even distances and ends each after what `latencyOf` says. Gives how many each got. */
function simulate(
  picker: Picker<Entry>,
  { fromMs = 0, requests, everyMs }: { readonly fromMs?: number; readonly requests: number; readonly everyMs: number },
  latencyOf: (entry: Entry) => number,
): Map<string, number> {
  const counts = new Map<string, number>();
  const pending: Event[] = [];
  for (let sent = 0; sent < requests; sent++) {
    const nowMs = fromMs + sent * everyMs;
    for (const done of pending.splice(0).toSorted((one, other) => one.atMs - other.atMs)) {
      if (done.atMs <= nowMs) done.run();
      else pending.push(done);
    }
    const entry = picker.pick(0, []);
    assert.ok(entry !== null);
    counts.set(entry.name, (counts.get(entry.name) ?? 0) + 1);
    const elapsedMs = latencyOf(entry);
    const atMs = nowMs + elapsedMs;
    picker.begun(entry);
    pending.push({ atMs, run: () => picker.ended(entry, elapsedMs, atMs) });
  }
  for (const { run } of pending) run();
  return counts;
}

function countOf(counts: ReadonlyMap<string, number>, entry: Entry | undefined): number {
  return counts.get(entry?.name ?? '') ?? 0;
}

test('the power of two choices sends little to a target that is twenty times slower, and some', () => {
  const entries = entriesOf([1, 1, 1, 1]);
  const slow = entries[3];
  const picker = createPicker('p2c', entries, splitmix(11));
  const counts = simulate(picker, { requests: 40_000, everyMs: 1 }, (entry) => (entry === slow ? 200 : 10));
  const part = countOf(counts, slow) / 40_000;
  assert.ok(part > 0.00005 && part < 0.05, String(part));
  assert.ok(entries.every(({ inFlight }) => inFlight === 0));
});

test('the power of two choices comes back to a target that was slow', () => {
  const entries = entriesOf([1, 1, 1]);
  const picker = createPicker('p2c', entries, splitmix(12));
  simulate(picker, { requests: 5_000, everyMs: 1 }, (entry) => (entry === entries[0] ? 400 : 10));
  const counts = simulate(picker, { fromMs: 5_000, requests: 120_000, everyMs: 1 }, () => 10);
  assert.ok(countOf(counts, entries[0]) > 20_000, String(countOf(counts, entries[0])));
});

test('the power of two choices holds what is under way to the weights where all are busy', () => {
  const entries = entriesOf([1, 1, 2, 4]);
  const random = splitmix(13);
  const picker = createPicker('p2c', entries, random);
  for (let count = 0; count < 800; count++) picker.begun(picker.pick(0, []) as Entry);
  for (const { weight, inFlight } of entries)
    assert.ok(Math.abs(inFlight - 100 * weight) < 25 * weight, String(inFlight));
});

test('the power of two choices neither starves nor floods a target that is new', () => {
  const entries = entriesOf([1, 1, 1, 1]);
  const random = splitmix(14);
  const before = createPicker('p2c', entries.slice(1), random);
  simulate(before, { requests: 5_000, everyMs: 1 }, () => 20);
  const after = createPicker('p2c', entries, random, before);
  let most = 0;
  const counts = simulate(after, { fromMs: 5_000, requests: 2_000, everyMs: 1 }, (entry) => {
    if (entry === entries[0]) most = Math.max(most, entry.inFlight);
    return 20;
  });
  const part = countOf(counts, entries[0]) / 2_000;
  assert.ok(part > 0.15 && part < 0.35, String(part));
  assert.ok(most <= 20, String(most));
});

test('the power of two choices remembers what it learned when the set of targets changes', () => {
  const entries = entriesOf([1, 1, 1]);
  const random = splitmix(15);
  const before = createPicker('p2c', entries.slice(0, 2), random);
  simulate(before, { requests: 1_000, everyMs: 1 }, (entry) => (entry === entries[0] ? 500 : 5));
  const after = createPicker('p2c', entries, random, before);
  const picks = Array.from({ length: 400 }, () => after.pick(0, []));
  assert.ok(picks.filter((entry) => entry === entries[0]).length < 160);
  const forgetful = createPicker('p2c', entries, random);
  assert.ok(Array.from({ length: 400 }, () => forgetful.pick(0, [])).includes(entries[0] as Entry));
});

test('the power of two choices draws a few numbers for a pick, however many targets there are', () => {
  for (const count of [2, 10, 1_000]) {
    const entries = entriesOf(Array.from({ length: count }, () => 1));
    const random = splitmix(16);
    let draws = 0;
    const picker = createPicker('p2c', entries, () => {
      draws += 1;
      return random();
    });
    for (let picks = 0; picks < 1_000; picks++) picker.pick(0, []);
    assert.ok(draws < 2_500, String(draws));
  }
});

test('the power of two choices finds targets that hardly weigh anything beside another one', () => {
  const entries = entriesOf([1_000, 1, 1]);
  const picker = createPicker('p2c', entries, splitmix(17));
  assert.notEqual(picker.pick(0, [entries[0] as Entry]), null);
  setShare(entries, 1, 0);
  picker.changed();
  assert.equal(picker.pick(0, [entries[0] as Entry]), entries[2]);
});

test('a latency jumps up to a peak, and comes down with what follows and with time', () => {
  const latency = new Latency();
  assert.equal(latency.at(0), null);
  latency.observe(10, 0);
  latency.observe(300, 100);
  assert.equal(latency.at(100), 300);
  latency.observe(10, 1_100);
  const afterOne = latency.at(1_100) ?? 0;
  assert.ok(afterOne > 200 && afterOne < 290, String(afterOne));
  assert.ok((latency.at(6_100) ?? 0) < afterOne / 2);
  assert.equal(latency.at(10_000_000), 0.5);
});
