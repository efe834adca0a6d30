import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CallClient, mayHoldMore, NetworkShares, networkOfClient } from './network-shares.ts';

const at = (address: string): CallClient => ({ address });

/** A thing of so many places that are taken and given back by its rule. */
class Places {
  readonly held: CallClient[] = [];
  readonly shares = new NetworkShares(() => {
    this.counted++;
    return this.held;
  });
  readonly #places: number;
  counted = 0;

  constructor(places: number) {
    this.#places = places;
  }

  take(client: CallClient): boolean {
    const free = this.#places - this.held.length;
    if (free === 0 || !this.shares.mayTake(client, this.held.length, free)) return false;
    this.held.push(client);
    this.shares.took(client);
    return true;
  }

  giveBack(at: number): void {
    const [client] = this.held.splice(at, 1);
    if (client !== undefined) this.shares.gaveBack(client, this.held.length, this.#places - this.held.length);
  }

  fill(client: CallClient): number {
    let taken = 0;
    while (this.take(client)) taken++;
    return taken;
  }
}

test('alone a network gets half, the next ones half of what is left, and there is always something left', () => {
  const places = new Places(1_024);
  const got = Array.from({ length: 6 }, (_, number) => places.fill(at(`192.0.2.${number}`)));
  assert.deepEqual(got, [512, 256, 128, 64, 32, 16]);
  assert.ok(places.take(at('198.51.100.1')));
});

test('what one network gives back another may have, and itself only within its share', () => {
  const places = new Places(16);
  assert.equal(places.fill(at('192.0.2.1')), 8);
  assert.equal(places.fill(at('192.0.2.2')), 4);
  places.giveBack(0);
  assert.equal(places.take(at('192.0.2.1')), false);
  assert.equal(places.take(at('192.0.2.2')), false);
  assert.equal(places.take(at('192.0.2.3')), true);
});

test('one address of IPv6 is as good as all of its network', () => {
  const places = new Places(16);
  let taken = 0;
  while (places.take(at(`2001:db8::${taken.toString(16)}`))) taken++;
  assert.equal(taken, 8);
  assert.equal(places.take(at('2001:db8:0:1::1')), true);
});

test('of the smallest things everybody may have one place', () => {
  for (const count of [1, 2, 3]) {
    const places = new Places(count);
    for (let number = 0; number < count; number++) assert.ok(places.take(at(`192.0.2.${number}`)));
    assert.equal(places.take(at('192.0.2.9')), false);
  }
});

test('nothing is counted while no more than half is in use, nor anew for each call around that', () => {
  const places = new Places(100);
  for (let taken = 0; taken < 50; taken++) places.take(at('192.0.2.1'));
  assert.deepEqual([places.counted, places.shares.isCounting], [0, false]);
  for (let round = 0; round < 20; round++) {
    assert.ok(places.take(at('192.0.2.2')));
    places.giveBack(50);
  }
  assert.deepEqual([places.counted, places.shares.isCounting], [1, true]);
  while (places.held.length > 33) places.giveBack(0);
  assert.equal(places.shares.isCounting, false);
});

test('counted as it goes is what counting at once would give', () => {
  const step = fc.record({ network: fc.nat(5), back: fc.boolean(), at: fc.nat(63) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const places = new Places(32);
      for (const { network, back, at: index } of steps) {
        const client = at(`192.0.2.${network}`);
        if (back && places.held.length > 0) places.giveBack(index % places.held.length);
        else {
          const free = 32 - places.held.length;
          const own = places.held.filter(({ address }) => address === client.address).length;
          assert.equal(places.take(client), mayHoldMore(own, free));
        }
      }
    }),
  );
});

test('an address is read once', () => {
  const client = { address: '2001:db8::1' };
  assert.equal(networkOfClient(client), '2001:db8::/64');
  client.address = 'another';
  assert.equal(networkOfClient(client), '2001:db8::/64');
});
