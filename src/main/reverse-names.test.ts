import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '../adapters/index.ts';
import { err, ok } from '../base/index.ts';
import { NameKeeper } from './reverse-names.ts';

interface Zone {
  readonly pointers: Record<string, readonly string[] | Error>;
  readonly forward: Record<string, readonly string[] | Error>;
}

function keeperOf({ pointers, forward }: Zone) {
  const clock = createVirtualClock();
  let questions = 0;
  const keeper = new NameKeeper({
    clock,
    log: { write: () => assert.fail('it logged') },
    reverse: {
      namesOf: (address) => {
        questions++;
        const found = pointers[address] ?? [];
        return Promise.resolve(found instanceof Error ? err(found.message) : ok(found));
      },
      addressesOf: (name, family) => {
        const found = forward[name] ?? [];
        if (found instanceof Error) return Promise.resolve(err(found.message));
        return Promise.resolve(ok(found.filter((address) => address.includes(':') === (family === 6))));
      },
    },
  });
  return { keeper, clock, questions: () => questions };
}

test('a name counts where it leads back, in whatever spelling', async () => {
  const { keeper } = keeperOf({
    pointers: { '192.0.2.1': ['A.Example.', 'spoofed.example', 'gone.example'], '2001:db8::1': ['six.example'] },
    forward: {
      'a.example': ['198.51.100.1', '192.0.2.1', '2001:db8::9'],
      'spoofed.example': ['198.51.100.1'],
      'six.example': ['2001:DB8:0:0::1'],
    },
  });
  assert.deepEqual((await keeper.find('192.0.2.1'))?.names, ['a.example']);
  assert.deepEqual((await keeper.find('2001:db8::1'))?.names, ['six.example']);
  assert.deepEqual((await keeper.find('192.0.2.9'))?.names, []);
});

test('of many names only the first few are looked at', async () => {
  const many = Array.from({ length: 100 }, (_, at) => `n${at}.example`);
  const forward = Object.fromEntries(many.map((name) => [name, ['192.0.2.1']]));
  const { keeper } = keeperOf({ pointers: { '192.0.2.1': many }, forward });
  assert.equal((await keeper.find('192.0.2.1'))?.names.length, 8);
});

test('what is known is not asked for again until it is old; a failure is soon', async () => {
  const { keeper, clock, questions } = keeperOf({
    pointers: { '192.0.2.1': ['a.example'], '192.0.2.2': new Error('SERVFAIL') },
    forward: { 'a.example': ['192.0.2.1'] },
  });
  await Promise.all([keeper.find('192.0.2.1'), keeper.find('192.0.2.1')]);
  await keeper.find('192.0.2.1');
  assert.equal(questions(), 1);
  clock.advance(600_000);
  await keeper.find('192.0.2.1');
  assert.equal(questions(), 2);
  assert.deepEqual(await keeper.find('192.0.2.2'), { names: [], holdMs: 30_000 });
  await keeper.find('192.0.2.2');
  assert.equal(questions(), 3);
  clock.advance(30_000);
  await keeper.find('192.0.2.2');
  assert.equal(questions(), 4);
});

test('a crowd of addresses waits for its turn, and beyond a bound is not asked for', async () => {
  let running = 0;
  let most = 0;
  const open: (() => void)[] = [];
  const keeper = new NameKeeper({
    clock: createVirtualClock(),
    log: { write: () => assert.fail('it logged') },
    reverse: {
      addressesOf: () => Promise.resolve(err('none')),
      namesOf: () => {
        most = Math.max(most, ++running);
        const { promise, resolve } = Promise.withResolvers<void>();
        open.push(resolve);
        return promise.then(() => {
          running--;
          return ok([]);
        });
      },
    },
  });
  const found = Array.from({ length: 400 }, (_, at) => keeper.find(`10.0.${at >> 8}.${at & 255}`));
  const asked = new Set(found);
  for (const each of found) void each.then(() => asked.delete(each));
  while (asked.size > 0) {
    for (const each of open.splice(0)) each();
    await setImmediate();
  }
  const answers = await Promise.all(found);
  assert.equal(most, 16);
  assert.equal(answers.filter((answer) => answer === null).length, 400 - 16 - 256);
});

test('of very many addresses the one that was asked for first is forgotten', async () => {
  const { keeper, questions } = keeperOf({ pointers: {}, forward: {} });
  const addressAt = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
  const remembered = 16_384;
  for (let at = 0; at < remembered; at++) await keeper.find(addressAt(at));
  await keeper.find(addressAt(0));
  assert.equal(questions(), remembered);
  await keeper.find(addressAt(remembered));
  await keeper.find(addressAt(1));
  assert.equal(questions(), remembered + 1);
  await keeper.find(addressAt(0));
  assert.equal(questions(), remembered + 2);
});

test('what was confirmed stays for an hour while nobody can say whether it still is, and goes at once where it is not', async () => {
  const pointers: Zone['pointers'] = { '192.0.2.1': ['a.example', 'b.example'], '192.0.2.2': ['c.example'] };
  const forward: Zone['forward'] = { 'a.example': ['192.0.2.1'], 'c.example': ['192.0.2.2'] };
  const { keeper, clock } = keeperOf({ pointers, forward });
  await keeper.find('192.0.2.1');
  await keeper.find('192.0.2.2');
  clock.advance(600_000);
  pointers['192.0.2.1'] = new Error('SERVFAIL');
  forward['c.example'] = new Error('ETIMEOUT');
  assert.deepEqual(await keeper.find('192.0.2.1'), { names: ['a.example'], holdMs: 30_000 });
  assert.deepEqual(await keeper.find('192.0.2.2'), { names: ['c.example'], holdMs: 30_000 });
  clock.advance(30_000);
  // A name that was never confirmed is none, whoever fails to say so.
  pointers['192.0.2.1'] = ['b.example', 'a.example'];
  forward['b.example'] = new Error('ETIMEOUT');
  forward['c.example'] = [];
  assert.deepEqual(await keeper.find('192.0.2.1'), { names: ['a.example'], holdMs: 30_000 });
  assert.deepEqual((await keeper.find('192.0.2.2'))?.names, []);
  pointers['192.0.2.1'] = new Error('SERVFAIL');
  // The last confirmation of all of them is what counts.
  clock.advance(3_600_000);
  assert.deepEqual((await keeper.find('192.0.2.1'))?.names, []);
});
