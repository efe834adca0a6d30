import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REPLAYS_AHEAD_MS, REPLAYS_KEPT_MS, type Replays } from './replays.ts';

const NOW = Date.UTC(2026, 0, 1);

/** What every memory of replays promises, of one thread. */
export function replaysContract(name: string, makeReplays: () => Replays): void {
  describe(`${name} keep the contract of Replays`, () => {
    test('what is used is used once', () => {
      const replays = makeReplays();
      assert.equal(replays.use('a', NOW), 'first');
      for (let n = 0; n < 3; n++) assert.equal(replays.use('a', NOW), 'again');
    });

    test('any text is a key of its own', () => {
      const replays = makeReplays();
      for (const key of ['', ' ', 'a', 'a\0', 'A', '__proto__', '\ud800', '\udfff', 'x'.repeat(10_000)]) {
        assert.equal(replays.use(key, NOW), 'first', JSON.stringify(key.slice(0, 10)));
        assert.equal(replays.use(key, NOW), 'again');
      }
    });

    test('it is remembered for as long as it may be used, whatever else is used meanwhile', () => {
      for (const madeAtMs of [NOW, NOW + 1, NOW + 29_999, NOW + 30_000]) {
        const replays = makeReplays();
        assert.equal(replays.use('a', madeAtMs), 'first');
        for (let ms = -REPLAYS_KEPT_MS; ms <= REPLAYS_KEPT_MS + REPLAYS_AHEAD_MS; ms += 1_000)
          replays.use(`other ${ms}`, madeAtMs + ms);
        assert.equal(replays.use('a', madeAtMs), 'again');
      }
    });

    test('of any uses in any order each key of a time is first once', () => {
      const use = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), ageMs: fc.nat(REPLAYS_KEPT_MS) });
      fc.assert(
        fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
          const replays = makeReplays();
          const known = new Set<string>();
          for (const { key, ageMs } of uses) {
            const named = `${key} ${ageMs}`;
            assert.equal(replays.use(named, NOW - ageMs), known.has(named) ? 'again' : 'first');
            known.add(named);
          }
        }),
      );
    });

    test('it says from when on it knows', () => {
      assert.equal(typeof makeReplays().sinceMs, 'number');
    });
  });
}
