import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import { ok } from '../base/index.ts';
import type { Resolver, ReverseResolver } from './resolver.ts';

/** A resolver, a name that it knows, and one that nobody has. */
export interface ResolverSubject {
  readonly resolver: Resolver;
  readonly known: string;
  readonly unknown: string;
}

/** What every Resolver promises. */
export function resolverContract(name: string, makeSubject: () => ResolverSubject): void {
  describe(`${name} keeps the contract of Resolver`, () => {
    test('a known name has at least one address, each once and with its family', async () => {
      const { resolver, known } = makeSubject();
      const found = await resolver.resolve(known);
      assert.ok(found.ok && found.value.length > 0, found.ok ? 'no address' : found.error);
      for (const { address, family } of found.value) assert.equal(isIP(address.split('%')[0] ?? ''), family);
      assert.equal(new Set(found.value.map(({ address }) => address)).size, found.value.length);
    });

    test('an IP literal resolves to itself', async () => {
      const { resolver } = makeSubject();
      for (const [address, family] of [
        ['192.0.2.7', 4],
        ['2001:db8::7', 6],
        ['::ffff:127.0.0.1', 6],
      ] as const) {
        assert.deepEqual(await resolver.resolve(address), ok([{ address, family }]));
      }
    });

    test('an unknown name is an error', async () => {
      const { resolver, unknown } = makeSubject();
      const found = await resolver.resolve(unknown);
      assert.ok(!found.ok && found.error.length > 0);
    });

    test('what is no name at all is an error and not asked', async () => {
      const { resolver } = makeSubject();
      for (const host of ['', ' ', 'a b', 'a\0b', 'a\nb', `${'a.'.repeat(127)}toolong`, '[::1]', 'fe80::1%']) {
        assert.equal((await resolver.resolve(host)).ok, false, JSON.stringify(host));
      }
    });
  });
}

/**
 * A resolver of names of addresses, an address that has one, one that has none, and one whose names nobody tells. The name
 * has the address `named`, which is of IPv4, and none of IPv6; of `untoldName` nobody tells anything.
 */
export interface ReverseResolverSubject {
  readonly resolver: ReverseResolver;
  readonly named: string;
  readonly nameless: string;
  readonly untold: string;
  readonly untoldName: string;
}

/** What every ReverseResolver promises. */
export function reverseResolverContract(name: string, makeSubject: () => ReverseResolverSubject): void {
  describe(`${name} keeps the contract of ReverseResolver`, () => {
    test('an address with a name has it, and one without has none', async () => {
      const { resolver, named, nameless } = makeSubject();
      const found = await resolver.namesOf(named);
      assert.ok(found.ok && found.value.length > 0, found.ok ? 'no name' : found.error);
      assert.deepEqual(await resolver.namesOf(nameless), ok([]));
    });

    test('a name has the addresses of the family that is asked for', async () => {
      const { resolver, named, untoldName } = makeSubject();
      const names = await resolver.namesOf(named);
      const name = names.ok ? (names.value[0] ?? '') : '';
      assert.deepEqual(await resolver.addressesOf(name, 4), ok([named]));
      assert.deepEqual(await resolver.addressesOf(name, 6), ok([]));
      for (const none of [untoldName, '']) assert.equal((await resolver.addressesOf(none, 4)).ok, false, none);
    });

    test('where nobody tells, that is an error, and what is no address too', async () => {
      const { resolver, untold } = makeSubject();
      for (const address of [untold, 'localhost', '']) {
        const found = await resolver.namesOf(address);
        assert.equal(found.ok, false, address);
      }
    });
  });
}
