import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { type HeapState, heapResources, judgeHeap } from './heap-watch.ts';

const MIB = 2 ** 20;

test('a heap is nearly full from four fifths of its limit, where little of it is garbage, and full at the limit', () => {
  const cases: readonly (readonly [usedMib: number, whole: boolean, state: HeapState | null])[] = [
    [0, true, null],
    [79, true, null],
    [80, true, 'near'],
    [99, true, 'near'],
    [80, false, null],
    [99, false, null],
    [100, true, 'full'],
    [100, false, 'full'],
    [400, false, 'full'],
  ];
  for (const [usedMib, whole, state] of cases) {
    assert.equal(judgeHeap(usedMib * MIB, 100, whole), state, `${usedMib} MiB, ${whole ? 'whole' : 'part'}`);
  }
});

test('a heap that holds more is never judged to have more room', () => {
  const order = [null, 'near', 'full'];
  const megabytes = fc.integer({ min: 0, max: 8_192 });
  fc.assert(
    fc.property(megabytes, megabytes, fc.integer({ min: 1, max: 4_096 }), fc.boolean(), (used, more, limit, whole) => {
      const [less, full] = [judgeHeap(used * MIB, limit, whole), judgeHeap((used + more) * MIB, limit, whole)];
      assert.ok(order.indexOf(full) >= order.indexOf(less));
    }),
  );
});

test('V8 gets a limit that lies above ours by more than its young generation, so that ours is reached first', () => {
  for (const limitMb of [96, 512, 4_096]) {
    const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb } = heapResources(limitMb);
    assert.ok(maxOldGenerationSizeMb - limitMb >= maxYoungGenerationSizeMb);
  }
});

test('a thread that leaks in small pieces ends itself at its limit, and V8 has not ended it', async () => {
  const limitMb = 48;
  const watch = JSON.stringify(new URL('./heap-watch.ts', import.meta.url).href);
  const code = `
    import { parentPort } from 'node:worker_threads';
    import { watchHeap } from ${watch};
    const kept = [];
    watchHeap(${limitMb}, (state) => {
      parentPort.postMessage(state);
      if (state === 'full') process.exit(7);
    });
    const leak = () => {
      for (let count = 0; count < 20_000; count++) kept.push({ more: kept.length });
      setImmediate(leak);
    };
    leak();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    resourceLimits: heapResources(limitMb),
  });
  const states: HeapState[] = [];
  worker.on('message', (state: HeapState) => states.push(state));
  assert.deepEqual(await once(worker, 'exit'), [7]);
  assert.equal(states.at(-1), 'full');
  assert.equal(new Set(states).size, states.length, 'each is told once');
});
