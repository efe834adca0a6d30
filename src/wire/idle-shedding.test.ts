import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connectionsTooMany, idleToShed, type Served } from './idle-shedding.ts';

const NOW = 100_000;
const connection = (address: string, idleMs: number | null, isShared = false): Served => ({
  address,
  isShared,
  connection: { idleSinceMs: idleMs === null ? null : NOW - idleMs },
});

test('a fifth of the room is kept for new clients', () => {
  assert.deepEqual(
    [0, 79, 80, 81, 100].map((open) => connectionsTooMany(open, 100)),
    [0, 0, 0, 1, 20],
  );
  assert.equal(connectionsTooMany(1, 1), 0);
});

test('the network with the most connections loses first, and of it those that are idle the longest', () => {
  const greedy = [8_000, 20_000, 30_000, 6_000].map((idleMs) => connection('192.0.2.1', idleMs));
  const modest = [50_000, 40_000].map((idleMs) => connection('192.0.2.2', idleMs));
  const single = connection('192.0.2.3', 59_000);
  const served = [...modest, ...greedy, single];
  const shed = (tooMany: number): readonly Served[] => idleToShed(served, tooMany, NOW);
  assert.deepEqual(shed(1), [greedy[2]]);
  assert.deepEqual(shed(2), [greedy[2], greedy[1]]);
  // Then both have two, and the longer wait decides.
  assert.deepEqual(shed(4), [greedy[2], greedy[1], modest[0], greedy[0]]);
  assert.equal(shed(100).length, 7);
});

test('nobody is closed who has a request under way or was answered just now', () => {
  const served = [connection('192.0.2.1', null), connection('192.0.2.1', 4_999), connection('192.0.2.1', 5_000)];
  assert.deepEqual(idleToShed(served, 3, NOW), [served[2]]);
});

test('addresses of one IPv6 network count as one', () => {
  const spread = Array.from({ length: 5 }, (_, at) => connection(`2001:db8::${at}`, 6_000));
  const other = [connection('192.0.2.1', 9_000), connection('192.0.2.1', 9_000)];
  assert.ok(idleToShed([...other, ...spread], 3, NOW).every(({ address }) => address.startsWith('2001')));
});

test('a proxy that many clients come through loses none before whoever has more than one', () => {
  const proxy = Array.from({ length: 9 }, () => connection('192.0.2.9', 50_000, true));
  const client = [connection('192.0.2.1', 6_000), connection('192.0.2.1', 7_000)];
  const shed = idleToShed([...proxy, ...client], 2, NOW);
  assert.deepEqual([shed[0], proxy.includes(shed[1] as Served)], [client[1], true]);
});

test('it is what taking them one by one from the largest network would be', () => {
  const some = fc.array(fc.record({ network: fc.nat(4), idleMs: fc.option(fc.integer({ min: 0, max: 60_000 })) }));
  fc.assert(
    fc.property(some, fc.nat(20), (given, tooMany) => {
      const served = given.map(({ network, idleMs }) => connection(`192.0.2.${network}`, idleMs));
      const shed = idleToShed(served, tooMany, NOW);
      const left = new Set(served);
      const countOf = (one: Served): number => [...left].filter(({ address }) => address === one.address).length;
      const candidates = (): Served[] =>
        [...left].filter(({ connection: { idleSinceMs } }) => idleSinceMs !== null && NOW - idleSinceMs >= 5_000);
      for (const one of shed) {
        const largest = Math.max(...candidates().map(countOf));
        assert.equal(countOf(one), largest);
        left.delete(one);
      }
      assert.equal(shed.length, Math.min(tooMany, shed.length + candidates().length));
    }),
  );
});
