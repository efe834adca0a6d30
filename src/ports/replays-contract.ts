import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REPLAYS_AHEAD_MS, REPLAYS_KEPT_MS, type Replays, type Use } from './replays.ts';

const NOW = Date.UTC(2026, 0, 1);

/** Each of a source of its own. */
const use = (replays: Replays, key: string, madeAtMs: number): Use => replays.use({ key, source: key, madeAtMs });

/** What every memory of replays promises, of one thread. */
export function replaysContract(name: string, makeReplays: () => Replays): void {
  describe(`${name} keep the contract of Replays`, () => {
    test('what is used is used once', () => {
      const replays = makeReplays();
      assert.equal(use(replays, 'a', NOW), 'first');
      for (let n = 0; n < 3; n++) assert.equal(use(replays, 'a', NOW), 'again');
    });

    test('any text is a key of its own', () => {
      const replays = makeReplays();
      for (const key of ['', ' ', 'a', 'a\0', 'A', '__proto__', '\ud800', '\udfff', 'x'.repeat(10_000)]) {
        assert.equal(use(replays, key, NOW), 'first', JSON.stringify(key.slice(0, 10)));
        assert.equal(use(replays, key, NOW), 'again');
      }
    });

    test('it is remembered for as long as it may be used, whatever else is used meanwhile', () => {
      for (const madeAtMs of [NOW, NOW + 1, NOW + 29_999, NOW + 30_000]) {
        const replays = makeReplays();
        assert.equal(use(replays, 'a', madeAtMs), 'first');
        for (let ms = -REPLAYS_KEPT_MS; ms <= REPLAYS_KEPT_MS + REPLAYS_AHEAD_MS; ms += 1_000)
          use(replays, `other ${ms}`, madeAtMs + ms);
        assert.equal(use(replays, 'a', madeAtMs), 'again');
      }
    });

    test('of any uses in any order each key of a time is first once', () => {
      const one = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), ageMs: fc.nat(REPLAYS_KEPT_MS) });
      fc.assert(
        fc.property(fc.array(one, { maxLength: 200 }), (uses) => {
          const replays = makeReplays();
          const known = new Set<string>();
          for (const { key, ageMs } of uses) {
            const named = `${key} ${ageMs}`;
            assert.equal(use(replays, named, NOW - ageMs), known.has(named) ? 'again' : 'first');
            known.add(named);
          }
        }),
      );
    });

    test('a source that takes whatever it can get leaves room for others, who take theirs', () => {
      const replays = makeReplays();
      const took = (source: string, count: number): readonly Use[] =>
        Array.from({ length: count }, (_, n) => replays.use({ key: `${source} ${n}`, source, madeAtMs: NOW }));
      const greedy = took('greedy', 100_000);
      assert.equal(greedy.at(-1), 'exceeded');
      assert.equal(greedy.includes('full'), false);
      for (const other of ['one', 'two', 'three']) assert.deepEqual(new Set(took(other, 20)), new Set(['first']));
      // What it has used is known all the same, and is no way to more.
      assert.equal(replays.use({ key: 'greedy 0', source: 'greedy', madeAtMs: NOW }), 'again');
      assert.equal(replays.use({ key: 'greedy 0', source: 'one', madeAtMs: NOW }), 'again');
    });

    test('it says from when on it knows', () => {
      assert.equal(typeof makeReplays().sinceMs, 'number');
    });
  });
}
