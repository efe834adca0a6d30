import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, HISTORY_LIMITS } from './history.ts';
import { memoryCollection } from './memory-collection.test.ts';
import type { Revision } from './revisions.ts';

const revision = (number: number, outcome: Revision['outcome'] = 'installed', text = `text ${number}`): Revision => ({
  revision: number,
  hash: 'ab',
  author: 'ada',
  at: number,
  outcome,
  text,
});

function opened(held = new Map<string, Revision>()) {
  return {
    history: new History(memoryCollection(held)),
    numbers: () => [...held.values()].map((each) => each.revision),
  };
}

test('numbers go on from the newest that is kept, and none is given twice', async () => {
  const { history } = opened();
  assert.deepEqual([await history.nextNumber(), await history.nextNumber()], [1, 2]);
  const later = opened(new Map([['000000000041', revision(41)]]));
  assert.deepEqual([await later.history.nextNumber(), await later.history.nextNumber()], [42, 43]);
});

test('the oldest go where there are too many, each outcome by itself', async () => {
  const { history, numbers } = opened();
  const many = HISTORY_LIMITS.installed + HISTORY_LIMITS.refused * 2;
  for (let number = 1; number <= many; number++) {
    await history.keep(revision(number, number <= HISTORY_LIMITS.refused * 2 ? 'refused' : 'installed'));
  }
  await history.keep(revision(many + 1));
  const kept = numbers();
  assert.equal(kept.length, HISTORY_LIMITS.installed + HISTORY_LIMITS.refused);
  assert.equal(Math.min(...kept), HISTORY_LIMITS.refused + 1);
  assert.ok(!kept.includes(HISTORY_LIMITS.refused * 2 + 1));
});

test('texts together stay within their bound, and the newest is kept in any case', async () => {
  const { history, numbers } = opened();
  const large = 'é'.repeat(HISTORY_LIMITS.bytes / 4);
  for (const number of [1, 2, 3]) await history.keep(revision(number, 'installed', large));
  assert.deepEqual(numbers(), [2, 3]);
  await history.keep(revision(4, 'refused', 'x'.repeat(HISTORY_LIMITS.bytes + 1)));
  assert.deepEqual(numbers(), [4]);
});

test('the one before is the newest that was in force with another text', async () => {
  const { history } = opened();
  await history.keep(revision(1));
  await history.keep(revision(2, 'refused'));
  await history.keep(revision(3, 'installed', 'same'));
  await history.keep(revision(4, 'installed', 'same'));
  assert.equal((await history.previous(4, 'same'))?.revision, 1);
  assert.equal((await history.previous(4, 'other'))?.revision, 3);
  assert.equal(await history.previous(1, 'same'), null);
});

test('the list is newest first and holds no texts', async () => {
  const { history } = opened();
  for (const number of [1, 2, 3]) await history.keep(revision(number));
  const list = await history.list(2);
  assert.deepEqual(
    list.map((each) => [each.revision, 'text' in each]),
    [
      [3, false],
      [2, false],
    ],
  );
});
