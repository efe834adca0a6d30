import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.test.ts';
import { OwnerTurns } from './owner-turns.ts';

const settled = async (): Promise<void> =>
  await new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Takes a turn, and notes what came of it. */
function taking(turns: OwnerTurns, log: string[]) {
  return (source: string, name = source): void =>
    void turns.take(source, 1_000).then((mine) => log.push(`${name} ${mine ? 'runs' : 'does not'}`));
}

test('one network has half of the turns at most, and others the rest', async () => {
  const turns = new OwnerTurns(new FakeClock());
  const log: string[] = [];
  const take = taking(turns, log);
  for (let at = 0; at < 20; at++) take('a');
  for (let at = 0; at < 20; at++) take('b');
  await settled();
  assert.deepEqual(
    [log.filter((each) => each === 'a runs').length, log.filter((each) => each === 'b runs').length],
    [12, 12],
  );
});

test('networks that wait take turns, whoever waits with more', async () => {
  const turns = new OwnerTurns(new FakeClock());
  const log: string[] = [];
  const take = taking(turns, log);
  for (let at = 0; at < 100; at++) take('a');
  for (let at = 0; at < 12; at++) take('b');
  await settled();
  log.length = 0;
  take('c');
  for (let at = 0; at < 4; at++) turns.give('b');
  await settled();
  assert.deepEqual(log, ['c runs'], 'a has all that it may have');
  log.length = 0;
  for (let at = 0; at < 3; at++) turns.give('a');
  await settled();
  assert.deepEqual(log, ['a runs', 'a runs', 'a runs']);
});

test('nobody waits longer than is said, and a turn that nobody waits for any more is another’s', async () => {
  const clock = new FakeClock();
  const turns = new OwnerTurns(clock);
  const log: string[] = [];
  const take = taking(turns, log);
  for (let at = 0; at < 13; at++) take('a');
  await settled();
  clock.advance(1_000);
  await settled();
  assert.equal(log.at(-1), 'a does not');
  take('a', 'late');
  turns.give('a');
  await settled();
  assert.equal(log.at(-1), 'late runs');
});

test('too many of one network, and of all together, are sent away at once', async () => {
  const turns = new OwnerTurns(new FakeClock());
  const log: string[] = [];
  const take = taking(turns, log);
  for (let at = 0; at < 12 + 128; at++) take('a');
  await settled();
  assert.equal(log.filter((each) => each === 'a does not').length, 0);
  take('a');
  await settled();
  assert.equal(log.at(-1), 'a does not');
  for (const other of 'bcd') for (let at = 0; at < 140; at++) take(other);
  take('e');
  await settled();
  assert.equal(log.at(-1), 'e does not');
});
