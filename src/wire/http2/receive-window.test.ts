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
  window.take(49_000);
  assert.equal(window.give(32_767), 0);
  assert.equal(window.take(16_536), false);
  assert.equal(window.give(1), 32_768);
  assert.equal(window.take(49_304), false);
  assert.equal(window.take(49_303), true);
  assert.equal(window.give(16_232 + 49_303), 65_535);
});

test('a peer that has less than a frame left is told of a frame that was done with', () => {
  const window = new ReceiveWindow(65_535);
  window.take(65_535);
  assert.equal(window.give(16_382), 0);
  assert.equal(window.give(1), 16_383);
  assert.equal(window.give(16_383), 0, 'it has a frame again');
});

test('streams that nobody reads leave a connection to those that are read while there is room for two frames', () => {
  const window = new ReceiveWindow(1_048_576);
  window.take(1_048_576 - 32_768);
  for (let frame = 0, open = 32_768; frame < 100; frame++) {
    assert.ok(open >= 16_384, 'the peer can go on');
    window.take(16_384);
    open += window.give(16_384) - 16_384;
  }
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
          open += window.give(0) - bytes;
          undone += bytes;
        } else {
          const done = Math.min(bytes, undone);
          undone -= done;
          open += window.give(done);
        }
        assert.ok(open + undone <= size);
        // What is not said yet is less than half, so a peer never waits for less than that.
        const unsaid = size - open - undone;
        assert.ok(unsaid * 2 < size);
        // And with less than a frame it never waits for a frame that could be given.
        const least = Math.min(16_384, size >> 2);
        assert.ok(open >= least || unsaid < least);
      }
    }),
  );
});
