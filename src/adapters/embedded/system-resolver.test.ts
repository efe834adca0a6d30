import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolverContract } from '../../ports/resolver-contract.ts';
import { createSystemResolver, type LookUp } from './system-resolver.ts';
import { createVirtualClock } from './virtual-clock.ts';

const LOOPBACK = { address: '127.0.0.1', family: 4 };

const knowsOne: LookUp = async (host) => {
  if (host !== 'known.example') throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  return [LOOPBACK, { address: '::1', family: 6 }, LOOPBACK];
};

resolverContract('the system’s resolver', () => {
  const resolver = createSystemResolver({ clock: createVirtualClock(), lookUp: knowsOne });
  return { resolver, known: 'known.example', unknown: 'unknown.example' };
});

test('the system knows this host', async () => {
  const found = await createSystemResolver({ clock: createVirtualClock() }).resolve('localhost');
  assert.ok(found.ok && found.value.every(({ address }) => ['127.0.0.1', '::1'].includes(address)));
});

test('a name that is never answered is given up after the timeout', async () => {
  const clock = createVirtualClock();
  const resolver = createSystemResolver({ clock, timeoutMs: 3000, lookUp: () => new Promise(() => {}) });
  const answer = resolver.resolve('slow.example');
  clock.advance(3000);
  assert.deepEqual(await answer, { ok: false, error: 'no answer within 3000 ms' });
});

test('one name is asked once at a time, and again later', async () => {
  let calls = 0;
  const lookUp: LookUp = async () => {
    calls++;
    return [LOOPBACK];
  };
  const resolver = createSystemResolver({ clock: createVirtualClock(), lookUp });
  await Promise.all(Array.from({ length: 100 }, () => resolver.resolve('a.example')));
  assert.equal(calls, 1);
  await resolver.resolve('a.example');
  assert.equal(calls, 2);
});

test('more names at once than the pool can bear are refused, also while given-up ones still run', async () => {
  const clock = createVirtualClock();
  const resolver = createSystemResolver({ clock, lookUp: () => new Promise(() => {}) });
  const stuck = Array.from({ length: 16 }, (_, n) => resolver.resolve(`n${n}.example`));
  clock.advance(5000);
  assert.ok((await Promise.all(stuck)).every((found) => !found.ok));
  assert.deepEqual(await resolver.resolve('more.example'), { ok: false, error: 'too many names are being looked up' });
  assert.equal((await resolver.resolve('192.0.2.1')).ok, true);
});

test('a name with thousands of addresses gives 64, and one with none is an error', async () => {
  const many: LookUp = async () =>
    Array.from({ length: 5000 }, (_, n) => ({ address: `10.0.${n >> 8}.${n & 255}`, family: 4 }));
  const clock = createVirtualClock();
  const found = await createSystemResolver({ clock, lookUp: many }).resolve('many.example');
  assert.equal(found.ok && found.value.length, 64);
  assert.equal((await createSystemResolver({ clock, lookUp: async () => [] }).resolve('none.example')).ok, false);
});
