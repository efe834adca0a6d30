import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallClient } from './network-shares.ts';
import { type WaitingCall, WaitingCalls } from './waiting-calls.ts';

interface Named extends WaitingCall {
  readonly name: string;
}

const call = (network: number, name: string, sinceMs = 0): Named => ({
  client: { address: `192.0.2.${network}` },
  name,
  sinceMs,
});
const ANY = (): boolean => true;

/** The names of all that wait, in the order in which they would begin. */
function order(calls: WaitingCalls<Named>, mayBegin: (client: CallClient) => boolean = ANY): readonly string[] {
  const names: string[] = [];
  for (let next = calls.first(mayBegin); next !== null; next = calls.first(mayBegin)) {
    calls.begin(next);
    names.push(next.name);
  }
  return names;
}

test('networks take turns, and calls of one are in order', () => {
  const calls = new WaitingCalls<Named>(100);
  for (const name of ['a1', 'a2', 'a3', 'a4']) assert.ok(calls.add(call(1, name)));
  for (const name of ['b1', 'b2']) assert.ok(calls.add(call(2, name)));
  assert.ok(calls.add(call(3, 'c1')));
  assert.equal(calls.size, 7);
  assert.deepEqual(order(calls), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  assert.deepEqual([calls.size, calls.first(ANY)], [0, null]);
});

test('who may not begin is passed over, and keeps the place', () => {
  const calls = new WaitingCalls<Named>(100);
  for (const name of ['a1', 'a2']) calls.add(call(1, name));
  for (const name of ['b1', 'b2']) calls.add(call(2, name));
  assert.deepEqual(
    order(calls, ({ address }) => address === '192.0.2.2'),
    ['b1', 'b2'],
  );
  assert.deepEqual(order(calls), ['a1', 'a2']);
});

test('a call that had its place before goes ahead of its network', () => {
  const calls = new WaitingCalls<Named>(100);
  calls.addFirst(call(1, 'a0'));
  calls.add(call(1, 'a2'));
  calls.addFirst(call(1, 'a1'));
  assert.equal(calls.size, 3);
  assert.deepEqual(order(calls), ['a1', 'a0', 'a2']);
});

test('no network takes all places, and there are no more than there are', () => {
  const calls = new WaitingCalls<Named>(8);
  const taken = [1, 2, 3, 4, 5].map((network) => {
    let count = 0;
    while (calls.add(call(network, ''))) count++;
    return count;
  });
  assert.deepEqual(taken, [4, 2, 1, 1, 0]);
  assert.equal(calls.size, 8);
  assert.ok(new WaitingCalls<Named>(1).add(call(1, 'one')));
  assert.equal(new WaitingCalls<Named>(0).add(call(1, 'none')), false);
});

test('a call that is given up leaves no trace, and one that is not here changes nothing', () => {
  const calls = new WaitingCalls<Named>(100);
  const given = call(1, 'a1');
  calls.add(given);
  calls.add(call(1, 'a2'));
  calls.remove(given);
  calls.remove(given);
  calls.remove(call(9, 'never'));
  assert.equal(calls.size, 1);
  assert.deepEqual(order(calls), ['a2']);
});

test('all that have waited since before a moment are taken out, wherever they stand', () => {
  const calls = new WaitingCalls<Named>(100);
  calls.addFirst(call(1, 'repeated', 900));
  calls.add(call(1, 'old', 100));
  calls.add(call(1, 'just in time', 500));
  calls.add(call(2, 'old too', 499));
  assert.deepEqual(
    calls.takeOlder(500).map(({ name }) => name),
    ['old', 'old too'],
  );
  assert.equal(calls.size, 2);
  assert.deepEqual(
    calls.takeAll().map(({ name }) => name),
    ['repeated', 'just in time'],
  );
  assert.deepEqual([calls.size, order(calls)], [0, []]);
});

test('how full the queue is depends on who asks: a network that nears its own share finds it fuller', () => {
  const calls = new WaitingCalls<Named>(100);
  const [one, two] = [call(1, 'a').client, call(2, 'b').client];
  assert.deepEqual([calls.shareOf(one), calls.shareOf(two)], [0, 0]);
  for (let count = 0; count < 25; count++) calls.add(call(1, `${count}`));
  assert.deepEqual([calls.shareOf(one), calls.shareOf(two)], [25 / 74, 0.06]);
  while (calls.shareOf(one) < 1) assert.ok(calls.add(call(1, 'more')));
  assert.equal(calls.add(call(1, 'beyond')), false);
  assert.ok(calls.shareOf(two) < 0.55);
  while (calls.add(call(2, 'x')));
  assert.equal(calls.shareOf(two), 1);
});

test('a few greedy networks do not make the queue full for one that has nothing in it; a crowd of modest ones does', () => {
  const greedy = new WaitingCalls<Named>(1_024);
  for (const network of [1, 2, 3, 4]) while (greedy.add(call(network, '')));
  assert.ok(greedy.size > 900);
  assert.ok(greedy.shareOf(call(9, '').client) <= 4 / 16);
  assert.ok(greedy.add(call(9, '')));
  const crowd = new WaitingCalls<Named>(200);
  for (let network = 0; network < 170; network++) crowd.add(call(network, ''));
  assert.equal(crowd.shareOf(call(250, '').client), 170 / 200);
  for (let network = 170; network < 200; network++) crowd.add(call(network, ''));
  assert.equal(crowd.shareOf(call(250, '').client), 1);
});

test('whatever comes and goes, in whatever order, an empty queue is empty for all', () => {
  const step = fc.record({
    network: fc.nat(4),
    how: fc.constantFrom('add', 'first', 'remove', 'begin'),
    at: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const calls = new WaitingCalls<Named>(48);
      const held: Named[] = [];
      for (const { network, how, at } of steps) {
        const [given] = how === 'remove' ? held.splice(at % (held.length || 1), 1) : [];
        const next = how === 'begin' ? calls.first(ANY) : null;
        const one = call(network, '');
        if (given !== undefined) calls.remove(given);
        else if (next !== null) held.splice(held.indexOf(next), 1).forEach((begun) => calls.begin(begun));
        else if (how === 'first' && calls.size < 48) held.push((calls.addFirst(one), one));
        else if (how === 'add' && calls.add(one)) held.push(one);
        const counted = [0, 1, 2, 3, 4].map((each) =>
          Math.min(3, held.filter(({ client }) => client.address === `192.0.2.${each}`).length),
        );
        const share = counted.reduce((sum, count) => sum + count, 0) / 48;
        if (calls.size < 48) assert.equal(calls.shareOf(call(99, '').client), share);
      }
    }),
  );
});
