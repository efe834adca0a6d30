import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '../adapters/index.ts';
import type { Store } from '../ports/index.ts';
import type { OriginalEntry } from '../base/index.ts';
import { ORIGINAL_LIFE_MS, ORIGINAL_LIMIT, Originals, ORIGINALS } from '../control/index.ts';
import { storeFor } from './store-fixture.test.ts';

async function subject(t: TestContext, over: Partial<Store> = {}) {
  const clock = createVirtualClock();
  const { store: whole, folder } = await storeFor(t, clock);
  const store: Store = {
    collection: (declaration) => whole.collection(declaration),
    transaction: (work) => whole.transaction(work),
    close: () => whole.close(),
    ...over,
  };
  const lines: string[] = [];
  const losses: number[] = [];
  const log = { write: (_level: string, event: string) => void lines.push(event) };
  const originals = new Originals({ store, clock, log, lost: (count) => void losses.push(count) });
  return {
    originals,
    clock,
    store,
    lines,
    losses,
    atRest: () => readFileSync(join(folder, 'store.sqlite')).toString('latin1'),
  };
}

const idOf = (n: number): string => `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const originalOf = (n: number, at: number): OriginalEntry => ({
  ...{ id: idOf(n), at, api: 'a', operation: 'a/b', status: 500, hash: 'ab'.repeat(32) },
  text: '{"body":"the words of the upstream"}',
});

test('an original is found by the id of its request, and lies encrypted', async (t) => {
  const { originals, clock, atRest } = await subject(t);
  for (const n of [1, 2]) originals.take(originalOf(n, clock.now() + n));
  assert.deepEqual(await originals.find(idOf(1)), originalOf(1, clock.now() + 1));
  assert.equal(await originals.find(idOf(3)), null);
  assert.deepEqual(
    (await originals.list(10)).map((each) => [each.id, 'text' in each]),
    [
      [idOf(2), false],
      [idOf(1), false],
    ],
  );
  assert.ok(!atRest().includes('the words of the upstream'));
});

test('after seven days it is neither shown nor kept', async (t) => {
  const { originals, clock, store } = await subject(t);
  originals.take(originalOf(1, clock.now()));
  await originals.list(1);
  clock.advance(ORIGINAL_LIFE_MS - 1);
  assert.notEqual(await originals.find(idOf(1)), null);
  clock.advance(1);
  assert.equal(await originals.find(idOf(1)), null);
  assert.deepEqual(await originals.list(1), []);
  clock.advance(10 * 60 * 1_000);
  while ((await store.collection(ORIGINALS).count()) > 0) await setImmediate();
});

test('one whose text is longer than any should be is lost and counted', async (t) => {
  const { originals, clock, losses } = await subject(t);
  const long = (n: number, length: number): void =>
    originals.take({ ...originalOf(n, clock.now()), text: 'x'.repeat(length) });
  long(1, 131_072);
  long(2, 131_073);
  assert.deepEqual([(await originals.list(10)).map(({ id }) => id), losses], [[idOf(1)], [1]]);
});

test('of more than are kept the oldest go', async (t) => {
  const { originals, clock, store } = await subject(t);
  await store.transaction(async (inside) => {
    const collection = inside.collection(ORIGINALS);
    for (let n = 0; n < ORIGINAL_LIMIT; n++) {
      const { id, ...document } = originalOf(n, clock.now() + n);
      await collection.put(id, document);
    }
  });
  originals.take(originalOf(ORIGINAL_LIMIT, clock.now() + ORIGINAL_LIMIT));
  assert.notEqual(await originals.find(idOf(ORIGINAL_LIMIT)), null);
  assert.equal(await originals.find(idOf(0)), null);
  assert.equal(await store.collection(ORIGINALS).count(), ORIGINAL_LIMIT);
});

test('more at once than can wait are lost and counted, and so is what the store does not take', async (t) => {
  const { originals, clock, losses } = await subject(t);
  for (let n = 0; n < 300; n++) originals.take(originalOf(n, clock.now()));
  await originals.close();
  assert.equal(losses.length, 300 - 256);
  const broken = await subject(t, { transaction: () => Promise.reject(new Error('full')) });
  for (const n of [1, 2]) broken.originals.take(originalOf(n, 0));
  await broken.originals.close();
  assert.deepEqual([broken.losses, broken.lines], [[2], ['upstream-errors.not-kept']]);
  broken.originals.take(originalOf(3, 0));
  await broken.originals.close();
  assert.deepEqual([broken.losses, broken.lines.length], [[2, 1], 1], 'told once for as long as it lasts');
});
