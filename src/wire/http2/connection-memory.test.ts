import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIRECT, type MemoryShare, type Peer } from '../message.ts';
import { ConnectionMemory } from './connection-memory.ts';

const PEER: Peer = { address: '192.0.2.1', port: 1, tls: null, via: DIRECT };
const BOUNDS = { freeBytes: 100, shareBytes: 10 };

/** A share of so many bytes, which asserts that it gets back no more than it gave, from whom it gave it to. */
function shareOf(bytes: number) {
  let used = 0;
  let asked = 0;
  const share: MemoryShare = {
    take(peer, more) {
      assert.equal(peer, PEER);
      asked++;
      if (used + more > bytes) return false;
      used += more;
      return true;
    },
    giveBack(peer, less) {
      assert.equal(peer, PEER);
      assert.ok(less > 0 && less <= used);
      used -= less;
    },
  };
  return { memory: new ConnectionMemory(share, PEER, BOUNDS), used: () => used, asked: () => asked };
}

test('what is free is never asked for', () => {
  const { memory, asked } = shareOf(0);
  for (const bytes of [0, 1, 99, 100]) assert.equal(memory.covers(bytes), true);
  memory.settle(0);
  assert.equal(memory.covers(101), false);
  assert.equal(asked(), 1);
});

test('the share is taken in whole steps, and given back when it is not needed any more', () => {
  const { memory, used } = shareOf(1_000);
  for (const [bytes, taken] of [
    [101, 10],
    [110, 10],
    [111, 20],
    [159, 60],
    [105, 60],
  ] as const) {
    assert.equal(memory.covers(bytes), true);
    assert.equal(used(), taken, `${bytes}`);
  }
  memory.settle(111);
  assert.equal(used(), 20);
  memory.settle(100);
  assert.equal(used(), 0);
});

test('what is refused takes nothing, and what was taken before stays', () => {
  const { memory, used } = shareOf(50);
  assert.equal(memory.covers(140), true);
  assert.equal(memory.covers(151), false);
  assert.equal(used(), 40);
  assert.equal(memory.covers(150), true);
});

test('whatever comes, no more is held than is covered, and nothing is left at the end', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(400))), (steps) => {
      const { memory, used } = shareOf(200);
      for (const [settles, bytes] of steps) {
        if (settles) memory.settle(bytes);
        else if (memory.covers(bytes)) assert.ok(100 + used() >= bytes);
        else assert.ok(bytes > 300);
      }
      memory.settle(0);
      assert.equal(used(), 0);
    }),
  );
});
