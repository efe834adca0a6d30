import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReceiveWindow } from './receive-window.ts';

test('a peer may send as much as it was given, and not an octet more', () => {
  const window = new ReceiveWindow(65_535);
  assert.equal(window.take(65_534), true);
  assert.equal(window.take(2), false);
  assert.equal(window.take(1), true);
  assert.equal(window.take(1), false);
  assert.equal(window.take(0), true);
});

test('the window opens again by what was done with, once that is half of it', () => {
  const window = new ReceiveWindow(65_535);
  window.take(65_535);
  assert.equal(window.give(32_767), 0);
  assert.equal(window.take(1), false);
  assert.equal(window.give(1), 32_768);
  assert.equal(window.take(32_769), false);
  assert.equal(window.take(32_768), true);
  assert.equal(window.give(32_767 + 32_768), 65_535);
});

test('a short body needs no update at all', () => {
  const window = new ReceiveWindow(65_535);
  for (let frame = 0; frame < 32; frame++) {
    assert.equal(window.take(1_000), true);
    assert.equal(window.give(1_000), 0);
  }
});

test('to do with more than came is a bug', () => {
  const window = new ReceiveWindow(100);
  window.take(10);
  assert.throws(() => window.give(11));
  assert.equal(window.give(10), 0);
  assert.throws(() => window.give(1));
});

test('whatever comes and is done with, the peer never has more than the window out', () => {
  const step = fc.record({ take: fc.boolean(), bytes: fc.integer({ min: 0, max: 300 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
      const window = new ReceiveWindow(size);
      let open = size;
      let undone = 0;
      for (const { take, bytes } of steps) {
        if (take) {
          const taken = window.take(bytes);
          assert.equal(taken, bytes <= open);
          if (!taken) continue;
          open -= bytes;
          undone += bytes;
        } else {
          const done = Math.min(bytes, undone);
          undone -= done;
          open += window.give(done);
        }
        assert.ok(open + undone <= size);
        // What is not said yet is less than half, so a peer never waits for less than that.
        assert.ok((size - open - undone) * 2 < size);
      }
    }),
  );
});
