import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlidingCounts } from './sliding-counts.ts';

const WINDOW_MS = 1_000;

test('what is counted is what came within the window, forgotten after its length or up to a tenth earlier', () => {
  const steps = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 1_500 }), marked: fc.boolean() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(fc.integer({ min: -5_000, max: 1e9 }), steps, (startMs, all) => {
      const counts = new SlidingCounts(WINDOW_MS);
      const seen: { readonly atMs: number; readonly marked: boolean }[] = [];
      let nowMs = startMs;
      for (const { afterMs, marked } of all) {
        nowMs += afterMs;
        counts.count(nowMs, marked);
        seen.push({ atMs: nowMs, marked });
        const surely = seen.filter(({ atMs }) => nowMs - atMs < WINDOW_MS * 0.9);
        const atMost = seen.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
        assert.ok(counts.total >= surely.length && counts.total <= atMost.length);
        const marks = (some: typeof seen): number => some.filter((one) => one.marked).length;
        assert.ok(counts.marked >= marks(surely) && counts.marked <= marks(atMost));
      }
      counts.at(nowMs + WINDOW_MS);
      assert.deepEqual([counts.total, counts.marked], [0, 0]);
    }),
  );
});

test('what is forgotten at once is not counted later either', () => {
  const counts = new SlidingCounts(WINDOW_MS);
  counts.count(50, true);
  counts.clear();
  counts.count(60, false);
  assert.deepEqual([counts.total, counts.marked], [1, 0]);
  counts.at(1_060);
  assert.deepEqual([counts.total, counts.marked], [0, 0]);
});
